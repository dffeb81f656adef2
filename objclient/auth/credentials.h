// Credentials: who we are to an S3 store, as one source found it. A value, shared as a pointer to
// const so that secrets are not copied about; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/secret.h"

namespace objclient {

struct Credentials {
  std::string access_key_id;  // empty = anonymous, requests are not signed
  base::Secret secret_access_key;
  base::Secret session_token;  // empty for long-term keys
  std::string origin;          // "profile 'x' from ~/.aws/credentials": for people
  // When they end, on the clock that never goes back (base::Clock::MonotonicNs); nothing = never.
  std::optional<std::int64_t> expires_ns = std::nullopt;
  std::string token_header = "x-amz-security-token";  // where session_token goes in a request
  bool anonymous() const { return access_key_id.empty(); }
};

}  // namespace objclient
