// RetryingStoreFixture: what the tests of RetryingStore have in common. Of one test; its thread and
// those of the store under test.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "objclient/memory/memory_store.h"
#include "objclient/retrying_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_store.h"

namespace objclient {

inline testing_support::Fault Unavailable(std::uint64_t delivered = 0) {
  return {base::Error(base::ErrorClass::kUnavailable, "broke off"), false, delivered};
}

// The store under test over a memory store that fails as `faults_` says, in order. Timers fire when
// the test says so, or at once.
class RetryingStoreFixture : public testing::Test {
 protected:
  RetryingStoreFixture() {
    auto memory = std::make_unique<MemoryStore>(clock_);
    memory_ = memory.get();
    auto faulty = std::make_unique<testing_support::FaultyStore>(
        std::move(memory), [this](testing_support::Verb, const ObjectKey&) { return NextFault(); });
    RetryingStore::Environment environment{
        clock_, [] { return 0.5; },
        [this](std::chrono::nanoseconds delay, std::function<void()> callback) {
          Schedule(delay, std::move(callback));
        },
        stop_.get_token()};
    store_ = std::make_unique<RetryingStore>(std::move(faulty), RetryPolicy{.attempts = 4},
                                             environment, metrics_);
  }

  std::optional<testing_support::Fault> NextFault() EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (faults_.empty()) return std::nullopt;
    testing_support::Fault fault = faults_.front();
    faults_.pop_front();
    return fault;
  }

  void Schedule(std::chrono::nanoseconds delay, std::function<void()> callback) EXCLUDES(mutex_) {
    {
      base::MutexLock lock(mutex_);
      delays_.push_back(delay);
      if (hold_timers_) {
        held_.push_back(std::move(callback));
        held_changed_.NotifyAll();
        return;
      }
    }
    clock_.Advance(delay);
    callback();
  }

  void FailNext(std::vector<testing_support::Fault> faults) EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    faults_.assign(faults.begin(), faults.end());
  }

  // Its first attempt has failed, and the timer for the second one will not fire.
  std::future<base::Result<ObjectHead>> PutThatWaits() EXCLUDES(mutex_) {
    FailNext({Unavailable()});
    auto answered = std::make_shared<std::promise<base::Result<ObjectHead>>>();
    auto answer = answered->get_future();
    base::MutexLock lock(mutex_);
    hold_timers_ = true;
    lock.Unlock();
    store_->Put({"k", {}, {}, {}}, [answered](base::Result<ObjectHead> head) {
      answered->set_value(std::move(head));
    });
    lock.Lock();
    while (held_.empty()) held_changed_.Wait(mutex_);
    hold_timers_ = false;
    return answer;
  }

  void PutDirectly(const std::string& key, std::size_t size) {
    content_.resize(size);
    for (std::size_t i = 0; i < size; ++i) content_[i] = static_cast<std::byte>(i * 7 + i / 256);
    PutRequest put;
    put.key = key;
    put.body.pieces = {content_};
    ASSERT_TRUE(PutAndWait(*memory_, put).ok());
  }

  std::uint64_t Count(const char* name) { return metrics_.Get(name).value(); }

  testing_support::FakeClock clock_;
  base::Metrics metrics_;
  std::stop_source stop_;
  std::vector<std::byte> content_;
  base::Mutex mutex_;
  base::CondVar held_changed_;
  std::deque<testing_support::Fault> faults_ GUARDED_BY(mutex_);
  std::vector<std::chrono::nanoseconds> delays_ GUARDED_BY(mutex_);
  bool hold_timers_ GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> held_ GUARDED_BY(mutex_);
  MemoryStore* memory_ = nullptr;  // inside store_
  std::unique_ptr<RetryingStore> store_;
};

}  // namespace objclient
