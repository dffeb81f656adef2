#include "objclient/retrying_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <map>
#include <optional>
#include <random>
#include <stop_token>
#include <utility>

#include "objclient/copy_in_parts.h"
#include "objclient/memory/memory_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_store.h"

namespace objclient {
namespace {

using base::ErrorClass;
using testing_support::Fault;
using testing_support::FaultyStore;
using testing_support::Verb;

Fault Unavailable(std::uint64_t delivered = 0) {
  return {base::Error(ErrorClass::kUnavailable, "broke off"), false, delivered};
}

// The store under test over a memory store that fails as `faults_` says, in order. Timers fire when
// the test says so, or at once.
class RetryingStoreTest : public testing::Test {
 protected:
  RetryingStoreTest() {
    auto memory = std::make_unique<MemoryStore>(clock_);
    memory_ = memory.get();
    auto faulty = std::make_unique<FaultyStore>(
        std::move(memory), [this](Verb, const ObjectKey&) { return NextFault(); });
    RetryingStore::Environment environment{
        clock_, [] { return 0.5; },
        [this](std::chrono::nanoseconds delay, std::function<void()> callback) {
          Schedule(delay, std::move(callback));
        },
        stop_.get_token()};
    store_ = std::make_unique<RetryingStore>(std::move(faulty), RetryPolicy{.attempts = 4},
                                             environment, metrics_);
  }

  std::optional<Fault> NextFault() EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (faults_.empty()) return std::nullopt;
    Fault fault = faults_.front();
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

  void FailNext(std::vector<Fault> faults) EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    faults_.assign(faults.begin(), faults.end());
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
  std::deque<Fault> faults_ GUARDED_BY(mutex_);
  std::vector<std::chrono::nanoseconds> delays_ GUARDED_BY(mutex_);
  bool hold_timers_ GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> held_ GUARDED_BY(mutex_);
  MemoryStore* memory_ = nullptr;  // inside store_
  std::unique_ptr<RetryingStore> store_;
};

TEST_F(RetryingStoreTest, ControlVerbSleepsAndSucceeds) {
  PutDirectly("k", 1);
  FailNext({Unavailable(), Unavailable()});
  EXPECT_TRUE(store_->Head("k").ok());
  EXPECT_EQ(clock_.slept(), std::chrono::milliseconds(50 + 100));
  EXPECT_EQ(Count("store_requests"), 3u);
  EXPECT_EQ(Count("store_retries"), 2u);
  EXPECT_EQ(Count("store_errors"), 2u);
}

TEST_F(RetryingStoreTest, AnswersAreNotRetried) {
  EXPECT_EQ(store_->Head("none").error().error_class(), ErrorClass::kNotFound);
  FailNext({{base::Error(ErrorClass::kAuth, "no")}});
  EXPECT_EQ(store_->Head("none").error().error_class(), ErrorClass::kAuth);
  EXPECT_EQ(Count("store_requests"), 2u);
  EXPECT_EQ(Count("store_errors"), 1u) << "absence is an answer";
  EXPECT_EQ(clock_.slept(), std::chrono::nanoseconds(0));
}

TEST_F(RetryingStoreTest, GivesUpAndSaysSo) {
  FailNext({Unavailable(), Unavailable(), Unavailable(), Unavailable()});
  const auto head = store_->Head("k");
  EXPECT_EQ(head.error().error_class(), ErrorClass::kUnavailable);
  EXPECT_THAT(head.error().message(), testing::HasSubstr("given up after 4 attempts"));
  EXPECT_EQ(Count("store_requests"), 4u);
}

TEST_F(RetryingStoreTest, RetryAfterIsWaitedFor) {
  PutDirectly("k", 1);
  FailNext({{base::Error(ErrorClass::kThrottled, "slow down").WithRetryAfterMs(2000)}});
  EXPECT_TRUE(store_->Head("k").ok());
  EXPECT_EQ(clock_.slept(), std::chrono::milliseconds(2050));
}

TEST_F(RetryingStoreTest, GetResumesAfterWhatWasDelivered) {
  PutDirectly("k", 5000);
  const std::string etag = memory_->Head("k")->etag;
  FailNext({Unavailable(1500), Unavailable(), Unavailable(100)});
  std::vector<std::byte> a(1000), b(3000);
  std::vector<std::uint64_t> steps;
  GetRequest get;
  get.key = "k";
  get.if_match = etag;
  get.range = {500, 4000};
  get.into = {a, b};
  get.progress = [&](std::uint64_t bytes) {
    // Delivered bytes are not written again: what is spoiled here must stay spoiled.
    if (steps.empty()) a[0] = std::byte{0xee};
    steps.push_back(bytes);
  };
  const auto head = GetAndWait(*store_, get);
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->etag, etag);
  EXPECT_EQ(head->size, 5000u);
  EXPECT_EQ(a[0], std::byte{0xee});
  EXPECT_TRUE(std::equal(a.begin() + 1, a.end(), content_.begin() + 501));
  EXPECT_TRUE(std::equal(b.begin(), b.end(), content_.begin() + 1500));
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_EQ(steps.back(), 4000u);
  EXPECT_EQ(Count("store_get_bytes"), 4000u) << "no byte is downloaded twice";
  EXPECT_EQ(Count("store_retries"), 3u);
}

TEST_F(RetryingStoreTest, GetWhoseAnswerWasLostAfterTheLastByte) {
  PutDirectly("k", 2000);
  FailNext({Unavailable(2000)});
  std::vector<std::byte> into(2000);
  GetRequest get;
  get.key = "k";
  get.if_match = memory_->Head("k")->etag;
  get.range = {0, 2000};
  get.into = {into};
  const auto head = GetAndWait(*store_, get);
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->size, 2000u);
  EXPECT_EQ(into, content_);
}

