#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "cache/block_cache.h"
#include "tests/cache/cache_fixture.h"

namespace cache {
namespace {

using base::ByteRange;
using base::kMiB;
using testing_support::CacheFixture;
using testing_support::MakeObject;
using testing_support::ScriptedStore;

struct Fixture : CacheFixture {
  Fixture() : CacheFixture(ScriptedStore::Mode::kManual, 64, MemoryOnly()) {}
  static BlockCacheOptions MemoryOnly() {
    BlockCacheOptions options;
    options.disk_bytes = 0;
    return options;
  }
  // What the file must hold at `range`.
  std::vector<std::byte> Expected(const ByteRange& range) const {
    std::vector<std::byte> want(range.length);
    for (const FileExtent& extent : extents) {
      const ByteRange part = base::Intersect({extent.offset, extent.length}, range);
      testing_support::FillPattern(
          extent.object.key, part.offset - extent.offset + extent.object_offset,
          std::span(want).subspan(part.empty() ? 0 : part.offset - range.offset, part.length));
    }
    return want;
  }
  static std::vector<std::byte> Flat(const PinnedBytes& bytes) {
    std::vector<std::byte> flat;
    for (const auto& piece : bytes.pieces) {
      flat.insert(flat.end(), piece.bytes.begin(), piece.bytes.end());
    }
    return flat;
  }
  const std::vector<FileExtent> extents = {{.offset = kMiB,
                                            .length = 300000,
                                            .object_offset = 20 * kMiB,
                                            .object = MakeObject(1, 64 * kMiB)},
                                           {.offset = 2 * kMiB,
                                            .length = kMiB,
                                            .object_offset = 777,
                                            .object = MakeObject(2, 64 * kMiB)}};
};

TEST(ReadExtents, AHoleIsZerosAtOnce) {
  Fixture f;
  const auto bytes = ReadExtents(*f.cache, f.extents, {5 * kMiB, kMiB}, [](auto) { FAIL(); });
  ASSERT_TRUE(bytes.has_value());
  EXPECT_EQ(Fixture::Flat(*bytes), std::vector<std::byte>(kMiB));
  EXPECT_EQ(f.store.requests(), 0u);
}

TEST(ReadExtents, GathersExtentsOfSeveralObjectsAndHoles) {
  Fixture f;
  const ByteRange range{kMiB - 5000, 2 * kMiB};
  std::promise<base::Result<PinnedBytes>> promise;
  const auto now = ReadExtents(*f.cache, f.extents, range,
                               [&](auto result) { promise.set_value(std::move(result)); });
  EXPECT_FALSE(now.has_value());
  f.store.FinishAll();
  const auto later = promise.get_future().get();
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(Fixture::Flat(later.value()), f.Expected(range));
  // All of it is here now; a single extent inside is a plain read.
  const auto again = ReadExtents(*f.cache, f.extents, range, [](auto) { FAIL(); });
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(Fixture::Flat(*again), f.Expected(range));
  const ByteRange inside{kMiB + 100, 1000};
  const auto one = ReadExtents(*f.cache, f.extents, inside, [](auto) { FAIL(); });
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(Fixture::Flat(*one), f.Expected(inside));
}

TEST(ReadExtents, AnErrorOfOnePartFailsTheWholeOnce) {
  Fixture f;
  int told = 0;
  std::optional<base::ErrorClass> error;
  EXPECT_FALSE(ReadExtents(*f.cache, f.extents, {kMiB, 2 * kMiB}, [&](auto result) {
                 ++told;
                 if (!result.ok()) error = result.error().error_class();
               }).has_value());
  ASSERT_EQ(f.store.requests(), 2u);
  f.store.Fail(0, base::Error(base::ErrorClass::kConflict, "412"));
  EXPECT_EQ(told, 0);
  f.store.Finish(1);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(error, base::ErrorClass::kConflict);
}

}  // namespace
}  // namespace cache
