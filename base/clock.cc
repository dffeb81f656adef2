#include "base/clock.h"

#include <thread>

namespace base {
namespace {

template <typename Source>
std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Source::now().time_since_epoch())
      .count();
}

class RealClock : public Clock {
 public:
  std::int64_t WallNs() const override { return NowNs<std::chrono::system_clock>(); }
  std::int64_t MonotonicNs() const override { return NowNs<std::chrono::steady_clock>(); }
  void Sleep(std::chrono::nanoseconds duration) override { std::this_thread::sleep_for(duration); }
};

}  // namespace

Clock& SystemClock() {
  // Never destroyed: threads may read the time while the process exits.
  static Clock& clock = *new RealClock;
  return clock;
}

}  // namespace base