TEST_F(RetryingStoreTest, GetOfAReplacedObjectDoesNotGoOn) {
  PutDirectly("k", 2000);
  GetRequest get;
  get.key = "k";
  get.if_match = memory_->Head("k")->etag;
  std::vector<std::byte> into(2000);
  get.range = {0, 2000};
  get.into = {into};
  get.progress = [&, first = true](std::uint64_t) mutable {
    if (!std::exchange(first, false)) return;
    ASSERT_TRUE(memory_->Delete("k", "").ok());
    ASSERT_TRUE(memory_->Copy({"other", "", "k", {}, {}}).ok());
  };
  PutDirectly("other", 2000);
  FailNext({Unavailable(700)});
  EXPECT_EQ(GetAndWait(*store_, get).error().error_class(), ErrorClass::kConflict);
}

TEST_F(RetryingStoreTest, GetWithoutETagStartsAgainOnlyFromNothing) {
  PutDirectly("k", 1000);
  std::vector<std::byte> into(1000);
  GetRequest get;
  get.key = "k";
  get.range = {0, 1000};
  get.into = {into};
  FailNext({Unavailable()});
  EXPECT_TRUE(GetAndWait(*store_, get).ok());
  FailNext({Unavailable(1)});
  EXPECT_EQ(GetAndWait(*store_, get).error().error_class(), ErrorClass::kUnavailable);
}

TEST_F(RetryingStoreTest, PutWaitsOnATimerAndCountsItsBytesOnce) {
  const std::vector<std::byte> bytes(1234);
  PutRequest put;
  put.key = "k";
  put.body.pieces = {bytes};
  FailNext({Unavailable(), Unavailable()});
  ASSERT_TRUE(PutAndWait(*store_, put).ok());
  EXPECT_EQ(memory_->Head("k")->size, 1234u);
  EXPECT_EQ(Count("store_put_bytes"), 1234u);
  base::MutexLock lock(mutex_);
  EXPECT_EQ(delays_, (std::vector<std::chrono::nanoseconds>{std::chrono::milliseconds(50),
                                                            std::chrono::milliseconds(100)}));
  EXPECT_EQ(clock_.slept(), std::chrono::nanoseconds(0)) << "no thread was blocked";
}

TEST_F(RetryingStoreTest, ChecksumMismatchOfAPutIsTriedOnceMore) {
  const Fault corrupt{base::Error(ErrorClass::kCorrupt, "bad digest")};
  PutRequest put;
  put.key = "k";
  FailNext({corrupt});
  EXPECT_TRUE(PutAndWait(*store_, put).ok());
  FailNext({corrupt, corrupt, corrupt});
  EXPECT_EQ(PutAndWait(*store_, put).error().error_class(), ErrorClass::kCorrupt);
  EXPECT_EQ(Count("store_requests"), 4u);
  FailNext({corrupt});
  EXPECT_FALSE(store_->Head("k").ok()) << "a damaged answer is not asked for again";
}

