#include "base/bytes.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(ByteRange, Intersect) {
  EXPECT_EQ(Intersect({0, 10}, {5, 10}), (ByteRange{5, 5}));
  EXPECT_EQ(Intersect({5, 10}, {0, 10}), (ByteRange{5, 5}));
  EXPECT_EQ(Intersect({0, 100}, {20, 3}), (ByteRange{20, 3}));
  EXPECT_TRUE(Intersect({0, 10}, {10, 5}).empty()) << "touching is not overlapping";
  EXPECT_TRUE(Intersect({0, 10}, {50, 5}).empty());
  EXPECT_TRUE(Intersect({3, 0}, {0, 10}).empty());
}

TEST(ParseSize, Accepts) {
  EXPECT_EQ(ParseSize("0").value(), 0u);
  EXPECT_EQ(ParseSize("500000").value(), 500'000u);
  EXPECT_EQ(ParseSize("7B").value(), 7u);
  EXPECT_EQ(ParseSize("64K").value(), 64 * kKiB);
  EXPECT_EQ(ParseSize("64m").value(), 64 * kMiB);
  EXPECT_EQ(ParseSize("1GiB").value(), kGiB);
  EXPECT_EQ(ParseSize("2TiB").value(), 2048 * kGiB);
  EXPECT_EQ(ParseSize("18446744073709551615").value(), UINT64_MAX);
  EXPECT_EQ(ParseSize("15E").value(), std::uint64_t{15} << 60);
}

TEST(ParseSize, RefusesWithTheTextAndAnExample) {
  for (const char* text : {"", "M", "-1", "+1", " 1", "1 M", "1.5G", "1KB", "1Mi", "1MiBs", "1X",
                           "0x10", "18446744073709551616", "16E", "99999999999999999999999"}) {
    const Result<std::uint64_t> result = ParseSize(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().error_class(), ErrorClass::kInvalid);
    EXPECT_NE(result.error().message().find(text), std::string::npos);
    EXPECT_NE(result.error().message().find("64M"), std::string::npos);
  }
}

TEST(FormatSize, ForPeople) {
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(1023), "1023 B");
  EXPECT_EQ(FormatSize(1024), "1.0 KiB");
  EXPECT_EQ(FormatSize(kGiB + kGiB / 2), "1.5 GiB");
  EXPECT_EQ(FormatSize(kMiB - 1), "1.0 MiB") << "never \"1024.0 KiB\"";
  EXPECT_EQ(FormatSize(UINT64_MAX), "16.0 EiB");
}

}  // namespace
}  // namespace base
