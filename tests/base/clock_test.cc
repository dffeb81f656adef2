#include "base/clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/fake_clock.h"

namespace base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::FakeClock;

TEST(SystemClock, SleepTakesAtLeastThatLongOnTheMonotonicClock) {
  Clock& clock = SystemClock();
  const std::int64_t start_ns = clock.MonotonicNs();
  clock.Sleep(milliseconds(5));
  EXPECT_GE(clock.MonotonicNs() - start_ns, 5'000'000);
}

TEST(SystemClock, WallTimeIsOfThisCentury) {
  constexpr std::int64_t k2024Ns = 1'704'067'200'000'000'000;
  EXPECT_GT(SystemClock().WallNs(), k2024Ns);
  EXPECT_LT(SystemClock().WallNs(), k2024Ns + k2024Ns);
}

TEST(FakeClock, StandsStillUntilMoved) {
  FakeClock clock;
  const std::int64_t wall_ns = clock.WallNs(), monotonic_ns = clock.MonotonicNs();
  clock.Advance(seconds(3));
  EXPECT_EQ(clock.WallNs() - wall_ns, 3'000'000'000);
  EXPECT_EQ(clock.MonotonicNs() - monotonic_ns, 3'000'000'000);
  clock.SetWallNs(5);
  EXPECT_EQ(clock.WallNs(), 5);
  EXPECT_EQ(clock.MonotonicNs() - monotonic_ns, 3'000'000'000);
}

TEST(FakeClock, SleepMovesItByItself) {
  FakeClock clock;
  const std::int64_t start_ns = clock.MonotonicNs();
  clock.Sleep(hours(1));
  EXPECT_EQ(clock.MonotonicNs() - start_ns, 3'600'000'000'000);
  EXPECT_EQ(clock.slept(), hours(1));
}

TEST(FakeClock, SleepBlocksUntilAdvancedFarEnough) {
  FakeClock clock(FakeClock::OnSleep::kBlock);
  std::atomic<bool> awake = false;
  std::thread sleeper([&] {
    clock.Sleep(seconds(10));
    awake = true;
  });
  clock.WaitForSleepers(1);
  clock.Advance(seconds(9));
  EXPECT_FALSE(awake);
  clock.Advance(seconds(1));
  sleeper.join();
  EXPECT_TRUE(awake);
}

}  // namespace
}  // namespace base