TEST_F(RetryingStoreTest, ADamagedDownloadIsTriedOnceMoreUnlessDelivered) {
  PutDirectly("k", 1000);
  const Fault corrupt{base::Error(ErrorClass::kCorrupt, "another checksum")};
  const auto get = [&] {
    std::vector<std::byte> into(1000);
    return GetAndWait(*store_, {"k", {0, 1000}, "", {into}, {}});
  };
  FailNext({corrupt});
  EXPECT_TRUE(get().ok());
  FailNext({corrupt, corrupt});
  EXPECT_EQ(get().error().error_class(), ErrorClass::kCorrupt);
  EXPECT_EQ(Count("store_requests"), 4u);
  FailNext({{base::Error(ErrorClass::kCorrupt, "more bytes than asked for"), false, 300}});
  EXPECT_EQ(get().error().error_class(), ErrorClass::kCorrupt);
  EXPECT_EQ(Count("store_requests"), 5u);
}

TEST_F(RetryingStoreTest, GetsGoThroughTheRaceAndAreTriedAgainAsEver) {
  auto memory = std::make_unique<MemoryStore>(clock_);
  memory_ = memory.get();
  auto faulty = std::make_unique<FaultyStore>(
      std::move(memory), [this](Verb, const ObjectKey&) { return NextFault(); });
  store_ = std::make_unique<RetryingStore>(
      std::move(faulty), RetryPolicy{.attempts = 4},
      RetryingStore::Environment{
          clock_, [] { return 0.5; },
          [this](std::chrono::nanoseconds delay, std::function<void()> callback) {
            Schedule(delay, std::move(callback));
          }},
      metrics_, Hedging::Options{});
  PutDirectly("k", 1000);
  std::vector<std::byte> into(1000);
  std::vector<std::uint64_t> progress;
  FailNext({Unavailable(300)});
  GetRequest get{"k", {0, 1000}, memory_->Head("k")->etag, {into}, {}};
  get.progress = [&](std::uint64_t bytes) { progress.push_back(bytes); };
  EXPECT_TRUE(GetAndWait(*store_, std::move(get)).ok());
  EXPECT_EQ(into, content_);
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
}

// Refuses every key of a DeleteMany, as a store does that is short of something for a moment.
class BusyStore final : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  base::Result<std::vector<std::pair<ObjectKey, base::Error>>> DeleteMany(
      const std::vector<DeleteRequest>& requests) override {
    std::vector<std::pair<ObjectKey, base::Error>> refused;
    for (const DeleteRequest& request : requests) {
      refused.emplace_back(request.key, base::Error(ErrorClass::kThrottled, "slow down"));
    }
    return refused;
  }
};

TEST_F(RetryingStoreTest, KeysThatDeleteManyCouldNotHaveAreTriedAloneWhileThatHelps) {
  auto busy = std::make_unique<BusyStore>(clock_);
  memory_ = busy.get();
  store_ = std::make_unique<RetryingStore>(
      std::make_unique<FaultyStore>(std::move(busy),
                                    [this](Verb verb, const ObjectKey&) {
                                      return verb == Verb::kDelete ? NextFault() : std::nullopt;
                                    }),
      RetryPolicy{.attempts = 2}, RetryingStore::Environment{clock_, [] { return 0.5; }, {}},
      metrics_);
  PutDirectly("a", 1);
  FailNext({Unavailable()});
  const auto helped = store_->DeleteMany({{"a", ""}, {"b", ""}});
  ASSERT_TRUE(helped.ok());
  EXPECT_TRUE(helped->empty());
  EXPECT_FALSE(memory_->Head("a").ok());
  FailNext({{base::Error(ErrorClass::kConflict, "theirs")}, Unavailable(), Unavailable()});
  const std::uint64_t before = Count("store_requests");
  const auto refused = store_->DeleteMany({{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}});
  ASSERT_TRUE(refused.ok());
  std::vector<ErrorClass> classes;
  for (const auto& [key, error] : *refused) classes.push_back(error.error_class());
  EXPECT_THAT(classes, testing::ElementsAre(ErrorClass::kConflict, ErrorClass::kUnavailable,
                                            ErrorClass::kThrottled, ErrorClass::kThrottled));
  EXPECT_EQ(Count("store_requests") - before, 4u);
}

// Copies nothing in one call.
class SmallCopyStore final : public MemoryStore {
 public:
  static constexpr std::uint64_t kPart = 5 * base::kMiB;
  using MemoryStore::MemoryStore;
  Capabilities capabilities() const override {
    Capabilities capabilities = MemoryStore::capabilities();
    capabilities.copy_part_size = kPart;
    return capabilities;
  }
  base::Result<ObjectHead> Copy(const CopyRequest& request) override {
    return OnlyInParts(request.source);
  }
};

