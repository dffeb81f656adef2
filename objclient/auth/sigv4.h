// SigV4: AWS's request signature, version 4. A pure function of request, credentials, scope and
// time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "objclient/auth/credentials.h"

namespace objclient {

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

struct SigV4Request {
  std::string method;
  std::string path;  // percent-encoded once, with its slashes, as it is sent
  // Names and values percent-encoded; any order.
  std::vector<std::pair<std::string, std::string>> query;
  // What gets signed: host, x-amz-date and everything else that matters; any order, any case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload_hash;  // SHA-256 in lower-case hex, or kUnsignedPayload
};

struct SigV4Scope {
  std::string region;
  std::string service = "s3";
  std::string amz_date;         // "20261125T175600Z", the same as in the x-amz-date header
  std::string family = "AWS4";  // Google's is the same signature under the name GOOG4
};

// The three stages; the first two are here for tests and for messages.
struct SigV4Signature {
  std::string canonical_request;
  std::string string_to_sign;
  std::string authorization;  // value of the Authorization header
};

// `credentials` are not anonymous. The secret does not appear in the result.
SigV4Signature SignV4(const SigV4Request& request, const Credentials& credentials,
                      const SigV4Scope& scope);

}  // namespace objclient
