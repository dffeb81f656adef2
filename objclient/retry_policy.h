// RetryPolicy: whether and when a failed request is tried again: full-jitter exponential back-off
// until the time limit, never earlier than the other side asked (Retry-After). The time decides;
// the count of attempts is only a bound on the absurd. Pure: time and randomness come in. Any
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/error.h"

namespace objclient {

struct RetryPolicy {
  std::uint32_t attempts = 100;                                    // first included
  std::chrono::nanoseconds time_limit = std::chrono::seconds(20);  // no attempt starts later
  std::chrono::nanoseconds first_delay = std::chrono::milliseconds(100);
  std::chrono::nanoseconds max_delay = std::chrono::seconds(5);

  // The wait before the attempt after attempt number `attempt` (from 1), which failed `elapsed`
  // after the first one began; none when that was the last. `random` is uniform in [0, 1). Says
  // nothing of the error's class (see IsRetryable).
  std::optional<std::chrono::nanoseconds> NextDelay(std::uint32_t attempt,
                                                    std::chrono::nanoseconds elapsed,
                                                    const base::Error& error, double random) const;
};

}  // namespace objclient
