// Bytes that come from the store, held against what is known of them. What a GET is for, and who is
// answered by it when, is in block_cache_test.cc.
#include "cache/fetcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "tests/cache/cache_fixture.h"
#include "tests/support/temp_dir.h"

namespace cache {
namespace {

using base::ByteRange;
using base::kGiB;
using base::kKiB;
using base::kMiB;
using testing_support::CacheFixture;
using testing_support::MakeObject;
using testing_support::MakeSummed;
using testing_support::PendingRead;
using testing_support::ScriptedStore;
constexpr auto kManual = ScriptedStore::Mode::kManual;
constexpr auto kAutomatic = ScriptedStore::Mode::kAutomatic;
constexpr int kAlways = 1 << 20;

BlockCacheOptions MemoryOnly() { return {.directory = {}, .disk_bytes = 0}; }

TEST(Fetcher, NobodyGetsAGranuleBeforeItIsChecked) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef object = MakeSummed(1, 6 * kMiB + 17);
  PendingRead head = f.Read(object, 0, 100 * kKiB);
  PendingRead next = f.Read(object, 128 * kKiB, 100 * kKiB);
  PendingRead tail = f.Read(object, 6 * kMiB, 17);
  ASSERT_EQ(f.store.ranges(), (std::vector<ByteRange>{{0, 6 * kMiB + 17}}));
  f.store.Arrive(0, 128 * kKiB - 1);
  EXPECT_FALSE(head.ready());
  f.store.Arrive(0, 250 * kKiB);
  EXPECT_TRUE(head.ready());
  EXPECT_FALSE(next.ready());
  f.store.Arrive(0, 6 * kMiB + 16);
  EXPECT_TRUE(next.ready());
  EXPECT_FALSE(tail.ready());
  f.store.Finish(0);
  EXPECT_TRUE(head.Good());
  EXPECT_TRUE(next.Good());
  EXPECT_TRUE(tail.Good());
  EXPECT_EQ(f.Count("cache_fetch_checked_bytes"), 6 * kMiB + 17);
  EXPECT_EQ(f.Count("cache_fetch_corrupt_granules"), 0u);
}

TEST(Fetcher, AReadThatCanBeCheckedIsOfWholeGranules) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef object = MakeSummed(1, 9 * kMiB + 5);
  PendingRead middle = f.Read(object, 5 * kMiB + 5000, 128 * kKiB);
  PendingRead last = f.Read(object, 9 * kMiB + 2, 1);
  EXPECT_EQ(f.store.ranges(), (std::vector<ByteRange>{{5 * kMiB, 256 * kKiB}, {9 * kMiB, 5}}));
  f.store.FinishAll();
  EXPECT_TRUE(middle.Good());
  EXPECT_TRUE(last.Good());
  EXPECT_EQ(f.Count("cache_fetch_checked_bytes"), 256 * kKiB + 5);
}

TEST(Fetcher, WhatWasDamagedOnTheWayIsAskedForOnceMore) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef object = MakeSummed(1, 8 * kMiB);
  f.store.Damage(3 * kMiB + 70000, 1);
  std::vector<PendingRead> reads;
  for (std::uint64_t i = 0; i < 8; ++i) reads.push_back(f.Read(object, i * kMiB, kMiB));
  ASSERT_EQ(f.store.requests(), 1u);
  f.store.Finish(0);
  for (std::size_t i = 0; i < reads.size(); ++i) EXPECT_EQ(reads[i].ready(), i != 3) << i;
  ASSERT_EQ(f.store.ranges()[1], (ByteRange{3 * kMiB, 128 * kKiB}));
  EXPECT_EQ(f.store.if_match(1), "v1");
  f.store.Finish(1);
  for (PendingRead& read : reads) EXPECT_TRUE(read.Good());
  EXPECT_EQ(f.store.requests(), 2u);
  EXPECT_EQ(f.Count("cache_fetch_corrupt_granules"), 1u);
}

TEST(Fetcher, DamagedNeighboursAreOneRequest) {
  CacheFixture f(kManual, 64, MemoryOnly());
  ObjectRef object = MakeSummed(1, 4 * kMiB);
  // As if the store had sent others: three granules in two runs.
  base::PieceSums sums = *object.sums;
  for (const std::size_t granule : {4u, 5u, 20u}) sums[granule] ^= 1;
  object.sums = base::Share(sums);
  PendingRead read = f.Read(object, 0, 4 * kMiB);
  f.store.Finish(0);
  f.store.Finish(1);
  f.store.Finish(2);
  EXPECT_EQ(f.store.ranges(), (std::vector<ByteRange>{{0, 4 * kMiB},
                                                      {20 * kGranuleSize, kGranuleSize},
                                                      {4 * kGranuleSize, 2 * kGranuleSize}}));
  EXPECT_EQ(read.Wait().error().error_class(), base::ErrorClass::kCorrupt);
  EXPECT_EQ(f.Count("cache_fetch_corrupt_granules"), 6u);
}

