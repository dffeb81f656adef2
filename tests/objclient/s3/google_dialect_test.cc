#include "objclient/s3/google_dialect.h"

#include <gtest/gtest.h>

#include <map>

#include "objclient/s3/s3_request.h"

namespace objclient {
namespace {

std::map<std::string, std::string> Words(const HttpHeaders& headers) {
  return {headers.all().begin(), headers.all().end()};
}

TEST(ToGoogle, ConditionsOfWritesAreOnGenerations) {
  RestRequest fresh = BuildPut("key", {});
  AddPrecondition(fresh, {true, ""});
  ToGoogle(fresh);
  EXPECT_EQ(Words(fresh.headers),
            (std::map<std::string, std::string>{{"x-goog-if-generation-match", "0"}}));

  RestRequest replacing = BuildPut("key", {});
  AddPrecondition(replacing, {false, "1712"});
  ToGoogle(replacing);
  EXPECT_EQ(Words(replacing.headers),
            (std::map<std::string, std::string>{{"x-goog-if-generation-match", "1712"}}));
}

TEST(ToGoogle, SumsGoIntoOneHeader) {
  RestRequest request = BuildPut("key", {});
  AddChecksum(request, 0xE3069283);
  ToGoogle(request);
  EXPECT_EQ(Words(request.headers),
            (std::map<std::string, std::string>{{"x-goog-hash", "crc32c=4waSgw=="}}));

  RestRequest upload = BuildCreateMultipart("key", UploadChecksums::kParts);
  ToGoogle(upload);
  EXPECT_TRUE(upload.headers.all().empty());
}

TEST(ToGoogle, CopiesAndMetadataKeepTheirMeaning) {
  S3Location location;
  location.bucket = "bucket";
  CopyRequest copy;
  copy.source_if_match = "17";
  copy.metadata = Metadata{};
  RestRequest request = BuildCopy(location, copy, "from", "to");
  ASSERT_TRUE(AddMetadata(request, {{"mode", "600"}}).ok());
  ToGoogle(request);
  EXPECT_EQ(Words(request.headers),
            (std::map<std::string, std::string>{{"x-goog-copy-source", "/bucket/from"},
                                                {"x-goog-copy-source-if-generation-match", "17"},
                                                {"x-goog-metadata-directive", "REPLACE"},
                                                {"x-goog-meta-mode", "600"}}));
}

TEST(FromGoogle, AGenerationIsTheEtag) {
  HttpHeaders answer;
  answer.Add("ETag", "\"5d41402abc4b2a76b9719d911017c592\"");
  answer.Add("X-Goog-Generation", "1712");
  answer.Add("x-goog-hash", "crc32c=4waSgw==,md5=XUFAKrxLKna5cZ2REBfFkg==");
  answer.Add("x-goog-meta-mode", "600");
  answer.Add("Content-Length", "5");
  FromGoogle(BuildHead("key"), answer);
  EXPECT_EQ(answer.Value("etag"), "1712");
  EXPECT_EQ(answer.Value("x-amz-checksum-crc32c"), "4waSgw==");
  EXPECT_EQ(answer.Value("x-amz-meta-mode"), "600");
  EXPECT_EQ(answer.Value("content-length"), "5");
}

TEST(FromGoogle, HashesMayComeOneByOne) {
  HttpHeaders answer;
  answer.Add("x-goog-hash", "md5=XUFAKrxLKna5cZ2REBfFkg==");
  answer.Add("x-goog-hash", "crc32c=4waSgw==");
  FromGoogle(BuildHead("key"), answer);
  EXPECT_EQ(answer.Value("x-amz-checksum-crc32c"), "4waSgw==");
}

TEST(FromGoogle, PartsKeepTheirEtags) {
  HttpHeaders answer;
  answer.Add("ETag", "\"5d41\"");
  answer.Add("x-goog-generation", "1712");
  FromGoogle(BuildUploadPart("key", "id", 1, {}), answer);
  EXPECT_EQ(answer.Value("etag"), "\"5d41\"");
}

}  // namespace
}  // namespace objclient
