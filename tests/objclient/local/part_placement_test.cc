#include "objclient/local/part_placement.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(PartPlacement, InOrder) {
  PartPlacement placement;
  EXPECT_EQ(placement.Claim(1, 8), 0u);
  EXPECT_EQ(placement.Claim(2, 8), 8u);
  EXPECT_EQ(placement.Claim(3, 3), 16u);
}

TEST(PartPlacement, UniformPartsInAnyOrder) {
  PartPlacement placement;
  EXPECT_EQ(placement.Claim(3, 8), 16u);
  EXPECT_EQ(placement.Claim(1, 8), 0u);
  EXPECT_EQ(placement.Claim(2, 8), 8u);
  EXPECT_EQ(placement.Claim(5, 2), 32u) << "the last part is shorter";
  EXPECT_EQ(placement.Claim(4, 8), 24u);
}

TEST(PartPlacement, ShortLastPartFirst) {
  PartPlacement placement;
  EXPECT_EQ(placement.Claim(3, 2), 4u);  // wrong, as nothing is known yet
  EXPECT_EQ(placement.Claim(1, 8), std::nullopt) << "would overlap";
}

TEST(PartPlacement, GrowingParts) {
  PartPlacement placement;
  EXPECT_EQ(placement.Claim(1, 8), 0u);
  EXPECT_EQ(placement.Claim(2, 8), 8u);
  EXPECT_EQ(placement.Claim(4, 16), std::nullopt) << "part 3 may be of either size";
  EXPECT_EQ(placement.Claim(3, 16), 16u);
  EXPECT_EQ(placement.Claim(4, 16), 32u);
}

TEST(PartPlacement, PartThatHasRoomGetsNoSecond) {
  PartPlacement placement;
  EXPECT_EQ(placement.Claim(1, 8), 0u);
  EXPECT_EQ(placement.Claim(1, 8), std::nullopt);
  placement.Release(1);
  EXPECT_EQ(placement.Claim(1, 8), 0u);
}

TEST(PartPlacement, RestoredParts) {
  PartPlacement placement;
  placement.Restore(2, {8, 8});
  EXPECT_EQ(placement.Claim(2, 8), std::nullopt);
  EXPECT_EQ(placement.Claim(1, 8), 0u);
  EXPECT_EQ(placement.Claim(3, 8), 16u);
}

}  // namespace
}  // namespace objclient
