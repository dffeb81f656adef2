#include "cache/block_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include "base/digest/digest.h"
#include "tests/cache/cache_fixture.h"

namespace cache {
namespace {

using base::ByteRange;
using base::kGiB;
using base::kKiB;
using base::kMiB;
using testing_support::CacheFixture;
using testing_support::MakeObject;
using testing_support::PendingRead;
using testing_support::ScriptedStore;
constexpr auto kManual = ScriptedStore::Mode::kManual;
constexpr auto kAutomatic = ScriptedStore::Mode::kAutomatic;

BlockCacheOptions MemoryOnly() { return {.directory = {}, .disk_bytes = 0}; }

TEST(BlockCache, AMissIsFetchedOnceThenAHit) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef object = MakeObject(1, kGiB);
  PendingRead first = f.Read(object, 100 * kMiB + 5000, 128 * kKiB);
  PendingRead second = f.Read(object, 100 * kMiB + 9000, 64 * kKiB);
  EXPECT_FALSE(first.hit());
  // Exactly the pages, once, however many ask.
  EXPECT_EQ(f.store.ranges(), (std::vector<ByteRange>{{100 * kMiB + 4096, 132 * kKiB}}));
  EXPECT_EQ(f.store.if_match(0), "v1");
  f.store.Finish(0);
  EXPECT_TRUE(first.Good());
  EXPECT_TRUE(second.Good());
  PendingRead third = f.Read(object, 100 * kMiB + 5000, 128 * kKiB);
  EXPECT_TRUE(third.hit());
  EXPECT_TRUE(third.Good());
  EXPECT_EQ(f.store.requests(), 1u);
  EXPECT_EQ(f.Count("cache_hit_bytes"), 128 * kKiB);
  EXPECT_EQ(f.Count("cache_fetch_bytes"), 132 * kKiB);
  EXPECT_EQ(f.Count("cache_fetch_requests"), 1u);
}

TEST(BlockCache, AReadIsAnsweredWhenItsOwnBytesAreThere) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef object = MakeObject(1, 6 * kMiB);
  PendingRead head = f.Read(object, 0, 100 * kKiB);
  PendingRead later = f.Read(object, 2 * kMiB, kMiB);
  ASSERT_EQ(f.store.ranges(), (std::vector<ByteRange>{{0, 6 * kMiB}}));
  f.store.Arrive(0, 100 * kKiB - 1);
  EXPECT_FALSE(head.ready());
  f.store.Arrive(0, 104 * kKiB);
  EXPECT_TRUE(head.ready());
  EXPECT_FALSE(later.ready());
  f.store.Finish(0);
  EXPECT_TRUE(head.Good());
  EXPECT_TRUE(later.Good());
}

TEST(BlockCache, ReadsTheLastPartialPage) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef object = MakeObject(1, 20 * kMiB + 17);
  PendingRead tail = f.Read(object, 20 * kMiB - 10, 27);
  EXPECT_EQ(f.store.ranges(), (std::vector<ByteRange>{{20 * kMiB - 4096, 4096 + 17}}));
  f.store.Finish(0);
  EXPECT_TRUE(tail.Good());
}

TEST(BlockCache, NeighboursThatWaitForAConnectionShareARequest) {
  BlockCacheOptions options = MemoryOnly();
  options.connections = 1;
  CacheFixture f(kManual, 64, options);
  const ObjectRef object = MakeObject(1, kGiB);
  std::vector<PendingRead> reads;
  reads.push_back(f.Read(object, 500 * kMiB, 4096));
  for (const std::uint64_t i : {2, 0, 1}) {
    reads.push_back(f.Read(object, 100 * kMiB + i * 128 * kKiB, 128 * kKiB));
  }
  reads.push_back(f.Read(object, 300 * kMiB, 4096));
  f.store.FinishAll();
  EXPECT_EQ(
      f.store.ranges(),
      (std::vector<ByteRange>{{500 * kMiB, 4096}, {100 * kMiB, 384 * kKiB}, {300 * kMiB, 4096}}));
  for (PendingRead& read : reads) EXPECT_TRUE(read.Good());
}

