#include "objclient/retry_policy.h"

#include <algorithm>

namespace objclient {

std::optional<std::chrono::nanoseconds> RetryPolicy::NextDelay(std::uint32_t attempt,
                                                               std::chrono::nanoseconds elapsed,
                                                               const base::Error& error,
                                                               double random) const {
  if (attempt >= attempts) return std::nullopt;
  // The jitter comes on top: all who were told the same second must not come at once.
  const std::chrono::nanoseconds asked = std::chrono::milliseconds(error.retry_after_ms());
  const std::chrono::nanoseconds left = time_limit - elapsed - asked;
  // With less than the shortest delay left, the back-off would shrink to a burst of attempts.
  if (left < first_delay) return std::nullopt;
  // The doubling stops long before the shift could overflow: max_delay is seconds.
  const auto doubled = first_delay * (std::int64_t{1} << std::min(attempt - 1, 20u));
  const auto ceiling = std::min({std::chrono::nanoseconds(doubled), max_delay, left});
  return asked + std::chrono::nanoseconds(
                     static_cast<std::int64_t>(static_cast<double>(ceiling.count()) * random));
}

}  // namespace objclient
