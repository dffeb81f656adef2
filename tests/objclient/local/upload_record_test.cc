#include "objclient/local/upload_record.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(UploadRecord, ComesBack) {
  const UploadInfo about{"a\nkey with\nlines", "id", 1234567890123456789};
  const Metadata metadata = {{"a", "1"}, {"b", "2"}};
  const auto text = EncodeUpload(about, metadata, "boot");
  ASSERT_TRUE(text.ok());
  const auto record = DecodeUpload(*text);
  ASSERT_TRUE(record.ok()) << record.error().ToString();
  EXPECT_EQ(record->about.key, about.key);
  EXPECT_EQ(record->about.initiated_ns, about.initiated_ns);
  EXPECT_EQ(record->metadata, metadata);
  EXPECT_EQ(record->boot_id, "boot");
}

TEST(UploadRecord, DamageIsNoticed) {
  const std::string text = *EncodeUpload({"key", "id", 1}, {}, "boot");
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    EXPECT_FALSE(DecodeUpload(text.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeUpload("cairnfs-upload-1\nboot\n1\n18446744073709551615\nkey\n").ok());
  EXPECT_FALSE(DecodeUpload("cairnfs-upload-9" + text.substr(16)).ok());
}

TEST(PartRecord, ComesBack) {
  for (const std::string file : {"", "part-00ff"}) {
    for (const std::optional<std::uint32_t> crc : {std::optional<std::uint32_t>(), {0x00c0ffeeu}}) {
      const PartRecord part{{7, "etag", 5ull << 30, crc}, 6ull << 30, file};
      std::string line = EncodePart(part);
      ASSERT_EQ(line.back(), '\n');
      line.pop_back();
      const auto back = DecodePart(line);
      ASSERT_TRUE(back);
      EXPECT_EQ(back->info.number, 7u);
      EXPECT_EQ(back->info.etag, "etag");
      EXPECT_EQ(back->info.size, 5ull << 30);
      EXPECT_EQ(back->info.crc32c, crc);
      EXPECT_EQ(back->offset, 6ull << 30);
      EXPECT_EQ(back->file, file);
      for (std::size_t size = 0; size < line.size(); ++size) {
        EXPECT_FALSE(DecodePart(line.substr(0, size))) << line.substr(0, size);
      }
    }
  }
  EXPECT_FALSE(DecodePart("part 1 2 0 etag - ../../outside ."));
}

TEST(BootId, IsStable) {
  EXPECT_FALSE(BootId().empty());
  EXPECT_EQ(BootId(), BootId());
}

}  // namespace
}  // namespace objclient
