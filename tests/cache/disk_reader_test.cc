// The disk tier through BlockCache: what is admitted, read back, verified and kept over a remount.
#include "cache/disk_reader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/digest/digest.h"
#include "tests/cache/cache_fixture.h"

namespace cache {
namespace {

namespace fs = std::filesystem;
using base::ByteRange;
using base::kKiB;
using base::kMiB;
using testing_support::CacheFixture;
using testing_support::MakeObject;
using testing_support::PendingRead;
using testing_support::ScriptedStore;

struct Fixture : CacheFixture {
  explicit Fixture(BlockCacheOptions cache_options = {}, std::size_t blocks = 64)
      : CacheFixture(ScriptedStore::Mode::kAutomatic, blocks, std::move(cache_options)) {}
  // Closing writes everything out; the new cache has nothing in memory.
  void Remount() {
    cache.reset();
    Mount();
  }
  bool Scan(const ObjectRef& object, std::uint64_t step = kMiB) {
    for (std::uint64_t at = 0; at < object.size; at += step) {
      if (!Read(object, at, std::min(step, object.size - at)).Good()) return false;
    }
    return true;
  }
  fs::path Data(std::int64_t id) const {
    return options.directory / (std::to_string(id) + ".data");
  }
};

void Scribble(const fs::path& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put('#');
}

TEST(DiskCache, AfterARemountNothingIsFetchedAgain) {
  Fixture f;
  const ObjectRef object = MakeObject(1, 30 * kMiB + 12345);
  ASSERT_TRUE(f.Scan(object));
  const std::uint64_t fetched = f.store.bytes();
  EXPECT_EQ(fetched, object.size);
  f.Remount();
  ASSERT_TRUE(f.Scan(object));
  EXPECT_EQ(f.store.bytes(), fetched);
  EXPECT_EQ(f.Count("cache_disk_bytes"), WholePages({0, object.size}).length);
  EXPECT_EQ(f.Count("cache_corrupt_granules"), 0u);
}

TEST(DiskCache, AFileLargerThanThePoolComesBackFromDisk) {
  Fixture f({}, 24);
  const ObjectRef object = MakeObject(1, 64 * kMiB);
  ASSERT_TRUE(f.Scan(object, 128 * kKiB));
  f.Remount();
  const std::uint64_t fetched = f.store.bytes();
  const std::uint64_t read = f.Count("cache_disk_bytes");
  ASSERT_TRUE(f.Scan(object, 128 * kKiB));
  // What the writer could not take in time was dropped and is fetched now, nothing else.
  EXPECT_EQ(f.store.bytes() - fetched + f.Count("cache_disk_bytes") - read, object.size);
}

TEST(DiskCache, ADamagedGranuleIsFetchedAgain) {
  Fixture f;
  const ObjectRef object = MakeObject(1, 10 * kMiB);
  ASSERT_TRUE(f.Scan(object));
  f.cache.reset();
  Scribble(f.Data(1), 3 * kMiB + 130 * kKiB);
  f.Mount();
  const std::uint64_t fetched = f.store.bytes();
  ASSERT_TRUE(f.Scan(object));
  EXPECT_EQ(f.store.bytes() - fetched, kGranuleSize);
  EXPECT_EQ(f.Count("cache_corrupt_granules"), 1u);
  f.Remount();
  ASSERT_TRUE(f.Scan(object));
  EXPECT_EQ(f.store.bytes() - fetched, kGranuleSize);
}

TEST(DiskCache, AnUnlinkedFileIsFetchedAgain) {
  Fixture f;
  const ObjectRef object = MakeObject(1, 4 * kMiB);
  ASSERT_TRUE(f.Scan(object));
  f.Remount();
  fs::remove(f.Data(1));
  EXPECT_TRUE(f.Scan(object));
}

TEST(DiskCache, PartOfAGranuleInMemoryIsLeftAlone) {
  Fixture f;
  const ObjectRef object = MakeObject(1, 32 * kMiB);
  ASSERT_TRUE(f.Read(object, 20 * kMiB, kMiB).Good());
  f.Remount();
  // Pages of one granule: some from disk while others are pinned by a reader.
  auto pinned = f.Read(object, 20 * kMiB, 4096).Wait();
  ASSERT_TRUE(pinned.ok());
  ASSERT_TRUE(f.Read(object, 20 * kMiB + 100, kMiB - 100).Good());
  EXPECT_TRUE(testing_support::IsPattern(object.key, 20 * kMiB, pinned.value()));
}

TEST(DiskCache, AFullCacheDropsAdmissionsAndFailsNoRead) {
  BlockCacheOptions options;
  options.disk_bytes = 4 * kMiB;
  Fixture f(options);
  const ObjectRef object = MakeObject(1, 40 * kMiB);
  ASSERT_TRUE(f.Scan(object));
  f.Remount();
  EXPECT_GT(f.Count("cache_dropped_admissions"), 0u);
  const std::uint64_t fetched = f.store.bytes();
  ASSERT_TRUE(f.Scan(object));
  EXPECT_GT(f.store.bytes(), fetched);
  EXPECT_GT(f.Count("cache_disk_bytes"), 0u);
}

TEST(DiskCache, AnUnwritableDirectoryFailsNoRead) {
  Fixture f;
  fs::remove_all(f.options.directory);
  const ObjectRef object = MakeObject(1, 10 * kMiB);
  ASSERT_TRUE(f.Scan(object));
  f.cache.reset();
  EXPECT_GT(f.Count("cache_dropped_admissions"), 0u);
}

TEST(DiskCache, ForgetRemovesTheFiles) {
  Fixture f;
  ASSERT_TRUE(f.Scan(MakeObject(1, 4 * kMiB)));
  f.Remount();
  ASSERT_TRUE(fs::exists(f.Data(1)));
  f.cache->Forget(1);
  f.cache.reset();
  EXPECT_TRUE(fs::is_empty(f.options.directory));
}

TEST(DiskCache, AnAdoptedFileIsReadWithoutAnyGet) {
  Fixture f;
  const ObjectRef object = MakeObject(9, 2 * kMiB + 300);
  std::vector<std::byte> content(object.size);
  testing_support::FillPattern(object.key, 0, content);
  BlockCache::Adopted adopted;
  adopted.file =
      f.directory.Write("staged", {reinterpret_cast<const char*>(content.data()), content.size()});
  for (std::uint64_t at = 0; at < object.size; at += kGranuleSize) {
    const std::uint64_t length = std::min(kGranuleSize, object.size - at);
    adopted.granule_crcs.emplace_back(
        base::Crc32c(0, std::span<const std::byte>(content).subspan(at, length)));
  }
  BlockRef block = f.pool->TryAllocate();
  std::copy_n(content.begin() + kMiB, kMiB, block.bytes().begin());
  adopted.resident.emplace_back(1, std::move(block));
  f.cache->Adopt(object, std::move(adopted));
  EXPECT_TRUE(f.Read(object, kMiB, kMiB).hit());
  EXPECT_TRUE(f.Scan(object));
  f.Remount();
  EXPECT_TRUE(f.Scan(object));
  EXPECT_EQ(f.store.requests(), 0u);
}

TEST(DiskCache, ARenamedObjectKeepsItsBytesOnDiskAndInMemory) {
  Fixture f;
  const ObjectRef old = MakeObject(1, 3 * kMiB + 9);
  ASSERT_TRUE(f.Scan(old));
  f.Remount();
  ASSERT_TRUE(f.Read(old, kMiB, 4096).Good());
  const std::size_t requests = f.store.requests();
  ObjectRef moved = old;  // the same key, so that the test's bytes are the same
  moved.id = 2;
  moved.etag = "v2";
  f.cache->Rename(1, moved);
  EXPECT_TRUE(f.Read(moved, kMiB, 4096).hit());
  EXPECT_TRUE(f.Scan(moved));
  EXPECT_FALSE(fs::exists(f.Data(1)));
  f.Remount();
  EXPECT_TRUE(f.Scan(moved));
  EXPECT_EQ(f.store.requests(), requests);
}

// No file to rename (it was on another file system): what is in memory goes to disk as if fetched.
TEST(DiskCache, AdoptedBlocksWithoutAFileAreAdmitted) {
  Fixture f;
  const ObjectRef object = MakeObject(9, kMiB + 5);
  BlockCache::Adopted adopted;
  for (const std::uint32_t index : {0u, 1u}) {
    BlockRef block = f.pool->TryAllocate();
    testing_support::FillPattern(object.key, index * kMiB, block.bytes());
    adopted.resident.emplace_back(index, std::move(block));
  }
  f.cache->Adopt(object, std::move(adopted));
  f.Remount();
  EXPECT_TRUE(f.Scan(object));
  EXPECT_EQ(f.store.requests(), 0u);
}

TEST(DiskCache, ManyThreadsReadTheRightBytesFromAllTiers) {
  BlockCacheOptions options;
  options.disk_bytes = 40 * kMiB;
  Fixture f(options, 24);
  std::atomic<int> bad{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(static_cast<std::uint64_t>(t));
      for (int i = 0; i < 60; ++i) {
        const auto id = static_cast<std::int64_t>(1 + random() % 4);
        const ObjectRef object = MakeObject(id, 12 * kMiB + 777);
        const std::uint64_t offset = random() % (12 * kMiB);
        const std::uint64_t length = std::min(1 + random() % kMiB, object.size - offset);
        if (!f.Read(object, offset, length).Good()) ++bad;
        if (random() % 40 == 0) f.cache->Forget(id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad.load(), 0);
  EXPECT_EQ(f.Count("cache_corrupt_granules"), 0u);
}

}  // namespace
}  // namespace cache
