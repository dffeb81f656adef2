#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/digest/digest.h"

namespace base {
namespace {

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::uint64_t BitwiseCrc64Nvme(std::span<const std::byte> data) {
  std::uint64_t crc = ~std::uint64_t{0};
  for (const std::byte byte : data) {
    crc ^= static_cast<std::uint64_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x9A6C9329AC4BC9B5u : 0u);
    }
  }
  return ~crc;
}

std::vector<std::byte> RandomBytes(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(Crc64Nvme, PublishedVectors) {
  EXPECT_EQ(Crc64Nvme(0, {}), 0u);
  EXPECT_EQ(Crc64Nvme(0, Bytes("123456789")), 0xAE8B14860A799888u);
  // NVM Command Set Specification, "64b CRC Guard test cases".
  EXPECT_EQ(Crc64Nvme(0, std::vector<std::byte>(4096, std::byte{0x00})), 0x6482D367EB22B64Eu);
  EXPECT_EQ(Crc64Nvme(0, std::vector<std::byte>(4096, std::byte{0xff})), 0xC0DDBA7302ECA3ACu);
  std::vector<std::byte> rising(4096), falling(4096);
  for (std::size_t i = 0; i < rising.size(); ++i) {
    rising[i] = static_cast<std::byte>(i);
    falling[i] = static_cast<std::byte>(255 - i);
  }
  EXPECT_EQ(Crc64Nvme(0, rising), 0x3E729F5F6750449Cu);
  EXPECT_EQ(Crc64Nvme(0, falling), 0x9A2DF64B8E9E517Eu);
}

TEST(Crc64Nvme, FoldingAgreesWithTheBitwiseDefinition) {
  const std::vector<std::byte> bytes = RandomBytes(2100);
  for (std::size_t size = 0; size < bytes.size(); size += size < 600 ? 1 : 83) {
    for (std::size_t start = 0; start < 3 && start + size <= bytes.size(); ++start) {
      const auto part = std::span(bytes).subspan(start, size);
      ASSERT_EQ(Crc64Nvme(0, part), BitwiseCrc64Nvme(part)) << "size " << size << " at " << start;
    }
  }
}

TEST(Crc64Nvme, TheTableAgreesWithFolding) {
  // Pieces below 128 bytes take the table, the whole takes the multiplier where there is one.
  const std::vector<std::byte> bytes = RandomBytes(10'000);
  std::uint64_t crc = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 100) {
    crc = Crc64Nvme(crc, std::span(bytes).subspan(at, 100));
  }
  EXPECT_EQ(crc, Crc64Nvme(0, bytes));
  EXPECT_EQ(crc, BitwiseCrc64Nvme(bytes));
}

TEST(Crc64Nvme, CombinesTwoSums) {
  const std::vector<std::byte> bytes = RandomBytes(300'001);
  const auto all = std::span(bytes);
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{4096},
                                std::size_t{131'072}, std::size_t{299'999}, bytes.size()}) {
    const std::uint64_t combined = Crc64NvmeCombine(
        Crc64Nvme(0, all.first(cut)), Crc64Nvme(0, all.subspan(cut)), bytes.size() - cut);
    EXPECT_EQ(combined, Crc64Nvme(0, bytes)) << cut;
  }
}

}  // namespace
}  // namespace base