TEST_F(RetryingStoreTest, EachPartOfALargeCopyIsTriedAgain) {
  auto small = std::make_unique<SmallCopyStore>(clock_);
  memory_ = small.get();
  store_ = std::make_unique<RetryingStore>(
      std::make_unique<FaultyStore>(
          std::move(small),
          [asked = 0](Verb verb, const ObjectKey&) mutable -> std::optional<Fault> {
            const bool fails = verb == Verb::kUploadPartCopy && ++asked % 2 == 1;
            return fails ? std::optional(Unavailable()) : std::nullopt;
          }),
      RetryPolicy{.attempts = 2}, RetryingStore::Environment{clock_, [] { return 0.5; }, {}},
      metrics_);
  PutDirectly("k", 2 * SmallCopyStore::kPart + 1);
  const auto copied = store_->Copy({"k", "", "copy", {true, ""}, {}});
  ASSERT_TRUE(copied.ok()) << copied.error().ToString();
  EXPECT_EQ(memory_->Head("copy")->size, content_.size());
  EXPECT_EQ(Count("store_retries"), 3u) << "one a part";
}

TEST_F(RetryingStoreTest, TimeIsBoundedToo) {
  FailNext({{base::Error(ErrorClass::kThrottled, "slow down").WithRetryAfterMs(15'000)},
            {base::Error(ErrorClass::kThrottled, "slow down").WithRetryAfterMs(15'000)}});
  EXPECT_EQ(store_->Head("k").error().error_class(), ErrorClass::kThrottled);
  EXPECT_EQ(Count("store_requests"), 2u);
}

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

TEST_F(RetryingStoreTest, DestructionAnswersWhatStillWaits) {
  {
    base::MutexLock lock(mutex_);
    hold_timers_ = true;
  }
  FailNext({Unavailable()});
  std::promise<base::Result<ObjectHead>> answered;
  PutRequest put;
  put.key = "k";
  store_->Put(put, [&](base::Result<ObjectHead> head) { answered.set_value(std::move(head)); });
  {
    base::MutexLock lock(mutex_);
    while (held_.empty()) held_changed_.Wait(mutex_);
  }
  store_.reset();
  EXPECT_EQ(answered.get_future().get().error().error_class(), ErrorClass::kCancelled);
}

TEST_F(RetryingStoreTest, ARequestToStopEndsTheWaitForARetry) {
  {
    base::MutexLock lock(mutex_);
    hold_timers_ = true;
  }
  FailNext({Unavailable()});
  std::promise<base::Result<ObjectHead>> answered;
  PutRequest put;
  put.key = "k";
  store_->Put(put, [&](base::Result<ObjectHead> head) { answered.set_value(std::move(head)); });
  {
    base::MutexLock lock(mutex_);
    while (held_.empty()) held_changed_.Wait(mutex_);
    hold_timers_ = false;
  }
  stop_.request_stop();
  const auto head = answered.get_future().get();
  EXPECT_EQ(head.error().error_class(), ErrorClass::kUnavailable);
  EXPECT_THAT(head.error().message(), testing::HasSubstr("no request is sent any more"));
  FailNext({Unavailable()});
  EXPECT_FALSE(PutAndWait(*store_, put).ok()) << "what comes later is not tried again either";
  EXPECT_EQ(Count("store_requests"), 2u);
}

TEST_F(RetryingStoreTest, ARequestToStopEndsTheSleepOfAControlVerb) {
  testing_support::FakeClock clock(testing_support::FakeClock::OnSleep::kBlock);
  store_ = std::make_unique<RetryingStore>(
      std::make_unique<FaultyStore>(std::make_unique<MemoryStore>(clock),
                                    [](Verb, const ObjectKey&) { return Unavailable(); }),
      RetryPolicy(), RetryingStore::Environment{clock, [] { return 0.99; }, {}, stop_.get_token()},
      metrics_);
  auto head = std::async(std::launch::async, [&] { return store_->Head("k"); });
  clock.WaitForSleepers(1);
  stop_.request_stop();
  // Less than the shortest wait: no second attempt can come from it.
  clock.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(head.get().error().error_class(), ErrorClass::kUnavailable);
  EXPECT_EQ(Count("store_requests"), 1u);
}

}  // namespace
}  // namespace objclient
