#include "cache/page_map.h"

#include <gtest/gtest.h>

#include <vector>

namespace cache {
namespace {

TEST(PageMap, SetsCountsAndClearsAcrossWords) {
  PageMap map;
  EXPECT_TRUE(map.None());
  map.Set(60, 80);
  EXPECT_FALSE(map.Test(59));
  EXPECT_TRUE(map.Test(60));
  EXPECT_TRUE(map.Test(139));
  EXPECT_FALSE(map.Test(140));
  EXPECT_EQ(map.Count(0, kPagesPerBlock), 80u);
  EXPECT_TRUE(map.All(64, 64));
  EXPECT_FALSE(map.All(59, 2));
  map.Clear(64, 64);
  EXPECT_EQ(map.Count(0, kPagesPerBlock), 16u);
  map.Clear(0, kPagesPerBlock);
  EXPECT_TRUE(map.None());
  map.Set(0, 0);
  EXPECT_TRUE(map.None());
}

TEST(PageMap, FillsTheWholeBlock) {
  PageMap map;
  map.Set(0, kPagesPerBlock);
  EXPECT_TRUE(map.All(0, kPagesPerBlock));
}

TEST(WholePages, RoundsOutwards) {
  EXPECT_EQ(WholePages({4095, 2}), (base::ByteRange{0, 8192}));
  EXPECT_EQ(WholePages({4096, 4096}), (base::ByteRange{4096, 4096}));
  EXPECT_TRUE(WholePages({4097, 0}).empty()) << "of nothing";
}

TEST(ForEachBlock, CutsAtBlockBounds) {
  struct Visit {
    std::uint32_t index, first, count;
    bool operator==(const Visit&) const = default;
  };
  std::vector<Visit> seen;
  ForEachBlock({kBlockSize - kPageSize, 2 * kPageSize + kBlockSize},
               [&](std::uint32_t index, std::uint32_t first, std::uint32_t count) {
                 seen.push_back({index, first, count});
               });
  EXPECT_EQ(seen, (std::vector<Visit>{{0, 255, 1}, {1, 0, 256}, {2, 0, 1}}));
}

}  // namespace
}  // namespace cache
