// Clock: time as a dependency. SystemClock in the program, a settable one in tests
// (tests/support/fake_clock.h). Any thread may call it.
#pragma once

#include <chrono>
#include <cstdint>

namespace base {

class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds since the Unix epoch.
  virtual std::int64_t WallNs() const = 0;
  // Nanoseconds of a clock that never goes back, for waits and rates.
  virtual std::int64_t MonotonicNs() const = 0;
  // Blocks the calling thread.
  virtual void Sleep(std::chrono::nanoseconds duration) = 0;
};

// The process's real clock; lives for ever.
Clock& SystemClock();

}  // namespace base
