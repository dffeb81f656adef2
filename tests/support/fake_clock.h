// FakeClock: the Clock of tests. It stands still until it is told to move. Sleep either moves it by
// what was asked and returns at once (kAdvance: code under test waits in no time), or blocks until
// Advance has taken the clock that far (kBlock: the test decides when). The test owns it; any
// thread may call it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/mutex.h"

namespace testing_support {

class FakeClock : public base::Clock {
 public:
  enum class OnSleep : std::uint8_t { kAdvance, kBlock };
  explicit FakeClock(OnSleep on_sleep = OnSleep::kAdvance) : on_sleep_(on_sleep) {}

  std::int64_t WallNs() const override EXCLUDES(mutex_);
  std::int64_t MonotonicNs() const override EXCLUDES(mutex_);
  void Sleep(std::chrono::nanoseconds duration) override EXCLUDES(mutex_);

  // Moves both clocks forward and wakes the sleepers whose time has come.
  void Advance(std::chrono::nanoseconds duration) EXCLUDES(mutex_);
  // Moves the wall clock alone, as an administrator would; it may go back.
  void SetWallNs(std::int64_t wall_ns) EXCLUDES(mutex_);
  // Blocks until `count` threads are in Sleep, so that a test need not guess when they are.
  void WaitForSleepers(std::size_t count) EXCLUDES(mutex_);
  // The sum of all sleeps asked for.
  std::chrono::nanoseconds slept() const EXCLUDES(mutex_);

 private:
  const OnSleep on_sleep_;
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::int64_t monotonic_ns_ GUARDED_BY(mutex_) = 1'000'000'000;
  std::int64_t wall_ns_ GUARDED_BY(mutex_) = 1'700'000'000'000'000'000;  // November 2023
  std::int64_t slept_ns_ GUARDED_BY(mutex_) = 0;
  std::size_t sleepers_ GUARDED_BY(mutex_) = 0;
};

}  // namespace testing_support
