#include "objclient/s3/s3_checksum.h"

#include <gtest/gtest.h>

#include "base/digest/digest.h"

namespace objclient {
namespace {

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text));
}

TEST(ParseCrc32c, WholeSumsOnly) {
  EXPECT_EQ(ParseCrc32c("4waSgw=="), 0xE3069283u);
  EXPECT_EQ(ParseCrc32c("AAAAAA=="), 0u);
  for (const char* text : {"", "4waSgw==-3", "4waSgw", "4waSg!==", "4waSgwAA"}) {
    EXPECT_FALSE(ParseCrc32c(text)) << text;
  }
}

TEST(ParseCrc64Nvme, WholeSumsOnly) {
  EXPECT_EQ(ParseCrc64Nvme("rosUhgp5mIg="), 0xAE8B14860A799888u);
  EXPECT_FALSE(ParseCrc64Nvme("rosUhgp5mIg=-2"));
  EXPECT_FALSE(ParseCrc64Nvme("4waSgw=="));
}

TEST(DownloadChecksum, EitherSumIsCompared) {
  for (const auto& [name, value] : {std::pair("x-amz-checksum-crc32c", "4waSgw=="),
                                    {"x-amz-checksum-crc64nvme", "rosUhgp5mIg="}}) {
    HttpHeaders headers;
    headers.Add(name, value);
    DownloadChecksum right(headers, {0, 9}, 9);
    ASSERT_TRUE(right.known());
    right.Take(Bytes("1234"));
    EXPECT_FALSE(right.Check().ok()) << "not all of it";
    right.Take(Bytes("56789"));
    EXPECT_TRUE(right.Check().ok());
    DownloadChecksum wrong(headers, {0, 9}, 9);
    wrong.Take(Bytes("123456788"));
    EXPECT_EQ(wrong.Check().error().error_class(), base::ErrorClass::kCorrupt);
  }
}

TEST(DownloadChecksum, SaysNothingOfAPart) {
  HttpHeaders headers;
  headers.Add("x-amz-checksum-crc32c", "4waSgw==");
  EXPECT_FALSE(DownloadChecksum(headers, {0, 8}, 9).known());
  EXPECT_FALSE(DownloadChecksum(headers, {1, 8}, 9).known());
  EXPECT_FALSE(DownloadChecksum({}, {0, 9}, 9).known());
}

TEST(CheckUploaded, BothForms) {
  const std::vector<PartInfo> parts = {{1, "e1", 4, base::Crc32c(0, Bytes("1234"))},
                                       {2, "e2", 5, base::Crc32c(0, Bytes("56789"))}};
  EXPECT_TRUE(CheckUploaded(parts, "4waSgw==").ok());
  const std::string sums = *base::Base64Decode(base::Base64Crc32c(*parts[0].crc32c)) +
                           *base::Base64Decode(base::Base64Crc32c(*parts[1].crc32c));
  const std::string composite = base::Base64Crc32c(base::Crc32c(0, Bytes(sums)));
  EXPECT_TRUE(CheckUploaded(parts, composite + "-2").ok());
  EXPECT_TRUE(CheckUploaded(parts, composite).ok());
  for (const std::string& wrong :
       {std::string("4waShA=="), composite + "-3", std::string("4waSgw==-2")}) {
    EXPECT_EQ(CheckUploaded(parts, wrong).error().error_class(), base::ErrorClass::kCorrupt);
  }
}

TEST(EtagOfWhole, IsThatOfTheCloud) {
  const std::string one = base::HexLower(base::Md5(Bytes("one")));
  const std::string two = base::HexLower(base::Md5(Bytes("two")));
  // echo -n one | md5sum, and so on; then md5sum of both in binary.
  EXPECT_EQ(EtagOfWhole({{1, one, 3, {}}, {2, two, 3, {}}}), "1397b7ee3222e3980d0d20f23a871b02-2");
  EXPECT_EQ(EtagOfWhole({{1, one, 3, {}}, {2, "no sum", 3, {}}}), "");
  EXPECT_EQ(EtagOfWhole({{1, std::string(32, 'x'), 3, {}}}), "");
}

TEST(CheckUploaded, NothingToCompare) {
  std::vector<PartInfo> parts = {{1, "e1", 9, base::Crc32c(0, Bytes("123456789"))}};
  EXPECT_TRUE(CheckUploaded(parts, "").ok());
  parts.push_back({2, "e2", 4, std::nullopt});
  EXPECT_TRUE(CheckUploaded(parts, "AAAAAA==").ok());
  EXPECT_TRUE(CheckUploaded({}, "AAAAAA==").ok());
}

}  // namespace
}  // namespace objclient
