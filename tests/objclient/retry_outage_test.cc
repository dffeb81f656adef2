// RetryingStore: many requests at once while the store is away.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "objclient/retrying_store.h"
#include "tests/objclient/retrying_store_fixture.h"

namespace objclient {
namespace {

using testing_support::Fault;
using testing_support::FaultyStore;
using testing_support::Verb;

// An outage as simulated time: every request is in flight, waits on a timer or is done, so with
// nothing in flight the next timer is the next thing that happens.
class OutageTest : public testing::Test {
 protected:
  OutageTest() {
    auto faulty =
        std::make_unique<FaultyStore>(std::make_unique<MemoryStore>(clock_),
                                      [this](Verb, const ObjectKey&) -> std::optional<Fault> {
                                        if (clock_.MonotonicNs() >= back_ns_) return std::nullopt;
                                        ++refused_;
                                        return Unavailable();
                                      });
    RetryingStore::Environment environment{
        clock_, [this] { return Random(); },
        [this](std::chrono::nanoseconds delay, std::function<void()> callback) {
          base::MutexLock lock(mutex_);
          timers_.emplace(clock_.MonotonicNs() + delay.count(), std::move(callback));
          changed_.NotifyAll();
        }};
    store_ =
        std::make_unique<RetryingStore>(std::move(faulty), RetryPolicy(), environment, metrics_);
  }

  double Random() EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return std::uniform_real_distribution<double>()(generator_);
  }

  // Puts `count` objects at once; the store answers after `outage`. How many succeed.
  std::size_t PutMany(std::size_t count, std::chrono::nanoseconds outage) EXCLUDES(mutex_) {
    back_ns_ = clock_.MonotonicNs() + outage.count();
    for (std::size_t i = 0; i < count; ++i) {
      PutRequest put;
      put.key = std::to_string(i);
      store_->Put(put, [this](base::Result<ObjectHead> head) {
        base::MutexLock lock(mutex_);
        ++done_;
        if (head.ok()) ++succeeded_;
        changed_.NotifyAll();
      });
    }
    while (auto timer = NextTimer(count)) {
      const std::int64_t ahead = timer->first - clock_.MonotonicNs();
      if (ahead > 0) clock_.Advance(std::chrono::nanoseconds(ahead));
      timer->second();
    }
    base::MutexLock lock(mutex_);
    return succeeded_;
  }

  std::optional<std::pair<std::int64_t, std::function<void()>>> NextTimer(std::size_t count)
      EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    while (timers_.size() + done_ < count) changed_.Wait(mutex_);
    if (timers_.empty()) return std::nullopt;
    auto first = timers_.extract(timers_.begin());
    return std::pair(first.key(), std::move(first.mapped()));
  }

  testing_support::FakeClock clock_;
  base::Metrics metrics_;
  std::atomic<std::int64_t> back_ns_{0};
  std::atomic<std::size_t> refused_{0};
  base::Mutex mutex_;
  base::CondVar changed_;
  std::mt19937_64 generator_ GUARDED_BY(mutex_){1};
  std::multimap<std::int64_t, std::function<void()>> timers_ GUARDED_BY(mutex_);
  std::size_t done_ GUARDED_BY(mutex_) = 0;
  std::size_t succeeded_ GUARDED_BY(mutex_) = 0;
  std::unique_ptr<RetryingStore> store_;
};

TEST_F(OutageTest, ManyRequestsSurviveAShortOne) {
  const std::int64_t began = clock_.MonotonicNs();
  EXPECT_EQ(PutMany(300, std::chrono::seconds(10)), 300u);
  EXPECT_LE(clock_.MonotonicNs() - began,
            std::chrono::nanoseconds(std::chrono::seconds(20)).count());
  // Each once, the budget's burst, and its trickle of 20 in a second.
  EXPECT_LE(refused_, 300u + 100 + 200);
  EXPECT_GT(metrics_.Get("store_retries_held").value(), 0u);
}

TEST_F(OutageTest, ADeadStoreIsNotHammered) {
  EXPECT_EQ(PutMany(300, std::chrono::hours(1)), 0u);
  EXPECT_LE(refused_, 300u + 100 + 400);
  EXPECT_EQ(metrics_.Get("store_retry_budget").value(), 0u);
}

TEST_F(OutageTest, OneRequestIsTriedUntilTheTimeLimit) {
  EXPECT_EQ(PutMany(1, std::chrono::seconds(18)), 1u);
}

}  // namespace
}  // namespace objclient
