// Refusal: a request that the store answered with anything but success, and how it becomes a
// base::Error. What its codes mean comes in as a table of the store's. Pure functions.
#pragma once

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

// Status, clock and Retry-After; the rest is in each store's own place.
Refusal ReadRefusal(const HttpResponse& response);
// `what` names verb and key. `default_hint` is for codes without a rule.
base::Error ToError(const Refusal& refusal, std::string_view what,
                    std::span<const RefusalRule> rules, std::string_view default_hint);

}  // namespace objclient
