// S3Failure: a refused request of S3, and how it becomes a base::Error. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "objclient/http/http_message.h"
#include "objclient/rest/refusal.h"
#include "objclient/s3/s3_reply.h"

namespace objclient {

struct S3Failure : Refusal {
  std::string region;  // where the bucket lives, when the store tells
};

S3Failure ReadFailure(const HttpResponse& response, std::string_view body);

// `what` names verb and key: "PUT s3://bucket/key". Codes that people can do something about get a
// hint.
base::Error ToError(const S3Failure& failure, std::string_view what);

// The keys were fine once: new ones may do (an expired session, rotated keys).
bool MeansStaleCredentials(const S3Failure& failure);

}  // namespace objclient
