#include "cache/read.h"

#include <gtest/gtest.h>

#include <array>

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

}  // namespace
}  // namespace cache
