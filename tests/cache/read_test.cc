#include "cache/read.h"

#include <gtest/gtest.h>

#include <array>

#include "cache/block_cache.h"

namespace cache {
namespace {

TEST(PinnedBytes, SizeIsTheSumOfThePieces) {
  static constexpr std::array<std::byte, 100> kBytes{};
  PinnedBytes bytes;
  EXPECT_EQ(bytes.size(), 0u);
  bytes.pieces.push_back({.bytes = std::span(kBytes), .hold = {}});
  bytes.pieces.push_back({.bytes = std::span(kBytes).first(20), .hold = {}});
  EXPECT_EQ(bytes.size(), 120u);
}

TEST(ObjectRef, KnowsTheSumsItWasGiven) {
  ObjectRef object;
  object.size = 3 * kGranuleSize;
  EXPECT_EQ(object.SumOf(0), std::nullopt);
  object.sums = base::Share({5, 0, 7});
  EXPECT_EQ(object.SumOf(0), 5u);
  EXPECT_EQ(object.SumOf(1), std::nullopt);
  EXPECT_EQ(object.SumOf(2), 7u);
  EXPECT_EQ(object.SumOf(3), std::nullopt);
}

}  // namespace
}  // namespace cache
