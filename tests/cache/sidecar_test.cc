#include "cache/sidecar.h"

#include <gtest/gtest.h>

#include <string>

#include "cache/block_cache.h"
#include "tests/support/temp_dir.h"

namespace cache {
namespace {

Sidecar Sample() {
  Sidecar sidecar{.object_id = 42,
                  .etag_hash = HashEtag("abc"),
                  .object_size = 20 * kGranuleSize + 5,
                  .granules = GranuleTable(20 * kGranuleSize + 5)};
  for (const std::uint64_t i : {0u, 3u, 9u, 20u}) {
    sidecar.granules.Add(i, 0x1000u + static_cast<std::uint32_t>(i));
  }
  return sidecar;
}

TEST(GranuleTable, CountsBytesOfWhatIsPresent) {
  GranuleTable table(2 * kGranuleSize + 5);
  EXPECT_EQ(table.count(), 3u);
  EXPECT_TRUE(table.Add(2, 7));
  EXPECT_FALSE(table.Add(2, 8));
  EXPECT_TRUE(table.Add(0, 9));
  EXPECT_EQ(table.bytes(), kGranuleSize + 5);
  EXPECT_TRUE(table.Remove(0));
  EXPECT_FALSE(table.Remove(0));
  EXPECT_EQ(table.bytes(), 5u);
  EXPECT_FALSE(table.Has(100));
  table.Clear();
  EXPECT_EQ(table.bytes(), 0u);
}

TEST(Sidecar, SurvivesEncodingAndDecoding) {
  const auto decoded = DecodeSidecar(EncodeSidecar(Sample()));
  ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
  EXPECT_EQ(decoded.value().object_id, 42);
  EXPECT_EQ(decoded.value().etag_hash, HashEtag("abc"));
  EXPECT_EQ(decoded.value().object_size, 20 * kGranuleSize + 5);
  const GranuleTable& granules = decoded.value().granules;
  EXPECT_EQ(granules.bytes(), 3 * kGranuleSize + 5);
  EXPECT_TRUE(granules.Has(9));
  EXPECT_FALSE(granules.Has(8));
  EXPECT_EQ(granules.crc(20), 0x1000u + 20);
}

// The format is a promise to caches that were written before.
TEST(Sidecar, HasTheDocumentedBytes) {
  Sidecar sidecar{.object_id = 1, .etag_hash = 2, .object_size = 3, .granules = GranuleTable(3)};
  sidecar.granules.Add(0, 0x04030201);
  const std::string text = EncodeSidecar(sidecar);
  const std::string want =
      std::string("CAIRNSUM\x01\0\0\0", 12) + std::string("\x01\0\0\0\0\0\0\0", 8) +
      std::string("\x02\0\0\0\0\0\0\0", 8) + std::string("\x03\0\0\0\0\0\0\0", 8) +
      std::string("\x01", 1) + std::string("\x01\x02\x03\x04", 4);
  ASSERT_EQ(text.size(), want.size() + 4);
  EXPECT_EQ(text.substr(0, want.size()), want);
}

TEST(Sidecar, AnyDamageIsFound) {
  const std::string text = EncodeSidecar(Sample());
  for (std::size_t length = 0; length < text.size(); ++length) {
    ASSERT_FALSE(DecodeSidecar(text.substr(0, length)).ok()) << length;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const auto decoded = DecodeSidecar(damaged);
    ASSERT_FALSE(decoded.ok()) << at;
    EXPECT_EQ(decoded.error().error_class(), base::ErrorClass::kCorrupt);
  }
  EXPECT_FALSE(DecodeSidecar(text + "x").ok());
}

TEST(Sidecar, WritesAtomicallyAndReadsBack) {
  const testing_support::TempDir directory;
  const auto path = directory / "7.sum";
  ASSERT_TRUE(WriteSidecar(path, Sample()).ok());
  ASSERT_TRUE(WriteSidecar(path, Sample()).ok());
  EXPECT_TRUE(ReadSidecar(path).ok());
  EXPECT_FALSE(std::filesystem::exists(directory / "7.sum.tmp"));
  EXPECT_FALSE(ReadSidecar(directory / "8.sum").ok());
}

}  // namespace
}  // namespace cache
