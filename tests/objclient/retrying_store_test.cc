// RetryingStore: what is tried again and how often, of all verbs but Get.
#include "objclient/retrying_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "objclient/copy_in_parts.h"
#include "tests/objclient/retrying_store_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;
using testing_support::Fault;
using testing_support::FaultyStore;
using testing_support::Verb;

class RetryingStoreTest : public RetryingStoreFixture {};

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

TEST_F(RetryingStoreTest, DestructionAnswersWhatStillWaits) {
  auto answer = PutThatWaits();
  store_.reset();
  EXPECT_EQ(answer.get().error().error_class(), ErrorClass::kCancelled);
}

TEST_F(RetryingStoreTest, ARequestToStopEndsTheWaitForARetry) {
  auto answer = PutThatWaits();
  stop_.request_stop();
  const auto head = answer.get();
  EXPECT_EQ(head.error().error_class(), ErrorClass::kUnavailable);
  EXPECT_THAT(head.error().message(), testing::HasSubstr("no request is sent any more"));
  FailNext({Unavailable()});
  EXPECT_FALSE(PutAndWait(*store_, {"k", {}, {}, {}}).ok())
      << "what comes later is not tried again either";
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
