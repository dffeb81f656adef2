#include "tests/support/fake_clock.h"

namespace testing_support {

using base::MutexLock;

std::int64_t FakeClock::WallNs() const {
  MutexLock lock(mutex_);
  return wall_ns_;
}

std::int64_t FakeClock::MonotonicNs() const {
  MutexLock lock(mutex_);
  return monotonic_ns_;
}

void FakeClock::Sleep(std::chrono::nanoseconds duration) {
  MutexLock lock(mutex_);
  slept_ns_ += duration.count();
  if (on_sleep_ == OnSleep::kAdvance) {
    monotonic_ns_ += duration.count();
    wall_ns_ += duration.count();
    changed_.NotifyAll();
    return;
  }
  const std::int64_t wake_ns = monotonic_ns_ + duration.count();
  ++sleepers_;
  changed_.NotifyAll();
  while (monotonic_ns_ < wake_ns) changed_.Wait(mutex_);
  --sleepers_;
}

void FakeClock::Advance(std::chrono::nanoseconds duration) {
  MutexLock lock(mutex_);
  monotonic_ns_ += duration.count();
  wall_ns_ += duration.count();
  changed_.NotifyAll();
}

void FakeClock::SetWallNs(std::int64_t wall_ns) {
  MutexLock lock(mutex_);
  wall_ns_ = wall_ns;
}

void FakeClock::WaitForSleepers(std::size_t count) {
  MutexLock lock(mutex_);
  while (sleepers_ < count) changed_.Wait(mutex_);
}

std::chrono::nanoseconds FakeClock::slept() const {
  MutexLock lock(mutex_);
  return std::chrono::nanoseconds(slept_ns_);
}

}  // namespace testing_support
