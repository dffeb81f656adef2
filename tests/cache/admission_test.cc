#include "cache/admission.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "base/digest/digest.h"
#include "tests/cache/scripted_store.h"
#include "tests/support/temp_dir.h"

namespace cache {
namespace {

using base::ByteRange;
using base::kMiB;

struct Fixture {
  Fixture()
      : pool(
            std::move(BlockPool::Open({.bytes = 16 * kMiB, .touch_bytes = 0, .reserved_blocks = 0}))
                .value()),
        state(64 * kMiB, 8 * kMiB, metrics),
        tier(std::move(DiskTier::Open({.directory = directory / "c"})).value()) {
    admission.emplace(Admission::Options{}, state, *tier);
    const base::MutexLock lock(state.mutex);
    object = state.FindOrMake(ref);
  }
  void Load(const ByteRange& range) {
    const base::MutexLock lock(state.mutex);
    for (const ByteRange& run : object->Claim(range)) {
      for (const std::uint32_t index : object->MissingBlocks(run)) {
        object->Install(index, pool->TryAllocate());
      }
      for (const std::span<std::byte> piece : object->Memory(run)) {
        testing_support::FillPattern(ref.key, run.offset, piece);
      }
      EXPECT_TRUE(object->Publish(run).empty());
    }
  }
  std::uint64_t dropped() { return metrics.Get("cache_dropped_admissions").value(); }

  ObjectRef ref{.id = 3, .key = "k", .etag = "v1", .size = kMiB + 100};
  testing_support::TempDir directory;
  base::Metrics metrics;
  std::unique_ptr<BlockPool> pool;
  CacheState state;
  std::unique_ptr<DiskTier> tier;
  std::optional<Admission> admission;
  std::shared_ptr<CachedObject> object;
};

TEST(Admission, BringsRunsToDiskAndSavesTheIndex) {
  Fixture f;
  f.Load({0, kMiB});
  f.Load({kMiB, 100});
  f.admission->Offer(f.object, {{0, kMiB + 100}});
  f.admission.reset();
  EXPECT_EQ(f.tier->bytes(), kMiB + 100);
  EXPECT_EQ(f.dropped(), 0u);
  EXPECT_EQ(std::filesystem::file_size(f.directory / "c/3.data"), kMiB + 100);
  EXPECT_EQ(ReadSidecar(f.directory / "c/3.sum").value().granules.bytes(), kMiB + 100);
  const base::MutexLock lock(f.state.mutex);
  EXPECT_NE(f.object->file, nullptr);
}

// Nothing is summed twice, and a sum of the bytes in memory would vouch for damage done there.
TEST(Admission, TakesTheSumsThatAreKnown) {
  Fixture f;
  f.ref.sums = base::Share({1, 2, 0, 0, 0, 0, 0, 0, 9});
  f.object = std::make_shared<CachedObject>(f.ref, f.state.lru);
  f.Load({0, kMiB});
  f.Load({kMiB, 100});
  f.admission->Offer(f.object, {{0, kMiB + 100}});
  f.admission.reset();
  const auto sidecar = ReadSidecar(f.directory / "c/3.sum");
  ASSERT_TRUE(sidecar.ok());
  EXPECT_EQ(sidecar->granules.crc(0), 1u);
  EXPECT_EQ(sidecar->granules.crc(1), 2u);
  std::vector<std::byte> third(kGranuleSize);
  testing_support::FillPattern(f.ref.key, 2 * kGranuleSize, third);
  EXPECT_EQ(sidecar->granules.crc(2), base::Crc32c(0, third));
  EXPECT_EQ(sidecar->granules.crc(8), 9u);
}

TEST(Admission, ARunThatLeftMemoryIsDropped) {
  Fixture f;
  f.Load({0, kMiB});
  {
    const base::MutexLock lock(f.state.mutex);
    EXPECT_EQ(f.state.lru.Evict(1).size(), 1u);
  }
  f.admission->Offer(f.object, {{0, kMiB}});
  f.admission.reset();
  EXPECT_EQ(f.tier->bytes(), 0u);
  EXPECT_EQ(f.dropped(), 1u);
}

TEST(Admission, AForgottenObjectLeavesNoFile) {
  Fixture f;
  f.Load({0, kMiB});
  f.admission->Offer(f.object, {{0, kMiB}});
  {
    const base::MutexLock lock(f.state.mutex);
    f.object->Forget();
  }
  f.admission->Drop(3);
  f.admission.reset();
  EXPECT_FALSE(std::filesystem::exists(f.directory / "c/3.data"));
  EXPECT_EQ(f.tier->bytes(), 0u);
}

}  // namespace
}  // namespace cache
