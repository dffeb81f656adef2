// Refusal: a request that the store answered with anything but success, and how it becomes a
// base::Error. What its codes mean comes in as a table of the store's. Pure functions.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "objclient/http/http_message.h"

namespace objclient {

struct Refusal {
  int status = 0;
  std::string code;  // "" where the store gives none
  std::string message;
  std::string request_id;
  std::optional<std::int64_t> server_seconds;  // its clock
  std::uint32_t retry_after_ms = 0;
};

// A code whose class the status does not tell, or with advice for a person.
struct RefusalRule {
  std::string_view code;
  base::ErrorClass error_class;
  int errno_value;  // 0 = the class's own
  std::string_view hint;
};

// Of the rule for a bucket that does not exist: class kNotFound, as for a key.
inline constexpr int kNoBucketErrno = ENODEV;
// The key does not exist; its bucket does.
bool MeansNoKey(const base::Error& error);

// Status, clock and Retry-After; the rest is in each store's own place.
Refusal ReadRefusal(const HttpResponse& response);
// `what` names verb and key.
base::Error ToError(const Refusal& refusal, std::string_view what,
                    std::span<const RefusalRule> rules);

}  // namespace objclient