TEST(Fetcher, TheLogNamesTheFirstOfEachObjectAndTheCounterAll) {
  const testing_support::TempDir dir;
  ASSERT_TRUE(base::OpenLog(dir / "log").ok());
  CacheFixture f(kAutomatic, 64, MemoryOnly());
  for (const std::int64_t id : {1, 2}) {
    ObjectRef object = MakeSummed(id, 4 * kMiB);
    base::PieceSums sums = *object.sums;
    for (const std::size_t granule : {4u, 20u}) sums[granule] ^= 1;
    object.sums = base::Share(sums);
    for (int time = 0; time < 3; ++time) {
      EXPECT_FALSE(f.Read(object, 4 * kGranuleSize, kGranuleSize).Wait().ok());
      EXPECT_FALSE(f.Read(object, 20 * kGranuleSize, kGranuleSize).Wait().ok());
    }
  }
  EXPECT_EQ(f.Count("cache_fetch_corrupt_granules"), 2u * 2 * 2 * 3);
  EXPECT_TRUE(base::OpenLog({}).ok());
  const std::string log = base::ReadSmallFile(dir / "log").value();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 4) << log;
}

TEST(Fetcher, WhatIsDamagedInTheStoreFailsWhoNeedsItAndNobodyElse) {
  CacheFixture f(kAutomatic, 64, MemoryOnly());
  const ObjectRef object = MakeSummed(1, 8 * kMiB);
  f.store.Damage(3 * kMiB + 70000, kAlways);
  std::vector<PendingRead> reads;
  for (std::uint64_t i = 0; i < 64; ++i) {
    reads.push_back(f.Read(object, i * kGranuleSize, kGranuleSize));
  }
  for (std::size_t i = 0; i < reads.size(); ++i) {
    if (i != 24) {
      EXPECT_TRUE(reads[i].Good()) << i;
      continue;
    }
    const auto result = reads[i].Wait();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().error_class(), base::ErrorClass::kCorrupt);
    EXPECT_NE(result.error().ToString().find("object-1"), std::string::npos);
  }
  // Nothing of it was kept: it is right as soon as the store is.
  EXPECT_FALSE(f.Read(object, 3 * kMiB + 5, 10).Wait().ok());
  f.store.Damage(0, 0);
  EXPECT_TRUE(f.Read(object, 3 * kMiB + 5, 10).Good());
}

TEST(Fetcher, TheStoreMayFailWhenItIsAskedOnceMore) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef object = MakeSummed(1, kMiB);
  f.store.Damage(200 * kKiB, 1);
  PendingRead good = f.Read(object, 0, 1000);
  PendingRead bad = f.Read(object, 200 * kKiB, 1000);
  f.store.Finish(0);
  EXPECT_TRUE(good.Good());
  ASSERT_EQ(f.store.requests(), 2u);
  f.store.Fail(1, base::Error(base::ErrorClass::kTimeout, "late"));
  EXPECT_EQ(bad.Wait().error().error_class(), base::ErrorClass::kTimeout);
}

TEST(Fetcher, ATransferThatBreaksOffFailsTheDamagedBytesToo) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef object = MakeSummed(1, kMiB);
  f.store.Damage(1000, 1);
  PendingRead damaged = f.Read(object, 0, 1000);
  PendingRead good = f.Read(object, 200 * kKiB, 1000);
  PendingRead missing = f.Read(object, 900 * kKiB, 1000);
  f.store.Arrive(0, 512 * kKiB);
  f.store.Fail(0, base::Error(base::ErrorClass::kTimeout, "late"));
  EXPECT_EQ(damaged.Wait().error().error_class(), base::ErrorClass::kTimeout);
  EXPECT_TRUE(good.Good());
  EXPECT_EQ(missing.Wait().error().error_class(), base::ErrorClass::kTimeout);
  PendingRead again = f.Read(object, 0, 1000);
  f.store.FinishAll();
  EXPECT_TRUE(again.Good());
}

TEST(Fetcher, GranulesWithoutASumAreTakenAsTheyCome) {
  CacheFixture f(kAutomatic, 64, MemoryOnly());
  ObjectRef object = MakeSummed(1, kMiB);
  base::PieceSums sums = *object.sums;
  sums[1] = 0;
  object.sums = base::Share(sums);
  f.store.Damage(200 * kKiB, 1);
  PendingRead read = f.Read(object, 0, kMiB);
  const auto bytes = read.Wait();
  ASSERT_TRUE(bytes.ok());
  EXPECT_FALSE(testing_support::IsPattern(object.key, 0, bytes.value()));
  EXPECT_EQ(f.Count("cache_fetch_checked_bytes"), kMiB - kGranuleSize);
}

// The store's client checks whole objects where it is told the size, and keeps all readers waiting.
TEST(Fetcher, NothingIsCheckedTwice) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef known = MakeSummed(1, kMiB);
  const ObjectRef unknown = MakeObject(2, kMiB);
  PendingRead first = f.Read(known, 0, 1000);
  PendingRead second = f.Read(unknown, 0, 1000);
  EXPECT_EQ(f.store.object_size(0), 0u);
  EXPECT_EQ(f.store.object_size(1), kMiB);
  f.store.FinishAll();
  EXPECT_TRUE(first.Good());
  EXPECT_TRUE(second.Good());
}

TEST(Fetcher, ADamagedGranuleReachesTheDiskOnlyWhenItIsRight) {
  CacheFixture f(kAutomatic);
  const ObjectRef object = MakeSummed(1, 4 * kMiB);
  f.store.Damage(kMiB + 5, 1);
  EXPECT_TRUE(f.Read(object, 0, 4 * kMiB).Good());
  f.cache.reset();
  f.Mount();
  const std::size_t requests = f.store.requests();
  EXPECT_TRUE(f.Read(object, 0, 4 * kMiB).Good());
  EXPECT_EQ(f.store.requests(), requests);
  EXPECT_EQ(f.Count("cache_corrupt_granules"), 0u);
}

}  // namespace
}  // namespace cache
