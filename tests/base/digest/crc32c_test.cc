#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/digest/digest.h"

namespace base {
namespace {

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::uint32_t BitwiseCrc32c(std::span<const std::byte> data) {
  std::uint32_t crc = 0xffffffff;
  for (const std::byte byte : data) {
    crc ^= static_cast<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
  }
  return ~crc;
}

std::vector<std::byte> RandomBytes(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(Crc32c, PublishedVectors) {
  EXPECT_EQ(Crc32c(0, {}), 0u);
  EXPECT_EQ(Crc32c(0, Bytes("123456789")), 0xE3069283u);
  // RFC 3720, B.4.
  EXPECT_EQ(Crc32c(0, std::vector<std::byte>(32, std::byte{0x00})), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(0, std::vector<std::byte>(32, std::byte{0xff})), 0x62A8AB43u);
  std::vector<std::byte> rising(32);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<std::byte>(i);
  EXPECT_EQ(Crc32c(0, rising), 0x46DD794Eu);
}

TEST(Crc32c, AgreesWithTheBitwiseDefinition) {
  const std::vector<std::byte> bytes = RandomBytes(4200);
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 7) {
    for (std::size_t start = 0; start < 9 && start + size <= bytes.size(); ++start) {
      const auto part = std::span(bytes).subspan(start, size);
      ASSERT_EQ(Crc32c(0, part), BitwiseCrc32c(part)) << "size " << size << " start " << start;
    }
  }
}

TEST(Crc32c, ContinuesARunningSum) {
  const std::vector<std::byte> bytes = RandomBytes(1000);
  const std::uint32_t whole = Crc32c(0, bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 37) {
    const auto all = std::span(bytes);
    ASSERT_EQ(Crc32c(Crc32c(0, all.first(cut)), all.subspan(cut)), whole) << cut;
  }
}

TEST(Crc32c, CombinesTwoSums) {
  const std::vector<std::byte> bytes = RandomBytes(300'001);
  const auto all = std::span(bytes);
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{4096},
                                std::size_t{131'072}, std::size_t{299'999}, bytes.size()}) {
    const std::uint32_t combined =
        Crc32cCombine(Crc32c(0, all.first(cut)), Crc32c(0, all.subspan(cut)), bytes.size() - cut);
    EXPECT_EQ(combined, Crc32c(0, bytes)) << cut;
  }
}

TEST(Crc32c, CombinesLengthsNoBufferCouldHave) {
  // (A + B) + C == A + (B + C), with lengths up to 2^63.
  const std::uint32_t a = 0x12345678, b = 0x9abcdef0, c = 0x0badf00d;
  const std::uint64_t b_length = std::uint64_t{1} << 62, c_length = (std::uint64_t{1} << 40) + 5;
  EXPECT_EQ(Crc32cCombine(Crc32cCombine(a, b, b_length), c, c_length),
            Crc32cCombine(a, Crc32cCombine(b, c, c_length), b_length + c_length));
}

}  // namespace
}  // namespace base
