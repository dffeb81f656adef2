#include "base/digest/piece_sums.h"

#include <gtest/gtest.h>

#include <string>

namespace base {
namespace {

TEST(PieceSums, CountsTheLastPieceAsWell) {
  EXPECT_EQ(CountPieces(0), 0u);
  EXPECT_EQ(CountPieces(1), 1u);
  EXPECT_EQ(CountPieces(kSummedPieceSize), 1u);
  EXPECT_EQ(CountPieces(kSummedPieceSize + 1), 2u);
}

TEST(PieceSums, AreSharedWhereOneIsKnown) {
  EXPECT_EQ(Share({}), nullptr);
  EXPECT_EQ(Share({0, 0}), nullptr);
  ASSERT_NE(Share({0, 7}), nullptr);
  EXPECT_EQ(*Share({0, 7}), (PieceSums{0, 7}));
}

TEST(PieceSums, ComeBackAsTheyWere) {
  const PieceSums sums{0x01020304, 0, 0xfffefdfc};
  const std::string text = EncodePieceSums(sums);
  EXPECT_EQ(text, std::string("\x04\x03\x02\x01\0\0\0\0\xfc\xfd\xfe\xff", 12));
  const SharedPieceSums decoded = DecodePieceSums(text, 2 * kSummedPieceSize + 1);
  ASSERT_NE(decoded, nullptr);
  EXPECT_EQ(*decoded, sums);
}

TEST(PieceSums, OfOtherBytesAreRefused) {
  EXPECT_EQ(DecodePieceSums("", 0), nullptr);
  EXPECT_EQ(DecodePieceSums("", 5), nullptr);
  EXPECT_EQ(DecodePieceSums("abc", 5), nullptr);
  EXPECT_NE(DecodePieceSums("abcd", 5), nullptr);
  EXPECT_EQ(DecodePieceSums("abcd", kSummedPieceSize + 1), nullptr);
  EXPECT_EQ(DecodePieceSums("abcdefgh", kSummedPieceSize), nullptr);
}

}  // namespace
}  // namespace base
