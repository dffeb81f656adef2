#include "cache/cached_object.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace cache {
namespace {

using base::ByteRange;
using base::kKiB;
using base::kMiB;

struct Fixture {
  Fixture() {
    auto made = BlockPool::Open({.bytes = 16 * kMiB, .touch_bytes = 0, .reserved_blocks = 0});
    pool = std::move(made).value();
    ObjectRef ref;
    ref.id = 1;
    ref.size = kSize;
    object.emplace(ref, lru);
  }
  void Load(const ByteRange& range) {
    for (const ByteRange& run : object->Claim(range)) {
      for (const std::uint32_t index : object->MissingBlocks(run)) {
        object->Install(index, pool->TryAllocate());
      }
      EXPECT_TRUE(object->Publish(run).empty());
    }
  }
  static constexpr std::uint64_t kSize = 4 * kMiB + 100;
  std::unique_ptr<BlockPool> pool;
  BlockLru lru;
  std::optional<CachedObject> object;
};

TEST(CachedObject, EveryPageIsClaimedOnce) {
  Fixture f;
  EXPECT_EQ(f.object->Claim({5000, 10000}), (std::vector<ByteRange>{{4096, 12 * kKiB}}));
  EXPECT_EQ(f.object->Claim({0, 32 * kKiB}),
            (std::vector<ByteRange>{{0, 4096}, {16 * kKiB, 16 * kKiB}}));
  EXPECT_TRUE(f.object->Claim({0, 32 * kKiB}).empty());
  EXPECT_FALSE(f.object->HasGap({0, 32 * kKiB}));
  f.object->Unclaim({0, 4096});
  EXPECT_TRUE(f.object->HasGap({0, 1}));
  // Nothing behind the last page of the object.
  EXPECT_EQ(f.object->Claim({4 * kMiB, kMiB}), (std::vector<ByteRange>{{4 * kMiB, 4096}}));
}

TEST(CachedObject, AParkedReadIsAnsweredByItsLastPage) {
  Fixture f;
  f.Load({0, 4096});
  f.object->Park({100, 12000}, [](auto) {});
  const auto runs = f.object->Claim({100, 12000});
  ASSERT_EQ(runs, (std::vector<ByteRange>{{4096, 8192}}));
  EXPECT_TRUE(f.object->IsAwaited({8192, 4096}));
  EXPECT_FALSE(f.object->IsAwaited({12288, 4096}));
  EXPECT_TRUE(f.object->Publish({8192, 4096}).empty());
  const Answers answers = f.object->Publish({4096, 4096});
  ASSERT_EQ(answers.size(), 1u);
  ASSERT_TRUE(answers[0].result.ok());
  EXPECT_EQ(answers[0].result.value().size(), 12000u);
  EXPECT_EQ(answers[0].blocks, 1u);
  EXPECT_TRUE(f.object->Covers({0, 12288}));
}

TEST(CachedObject, AFailureReachesWhoNeedsThosePages) {
  Fixture f;
  f.object->Park({0, 4096}, [](auto) {});
  f.object->Park({4096, 8192}, [](auto) {});
  ASSERT_EQ(f.object->Claim({0, 12288}).size(), 1u);
  const Answers answers =
      f.object->Fail({8192, 4096}, base::Error(base::ErrorClass::kTimeout, "late"));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_FALSE(answers[0].result.ok());
  EXPECT_TRUE(f.object->HasGap({8192, 4096}));
  EXPECT_FALSE(f.object->HasGap({0, 8192}));
}

TEST(CachedObject, LetsGoOnlyOfWhatNobodyNeeds) {
  Fixture f;
  f.Load({0, kMiB});
  f.Load({kMiB, kMiB});
  f.Load({2 * kMiB, kMiB});
  std::optional<PinnedBytes> pinned = f.object->Pin({100, 100});
  f.object->Park({kMiB, 2 * kMiB + 4096}, [](auto) {});
  EXPECT_TRUE(f.lru.Evict(10).empty());
  pinned.reset();
  EXPECT_EQ(f.lru.Evict(10).size(), 1u);
  EXPECT_FALSE(f.object->Covers({0, 1}));
  ASSERT_EQ(f.object->Claim({3 * kMiB, 4096}).size(), 1u);
  EXPECT_EQ(f.object->Fail({3 * kMiB, 4096}, base::Error(base::ErrorClass::kIo, "x")).size(), 1u);
  EXPECT_EQ(f.lru.Evict(10).size(), 2u);
  EXPECT_TRUE(f.object->idle());
}

TEST(CachedObject, BlocksBehindAStreamGoFirstWhenTheyAreNowhereElse) {
  Fixture f;
  for (std::uint64_t i = 0; i < 4; ++i) f.Load({i * kMiB, kMiB});
  f.object->Spend({2 * kMiB, 2 * kMiB});
  f.object->Settle({3 * kMiB, kMiB}, Kept::kNowhere);
  EXPECT_TRUE(f.object->Covers({3 * kMiB, 1}));
  EXPECT_EQ(f.lru.Evict(1).size(), 1u);
  EXPECT_FALSE(f.object->Covers({3 * kMiB, 1}));
  EXPECT_EQ(f.lru.Evict(1).size(), 1u);
  EXPECT_FALSE(f.object->Covers({0, 1}));
  f.object->Settle({2 * kMiB, kMiB}, Kept::kNowhere);
  EXPECT_EQ(f.lru.Evict(1).size(), 1u);
  EXPECT_FALSE(f.object->Covers({2 * kMiB, 1}));
  EXPECT_TRUE(f.object->Covers({kMiB, 1}));
}

TEST(CachedObject, BlocksBehindAStreamGoAtOnceWhenTheyAreOnDisk) {
  Fixture f;
  for (std::uint64_t i = 0; i < 4; ++i) f.Load({i * kMiB, kMiB});
  f.object->Settle({0, kMiB}, Kept::kOnDisk);
  EXPECT_TRUE(f.object->Covers({0, kMiB}));
  f.object->Spend({0, 2 * kMiB});
  EXPECT_FALSE(f.object->Covers({0, 1}));
  EXPECT_TRUE(f.object->Covers({kMiB, kMiB}));
  // A reply still holds the bytes: they outlive the block's place in the cache.
  const PinnedBytes pinned = f.object->Pin({kMiB, 100});
  f.object->Settle({kMiB, kMiB}, Kept::kOnDisk);
  EXPECT_FALSE(f.object->Covers({kMiB, 1}));
  EXPECT_EQ(pinned.size(), 100u);
}

TEST(CachedObject, OffersEveryWholeGranuleOnce) {
  Fixture f;
  f.Load({4096, 2 * kGranuleSize});
  EXPECT_EQ(f.object->OfferGranules({0, kMiB}),
            (std::vector<ByteRange>{{kGranuleSize, kGranuleSize}}));
  f.Load({0, 3 * kGranuleSize});
  EXPECT_EQ(f.object->OfferGranules({0, kMiB}),
            (std::vector<ByteRange>{{0, kGranuleSize}, {2 * kGranuleSize, kGranuleSize}}));
  EXPECT_TRUE(f.object->OfferGranules({0, kMiB}).empty());
  // The last granule is short.
  f.Load({4 * kMiB, 100});
  EXPECT_EQ(f.object->OfferGranules({4 * kMiB, 100}), (std::vector<ByteRange>{{4 * kMiB, 100}}));
  EXPECT_TRUE(f.object->PinGranule({4 * kMiB, 100}).has_value());
  EXPECT_FALSE(f.object->PinGranule({3 * kMiB, kGranuleSize}).has_value());
}

TEST(CachedObject, TakesOverTheBlocksNoFlightNeeds) {
  Fixture f;
  f.Load({0, kMiB});
  f.Load({kMiB, 4096});
  ASSERT_EQ(f.object->Claim({kMiB + 4096, 4096}).size(), 1u);
  CachedObject other(f.object->ref, f.lru);
  EXPECT_EQ(other.TakeBlocks(*f.object), (std::vector<ByteRange>{{0, kMiB}}));
  EXPECT_TRUE(other.Covers({0, kMiB}));
  EXPECT_TRUE(f.object->Publish({kMiB + 4096, 4096}).empty());
}

}  // namespace
}  // namespace cache
