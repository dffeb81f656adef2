// RetryingStore: downloads that go on where they broke off.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "objclient/retrying_store.h"
#include "tests/objclient/retrying_store_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;
using testing_support::Fault;
using testing_support::FaultyStore;
using testing_support::Verb;

class RetryingGetTest : public RetryingStoreFixture {};

TEST_F(RetryingGetTest, GetResumesAfterWhatWasDelivered) {
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

TEST_F(RetryingGetTest, GetWhoseAnswerWasLostAfterTheLastByte) {
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

TEST_F(RetryingGetTest, GetOfAReplacedObjectDoesNotGoOn) {
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

TEST_F(RetryingGetTest, GetWithoutETagStartsAgainOnlyFromNothing) {
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

TEST_F(RetryingGetTest, ADamagedDownloadIsTriedOnceMoreUnlessDelivered) {
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

TEST_F(RetryingGetTest, GetsGoThroughTheRaceAndAreTriedAgainAsEver) {
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

}  // namespace
}  // namespace objclient
