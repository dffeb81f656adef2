// S3Failure: a refused request, and how it becomes a base::Error. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "objclient/http/http_message.h"
#include "objclient/s3/s3_reply.h"

namespace objclient {

struct S3Failure {
  int status = 0;
  std::string code;  // "" where the answer has no body (HEAD) or no XML
  std::string message;
  std::string request_id;
  std::string region;                          // where the bucket lives, when the store tells
  std::optional<std::int64_t> server_seconds;  // its clock
  std::uint32_t retry_after_ms = 0;
};

S3Failure ReadFailure(const HttpResponse& response, std::string_view body);

// `what` names verb and key: "PUT s3://bucket/key". Codes that people can do something about get a
// hint.
base::Error ToError(const S3Failure& failure, std::string_view what);

// The keys were fine once: new ones may do (an expired session, rotated keys).
bool MeansStaleCredentials(const S3Failure& failure);

}  // namespace objclient
