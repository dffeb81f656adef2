#include "base/limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

namespace base {
namespace {

using Permit = Limiter::Permit;

TEST(Limiter, LimitsRequests) {
  Limiter limiter(2, 100);
  Permit a = limiter.TryAcquire(1), b = limiter.TryAcquire(1);
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(limiter.TryAcquire(1));
  a = Permit();
  EXPECT_TRUE(limiter.TryAcquire(1));
  EXPECT_EQ(limiter.in_flight(), 1u);
}

TEST(Limiter, LimitsBytes) {
  Limiter limiter(10, 100);
  const Permit a = limiter.TryAcquire(60);
  EXPECT_FALSE(limiter.TryAcquire(41));
  EXPECT_TRUE(limiter.TryAcquire(40));
}

TEST(Limiter, LetsAnOversizedRequestThroughAlone) {
  Limiter limiter(10, 100);
  {
    const Permit small = limiter.TryAcquire(1);
    EXPECT_FALSE(limiter.TryAcquire(1000));
  }
  const Permit large = limiter.TryAcquire(1000);
  EXPECT_TRUE(large);
  EXPECT_FALSE(limiter.TryAcquire(0));
}

TEST(Limiter, MovingAPermitMovesTheAdmission) {
  Limiter limiter(1, 100);
  Permit a = limiter.TryAcquire(10);
  Permit b = std::move(a);
  EXPECT_EQ(limiter.in_flight(), 1u);
  {
    const Permit c = std::move(b);
    EXPECT_TRUE(c);
  }
  EXPECT_EQ(limiter.in_flight(), 0u);
}

TEST(Limiter, AWaiterIsNotOvertaken) {
  Limiter limiter(10, 100);
  Permit held = limiter.Acquire(50);
  std::atomic<bool> admitted = false;
  std::thread large([&] {
    const Permit permit = limiter.Acquire(100);
    admitted = true;
  });
  // Once the large request waits in line, one that would fit must not pass it.
  while (limiter.TryAcquire(1)) std::this_thread::yield();
  EXPECT_FALSE(admitted);
  held = Permit();
  large.join();
  EXPECT_TRUE(admitted);
  EXPECT_TRUE(limiter.TryAcquire(1));
}

TEST(Limiter, NeverMoreThanTheLimitInFlight) {
  Limiter limiter(3, 1000);
  std::atomic<int> inside = 0, most = 0;
  std::latch start(8);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int i = 0; i < 200; ++i) {
        const Permit permit = limiter.Acquire(10);
        const int now = ++inside;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_EQ(limiter.in_flight(), 0u);
}

}  // namespace
}  // namespace base
