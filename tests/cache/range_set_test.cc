#include "cache/range_set.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "cache/granules.h"
#include "cache/part_layout.h"

namespace cache {
namespace {

using base::ByteRange;

TEST(RangeSet, MergesWhatTouches) {
  RangeSet set;
  set.Add({0, 10});
  set.Add({10, 5});
  set.Add({20, 5});
  EXPECT_EQ(set.count(), 2u);
  set.Add({15, 5});
  EXPECT_EQ(set.All(), (std::vector<ByteRange>{{0, 25}}));
  set.Remove({5, 10});
  EXPECT_EQ(set.All(), (std::vector<ByteRange>{{0, 5}, {15, 10}}));
  EXPECT_EQ(set.Gaps({0, 30}), (std::vector<ByteRange>{{5, 10}, {25, 5}}));
  EXPECT_EQ(set.In({3, 14}), (std::vector<ByteRange>{{3, 2}, {15, 2}}));
  EXPECT_EQ(set.bytes(), 15u);
}

TEST(RangeSet, EmptyRangesAreInsideEverything) {
  RangeSet set;
  EXPECT_TRUE(set.Contains({7, 0}));
  EXPECT_FALSE(set.Overlaps({7, 0}));
  set.Add({5, 0});
  EXPECT_TRUE(set.empty());
}

// Against a plain array of flags.
TEST(RangeSet, AgreesWithAModel) {
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    RangeSet set;
    std::vector<bool> model(200);
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t offset = random() % 200;
      const std::uint64_t length = random() % std::min<std::uint64_t>(40, 201 - offset);
      const bool add = random() % 3 != 0;
      add ? set.Add({offset, length}) : set.Remove({offset, length});
      bool all = true;
      bool any = false;
      for (std::uint64_t i = offset; i < offset + length; ++i) model[i] = add;
      const std::uint64_t from = random() % 200;
      const std::uint64_t count = random() % (201 - from);
      std::uint64_t inside = 0;
      for (std::uint64_t i = from; i < from + count; ++i) {
        all = all && model[i];
        any = any || model[i];
        inside += model[i] ? 1 : 0;
      }
      ASSERT_EQ(set.Contains({from, count}), all);
      ASSERT_EQ(set.Overlaps({from, count}), any);
      std::uint64_t in = 0;
      for (const ByteRange& piece : set.In({from, count})) in += piece.length;
      ASSERT_EQ(in, inside);
      std::uint64_t gaps = 0;
      for (const ByteRange& piece : set.Gaps({from, count})) gaps += piece.length;
      ASSERT_EQ(gaps, count - inside);
    }
  }
}

TEST(PartLayout, SomeStoresWantEqualParts) {
  const PartLayout layout(8u << 20, true);
  EXPECT_EQ(layout.max_size(), 80'000ull << 20);
  EXPECT_EQ(layout.Count(layout.max_size()), PartLayout::kParts);
  for (const std::uint32_t number : {1u, 4000u, 4001u, 10000u}) {
    EXPECT_EQ(layout.Range(number).length, 8u << 20) << number;
    EXPECT_EQ(layout.PartOf(layout.Range(number).offset), number);
  }
}

TEST(PartLayout, GrowsAfterFourThousandParts) {
  const PartLayout layout(8u << 20);
  EXPECT_EQ(layout.Count(0), 0u);
  EXPECT_EQ(layout.Count(1), 1u);
  EXPECT_EQ(layout.Count(8u << 20), 1u);
  EXPECT_EQ(layout.Count((8u << 20) + 1), 2u);
  EXPECT_EQ(layout.PartOf(4000ull * (8u << 20) - 1), 4000u);
  EXPECT_EQ(layout.PartOf(4000ull * (8u << 20)), 4001u);
  EXPECT_EQ(layout.Range(4001).length, 64u << 20);
  EXPECT_EQ(layout.Range(4002).offset, layout.Range(4001).end());
  EXPECT_EQ(layout.PartOf(layout.max_size() - 1), 10000u);
  EXPECT_EQ(layout.Range(10000).end(), layout.max_size());
  EXPECT_GT(layout.max_size(), 400ull << 30);
  EXPECT_EQ(layout.Range(2, 10u << 20), (ByteRange{8u << 20, 2u << 20}));
  EXPECT_TRUE(layout.Range(3, 10u << 20).empty());
}

TEST(Granules, AreBitsOfABlock) {
  EXPECT_EQ(GranulesOf(1, {kBlockSize, 1}), 0x01);
  EXPECT_EQ(GranulesOf(1, {0, 4 * kBlockSize}), 0xff);
  EXPECT_EQ(GranulesOf(0, {kGranuleSize - 1, 2}), 0x03);
  EXPECT_EQ(GranulesOf(2, {0, kBlockSize}), 0);
  EXPECT_EQ(WholeGranulesOf(0, {1, 3 * kGranuleSize}), 0x06);
}

}  // namespace
}  // namespace cache