TEST(BlockCache, SequentialScanKeepsAllConnectionsBusyAndFetchesEveryByteOnce) {
  BlockCacheOptions options = MemoryOnly();
  options.connections = 8;
  CacheFixture f(kManual, 512, options);
  const std::uint64_t size = 224 * kMiB + 12345;
  const ObjectRef object = MakeObject(1, size);
  for (std::uint64_t at = 0; at < size; at += kMiB) {
    PendingRead read = f.Read(object, at, std::min(kMiB, size - at));
    // The store answers only when the reader has nothing left.
    while (!read.ready()) ASSERT_GT(f.store.FinishAll(), 0u);
    ASSERT_TRUE(read.Good());
  }
  EXPECT_EQ(f.store.bytes(), size);
  EXPECT_EQ(f.store.most_in_flight(), 8u);
  EXPECT_LE(f.store.requests(), size / (8 * kMiB) + 1 + 4);
}

TEST(BlockCache, RandomReadsFetchTheirPagesOnly) {
  CacheFixture f(kAutomatic, 64, MemoryOnly());
  const ObjectRef object = MakeObject(1, 4 * kGiB);
  std::mt19937_64 random(7);
  constexpr int kReads = 500;
  for (int i = 0; i < kReads; ++i) {
    PendingRead read = f.Read(object, kMiB + random() % 32000 * 128 * kKiB, 128 * kKiB);
    ASSERT_TRUE(read.Good());
  }
  EXPECT_LE(f.store.bytes(), kReads * 128 * kKiB * 11 / 10);
}

TEST(BlockCache, SmallFileIsFetchedWholeByItsFirstRead) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef object = MakeObject(1, 3 * kMiB + 1);
  PendingRead read = f.Read(object, 0, 8);
  EXPECT_EQ(f.store.ranges(), (std::vector<ByteRange>{{0, 3 * kMiB + 1}}));
  f.store.FinishAll();
  EXPECT_TRUE(read.Good());
  EXPECT_TRUE(f.Read(object, 3 * kMiB, 1).hit());
}

TEST(BlockCache, ADemandReadOvertakesQueuedReadAhead) {
  BlockCacheOptions options = MemoryOnly();
  options.connections = 2;
  CacheFixture f(kManual, 512, options);
  const ObjectRef object = MakeObject(1, kGiB);
  for (std::uint64_t at = 0; at < 24 * kMiB; at += kMiB) {
    PendingRead read = f.Read(object, at, kMiB);
    while (!read.ready()) f.store.FinishAll();
  }
  PendingRead last = f.Read(object, 24 * kMiB, kMiB);
  const std::size_t before = f.store.requests();
  PendingRead far = f.Read(object, 900 * kMiB, 4096);
  PendingRead promoted = f.Read(object, 60 * kMiB, 4096);
  ASSERT_EQ(f.store.requests(), before);
  f.store.Finish(before - 1);
  f.store.Finish(before - 2);
  const auto ranges = f.store.ranges();
  ASSERT_EQ(ranges.size(), before + 2);
  EXPECT_EQ(ranges[before], (ByteRange{900 * kMiB, 4096}));
  EXPECT_LE(ranges[before + 1].offset, 60 * kMiB);
  EXPECT_GT(ranges[before + 1].end(), 60 * kMiB);
  f.store.FinishAll();
}

TEST(BlockCache, AnErrorFailsOnlyTheReadsThatNeededThoseBytes) {
  CacheFixture f(kManual, 64, MemoryOnly());
  const ObjectRef object = MakeObject(1, 8 * kMiB);
  PendingRead early = f.Read(object, 0, kMiB);
  PendingRead middle = f.Read(object, kMiB, 2 * kMiB);
  PendingRead late = f.Read(object, 5 * kMiB, kMiB);
  ASSERT_EQ(f.store.requests(), 1u);
  f.store.Arrive(0, 2 * kMiB);
  f.store.Fail(0, base::Error(base::ErrorClass::kConflict, "GET object-1: 412"));
  EXPECT_TRUE(early.Good());
  for (PendingRead* read : {&middle, &late}) {
    const auto result = read->Wait();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().error_class(), base::ErrorClass::kConflict);
  }
  // What came stays; what did not is asked for again.
  EXPECT_TRUE(f.Read(object, kMiB, kMiB).hit());
  PendingRead again = f.Read(object, 5 * kMiB, kMiB);
  ASSERT_GE(f.store.requests(), 2u);
  f.store.FinishAll();
  EXPECT_TRUE(again.Good());
}

