#include <gtest/gtest.h>

#include <set>

#include "base/digest/digest.h"

namespace base {
namespace {

std::span<const std::uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(HexLower, EveryNibble) {
  const std::array<std::uint8_t, 8> bytes = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
  EXPECT_EQ(HexLower(bytes), "0123456789abcdef");
  EXPECT_EQ(HexLower({}), "");
}

TEST(Base64, PublishedVectors) {
  // RFC 4648, section 10.
  EXPECT_EQ(Base64(Bytes("")), "");
  EXPECT_EQ(Base64(Bytes("f")), "Zg==");
  EXPECT_EQ(Base64(Bytes("fo")), "Zm8=");
  EXPECT_EQ(Base64(Bytes("foo")), "Zm9v");
  EXPECT_EQ(Base64(Bytes("foob")), "Zm9vYg==");
  EXPECT_EQ(Base64(Bytes("fooba")), "Zm9vYmE=");
  EXPECT_EQ(Base64(Bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(Base64(Bytes("\xfb\xff\xfe")), "+//+");
}

TEST(Base64Decode, UndoesBase64) {
  for (const std::string_view text : {"", "f", "fo", "foo", "foob", "fooba", "\xfb\xff\xfe"}) {
    EXPECT_EQ(Base64Decode(Base64(Bytes(text))), text);
  }
  for (const char* text :
       {"Zg", "Zg=", "Zg==x", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zm9-", "=m9v", "Zg==Zg=="}) {
    EXPECT_FALSE(Base64Decode(text)) << text;
  }
}

TEST(Base64Crc32c, BigEndian) {
  EXPECT_EQ(Base64Crc32c(0xE3069283), "4waSgw==");
  EXPECT_EQ(Base64Crc32c(1), "AAAAAQ==");
}

TEST(RandomHex, HasTheLengthAskedForAndDoesNotRepeat) {
  EXPECT_EQ(RandomHex(0), "");
  EXPECT_EQ(RandomHex(1000).size(), 2000u);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(RandomHex(16));
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(RandomHex(100).find_first_not_of("0123456789abcdef"), std::string::npos);
}

}  // namespace
}  // namespace base