TEST(BlockCache, EvictsTheLeastRecentlyUsedBlock) {
  CacheFixture f(kAutomatic, 16, MemoryOnly());
  const ObjectRef object = MakeObject(1, kGiB);
  const auto read = [&](std::uint64_t i) {
    PendingRead pending = f.Read(object, (10 + 3 * i) * kMiB, 4096);
    const bool hit = pending.hit();
    EXPECT_TRUE(pending.Good());
    return hit;
  };
  for (std::uint64_t i = 0; i < 12; ++i) EXPECT_FALSE(read(i));
  EXPECT_TRUE(read(0));
  EXPECT_FALSE(read(100));
  EXPECT_TRUE(read(0));
  EXPECT_FALSE(read(1));
}

TEST(BlockCache, PinnedBytesSurviveEvictionAndForget) {
  CacheFixture f(kAutomatic, 16, MemoryOnly());
  const ObjectRef object = MakeObject(1, kGiB);
  auto pinned = f.Read(object, 10 * kMiB, 128 * kKiB).Wait();
  ASSERT_TRUE(pinned.ok());
  for (std::uint64_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(f.Read(object, (20 + 3 * i) * kMiB, 4096).Good());
  }
  f.cache->Forget(1);
  for (std::uint64_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(f.Read(MakeObject(2, kGiB), (20 + 3 * i) * kMiB, 4096).Good());
  }
  EXPECT_TRUE(testing_support::IsPattern(object.key, 10 * kMiB, pinned.value()));
}

TEST(BlockCache, ForgetDuringAFlightStillAnswers) {
  CacheFixture f(kManual, 16, MemoryOnly());
  const ObjectRef object = MakeObject(1, kGiB);
  PendingRead read = f.Read(object, 10 * kMiB, 4096);
  f.cache->Forget(1);
  PendingRead anew = f.Read(object, 10 * kMiB, 4096);
  f.store.FinishAll();
  EXPECT_EQ(f.store.requests(), 2u);
  EXPECT_TRUE(read.Good());
  EXPECT_TRUE(anew.Good());
}

TEST(BlockCache, ReadAheadGivesUpWithoutMemoryAndTheReaderStillProgresses) {
  CacheFixture f(kAutomatic, 24, MemoryOnly());
  const ObjectRef object = MakeObject(1, 64 * kMiB);
  // Somebody else (a writer) has nearly all of the pool.
  std::vector<BlockRef> held;
  while (held.size() < 18) held.push_back(f.pool->TryAllocate());
  for (std::uint64_t at = 0; at < object.size; at += kMiB) {
    ASSERT_TRUE(f.Read(object, at, kMiB).Good());
  }
}

TEST(BlockCache, AReadWithoutAnyBlockWaitsForOne) {
  CacheFixture f(kAutomatic, 16, MemoryOnly());
  const ObjectRef object = MakeObject(1, kGiB);
  std::vector<BlockRef> held;
  while (BlockRef block = f.pool->TryAllocate()) held.push_back(std::move(block));
  std::vector<PendingRead> reads;
  for (std::uint64_t i = 0; i < 6; ++i) {
    reads.push_back(f.Read(object, (10 + 3 * i) * kMiB - 4096, 8192));
  }
  EXPECT_EQ(f.store.requests(), 0u);
  held.resize(held.size() - 3);
  for (PendingRead& read : reads) EXPECT_TRUE(read.Good());
}

// More reads in flight than the pool has blocks: each needs two at once.
TEST(BlockCache, ManyWideReadsInASmallPoolAllFinish) {
  CacheFixture f(kAutomatic, 16, MemoryOnly());
  const ObjectRef object = MakeObject(1, kGiB);
  std::vector<PendingRead> reads;
  for (std::uint64_t i = 0; i < 64; ++i) {
    reads.push_back(f.Read(object, (5 + 4 * i) * kMiB + 512 * kKiB, kMiB));
  }
  for (PendingRead& read : reads) EXPECT_TRUE(read.Good());
}

TEST(BlockCache, ClosingFailsWhatHasNotStartedAndWaitsForTheRest) {
  BlockCacheOptions options = MemoryOnly();
  options.connections = 1;
  CacheFixture f(kManual, 16, options);
  const ObjectRef object = MakeObject(1, kGiB);
  PendingRead started = f.Read(object, 10 * kMiB, 4096);
  PendingRead waiting = f.Read(object, 50 * kMiB, 4096);
  std::thread closer([&] { f.cache.reset(); });
  const auto cancelled = waiting.Wait();
  ASSERT_FALSE(cancelled.ok());
  EXPECT_EQ(cancelled.error().error_class(), base::ErrorClass::kCancelled);
  f.store.FinishAll();
  closer.join();
  EXPECT_TRUE(started.Good());
}

TEST(BlockCache, AdoptedBlocksAreHits) {
  CacheFixture f(kManual, 16, MemoryOnly());
  const ObjectRef object = MakeObject(1, kMiB + 100);
  BlockCache::Adopted adopted;
  for (const std::uint32_t index : {0u, 1u}) {
    BlockRef block = f.pool->TryAllocate();
    testing_support::FillPattern(object.key, index * kMiB, block.bytes());
    adopted.resident.emplace_back(index, std::move(block));
  }
  f.cache->Adopt(object, std::move(adopted));
  PendingRead read = f.Read(object, 0, kMiB + 100);
  EXPECT_TRUE(read.hit());
  EXPECT_TRUE(read.Good());
}

// A file is adopted while a reader that was quicker is on the network: until its GET is over nobody
// else may call its pages valid, since the block could then be let go under the GET.
TEST(BlockCache, AnAdoptedFileLeavesThePagesOfAGetAlone) {
  CacheFixture f(kManual);
  const ObjectRef object = MakeObject(1, kGiB);
  const std::uint64_t at = 500 * kMiB;
  PendingRead early = f.Read(object, at, 4096);
  PendingRead over = f.Read(object, at + kGranuleSize + 65536, 4096);
  f.store.Finish(1);
  ASSERT_TRUE(over.Good());
  BlockCache::Adopted adopted;
  adopted.file = f.directory / "staged";
  adopted.granule_crcs.resize(kGiB / kGranuleSize);
  std::vector<std::byte> bytes(2 * kGranuleSize);
  testing_support::FillPattern(object.key, at, bytes);
  std::ofstream file(adopted.file, std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  for (const std::uint64_t i : {0, 1}) {
    adopted.granule_crcs[at / kGranuleSize + i] =
        base::Crc32c(0, std::span(bytes).subspan(i * kGranuleSize, kGranuleSize));
  }
  f.cache->Adopt(object, std::move(adopted));
  // The second granule comes from the disk, around the page that is here.
  PendingRead both = f.Read(object, at + 8192, 2 * kGranuleSize - 8192);
  EXPECT_EQ(f.store.ranges(),
            (std::vector<ByteRange>{
                {at, 4096}, {at + kGranuleSize + 65536, 4096}, {at + 8192, kGranuleSize - 8192}}));
  EXPECT_TRUE(f.Read(object, at + kGranuleSize, kGranuleSize).Good());
  EXPECT_FALSE(early.ready());
  f.store.FinishAll();
  EXPECT_TRUE(early.Good());
  EXPECT_TRUE(both.Good());
  EXPECT_EQ(f.store.requests(), 3u);
}

TEST(BlockCache, ManyThreadsReadTheRightBytes) {
  CacheFixture f(kAutomatic, 48, MemoryOnly());
  std::atomic<int> bad{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(static_cast<std::uint64_t>(t));
      std::uint64_t sequential = static_cast<std::uint64_t>(t) * 4 * kMiB;
      for (int i = 0; i < 60; ++i) {
        const ObjectRef object = MakeObject(1 + t % 3, 40 * kMiB + 777);
        const bool scan = i % 3 != 0;
        const std::uint64_t offset = scan ? sequential : random() % (39 * kMiB);
        const std::uint64_t length = scan ? 256 * kKiB : 1 + random() % (300 * kKiB);
        if (scan) sequential = (sequential + length) % (38 * kMiB);
        if (!f.Read(object, offset, length).Good()) ++bad;
        if (i % 20 == 19) f.cache->Forget(1 + (t + 1) % 3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad.load(), 0);
}

}  // namespace
}  // namespace cache
