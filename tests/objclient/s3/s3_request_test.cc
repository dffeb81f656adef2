#include "objclient/s3/s3_request.h"

#include <gtest/gtest.h>

#include <map>

#include "base/digest/digest.h"
#include "tests/objclient/s3/s3_fixture.h"

namespace objclient {
namespace {

std::map<std::string, std::string> Query(const RestRequest& request) {
  return {request.query.begin(), request.query.end()};
}

S3Location Here() { return LocateBucket("http://s3:1", "us-east-1", "bucket").value(); }
Credentials Keys() { return {"AK", base::Secret("SK"), {}, "test"}; }

TEST(BuildGet, RangeAndCondition) {
  const RestRequest request = BuildGet("k", {10, 5}, "e");
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.headers.Value("range"), "bytes=10-14");
  EXPECT_EQ(request.headers.Value("if-match"), "\"e\"");
  EXPECT_FALSE(request.urgent);
  EXPECT_EQ(BuildGet("k", {0, 1}, "").headers.Find("if-match"), nullptr);
}

TEST(BuildGetWhole, AsksForTheChecksum) {
  const RestRequest request = BuildGetWhole("k", "e");
  EXPECT_EQ(request.headers.Find("range"), nullptr);
  EXPECT_EQ(request.headers.Value("x-amz-checksum-mode"), "ENABLED");
  EXPECT_EQ(request.headers.Value("if-match"), "\"e\"");
}

TEST(AddPrecondition, BothKindsAndStyles) {
  RestRequest request = BuildHead("k");
  AddPrecondition(request, {true, ""});
  EXPECT_EQ(request.headers.Value("if-none-match"), "*");
  AddPrecondition(request, {false, "e"}, EtagStyle::kBare);
  EXPECT_EQ(request.headers.Value("if-match"), "e");
}

TEST(AddMetadata, OnlyWhatFitsIntoAHeader) {
  RestRequest request = BuildHead("k");
  ASSERT_TRUE(AddMetadata(request, {{"cairnfs-upload", "token"}}).ok());
  EXPECT_EQ(request.headers.Value("x-amz-meta-cairnfs-upload"), "token");
  EXPECT_FALSE(AddMetadata(request, {{"a", "b\r\nc"}}).ok());
  EXPECT_FALSE(AddMetadata(request, {{"a:b", "c"}}).ok());
  EXPECT_FALSE(AddMetadata(request, {{"", "c"}}).ok());
}

TEST(AddChecksum, NamesTheAlgorithmToo) {
  RestRequest request = BuildHead("k");
  AddChecksum(request, 0xE3069283u);
  EXPECT_EQ(request.headers.Value("x-amz-checksum-crc32c"), "4waSgw==");
  EXPECT_EQ(request.headers.Value("x-amz-sdk-checksum-algorithm"), "CRC32C");
}

TEST(BuildList, AsksForEncodedKeys) {
  auto query = Query(BuildList("p/", {"", "/", "token", 50}));
  EXPECT_EQ(query, (std::map<std::string, std::string>{{"list-type", "2"},
                                                       {"encoding-type", "url"},
                                                       {"max-keys", "50"},
                                                       {"prefix", "p/"},
                                                       {"delimiter", "/"},
                                                       {"continuation-token", "token"}}));
  EXPECT_EQ(Query(BuildList("", {"", "", "", 5000})).at("max-keys"), "1000");
  EXPECT_EQ(Query(BuildList("", {"", "", "", 0})).at("max-keys"), "1");
}

TEST(BuildDeleteMany, EscapesAndSums) {
  const RestRequest request = BuildDeleteMany({{"a&b<c>\"'", ""}, {"d", "e-1"}});
  EXPECT_EQ(request.document,
            "<Delete><Quiet>true</Quiet><Object><Key>a&amp;b&lt;c&gt;&quot;'</Key></Object>"
            "<Object><Key>d</Key><ETag>&quot;e-1&quot;</ETag></Object></Delete>");
  EXPECT_EQ(request.headers.Value("content-md5").size(), 24u);
  EXPECT_TRUE(request.slow) << "a thousand keys may take a small server longer than an answer may";
}

TEST(BuildCopy, SourceIsEncodedAndConditionsAreQuoted) {
  CopyRequest copy;
  copy.source_if_match = "e";
  const RestRequest kept = BuildCopy(Here(), copy, "a b/c", "t");
  EXPECT_EQ(kept.key, "t");
  EXPECT_EQ(kept.headers.Value("x-amz-copy-source"), "/bucket/a%20b/c");
  EXPECT_EQ(kept.headers.Value("x-amz-copy-source-if-match"), "\"e\"");
  EXPECT_EQ(kept.headers.Value("x-amz-metadata-directive"), "COPY");
  EXPECT_TRUE(kept.may_fail_with_200);
  copy.metadata = Metadata{};
  EXPECT_EQ(BuildCopy(Here(), copy, "a", "t").headers.Value("x-amz-metadata-directive"), "REPLACE");
}

TEST(BuildMultipart, QueriesAndDocument) {
  EXPECT_EQ(Query(BuildCreateMultipart("k", UploadChecksums::kNone)).count("uploads"), 1u);
  EXPECT_EQ(Query(BuildUploadPart("k", "id", 3, {})),
            (std::map<std::string, std::string>{{"partNumber", "3"}, {"uploadId", "id"}}));
  const RestRequest copy = BuildUploadPartCopy(Here(), "k", "id", 3, "s", "e", {5, 10});
  EXPECT_EQ(copy.headers.Value("x-amz-copy-source-range"), "bytes=5-14");
  EXPECT_EQ(BuildUploadPartCopy(Here(), "k", "id", 3, "s", "e", {})
                .headers.Find("x-amz-copy-source-range"),
            nullptr);
  constexpr auto kParts = UploadChecksums::kParts;
  EXPECT_EQ(BuildComplete("k", "id", {{1, "a", 5, {}}, {2, "b", 5, 0u}}, kParts).document,
            "<CompleteMultipartUpload>"
            "<Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>&quot;b&quot;</ETag></Part>"
            "</CompleteMultipartUpload>");
  EXPECT_EQ(BuildComplete("k", "id", {{1, "a", 5, 0u}}, kParts).document,
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag>"
            "<ChecksumCRC32C>AAAAAA==</ChecksumCRC32C></Part></CompleteMultipartUpload>");
  EXPECT_EQ(Query(BuildListParts("k", "id", 7)).at("part-number-marker"), "7");
  EXPECT_EQ(Query(BuildListUploads("p", "k", "u")).at("upload-id-marker"), "u");
  EXPECT_EQ(BuildAbort("k", "id").method, "DELETE");
}

TEST(BuildMultipart, SumsOfPartsAndOfTheWhole) {
  const auto header = [](const RestRequest& request, const char* name) {
    return request.headers.Value(name);
  };
  const std::vector<PartInfo> parts = {{1, "a", 4, base::Crc32c(0, BytesOf("1234"))},
                                       {2, "b", 5, base::Crc32c(0, BytesOf("56789"))}};
  struct Expected {
    UploadChecksums checksums;
    std::string algorithm, type, whole;
  };
  for (const Expected& expected :
       {Expected{UploadChecksums::kNone, "", "", ""},
        Expected{UploadChecksums::kParts, "CRC32C", "", ""},
        Expected{UploadChecksums::kWhole, "CRC32C", "FULL_OBJECT", "4waSgw=="}}) {
    const RestRequest create = BuildCreateMultipart("k", expected.checksums);
    EXPECT_EQ(header(create, "x-amz-checksum-algorithm"), expected.algorithm);
    EXPECT_EQ(header(create, "x-amz-checksum-type"), expected.type);
    const RestRequest complete = BuildComplete("k", "id", parts, expected.checksums);
    EXPECT_EQ(header(complete, "x-amz-checksum-type"), expected.type);
    EXPECT_EQ(header(complete, "x-amz-checksum-crc32c"), expected.whole);
    EXPECT_EQ(complete.document.find("ChecksumCRC32C") != std::string::npos,
              expected.checksums != UploadChecksums::kNone);
  }
  // A part whose sum nobody knows: so nobody knows that of the whole.
  const RestRequest complete = BuildComplete("k", "id", {{1, "a", 4, {}}}, UploadChecksums::kWhole);
  EXPECT_EQ(header(complete, "x-amz-checksum-type"), "");
}

TEST(Sign, UrlHeadersAndPayload) {
  const std::string content = "content";
  RestRequest put = BuildUploadPart("a b", "i/d", 1, {{BytesOf(content)}, {}});
  const HttpRequest http = Sign(put, Here(), Keys(), 784111777);
  EXPECT_EQ(http.url, "http://s3:1/bucket/a%20b?partNumber=1&uploadId=i%2Fd");
  EXPECT_EQ(http.headers.Value("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_EQ(http.headers.Value("x-amz-date"), "19941106T084937Z");
  EXPECT_TRUE(http.headers.Value("authorization")
                  .starts_with("AWS4-HMAC-SHA256 Credential=AK/19941106/us-east-1/s3/"));
  EXPECT_EQ(http.body_size(), content.size());
  EXPECT_TRUE(http.has_body);
  EXPECT_EQ(http.headers.Find("x-amz-security-token"), nullptr);
}

TEST(Sign, DocumentsAreHashed) {
  const RestRequest request = BuildDeleteMany({{"k", ""}});
  const HttpRequest http = Sign(request, Here(), Keys(), 0);
  EXPECT_EQ(http.headers.Value("x-amz-content-sha256").size(), 64u);
  EXPECT_EQ(http.body_size(), request.document.size());
}

TEST(Sign, SessionTokenIsSentAndSigned) {
  Credentials keys = Keys();
  keys.session_token = base::Secret("token");
  const HttpRequest http = Sign(BuildHead("k"), Here(), keys, 0);
  EXPECT_EQ(http.headers.Value("x-amz-security-token"), "token");
  EXPECT_NE(http.headers.Value("authorization").find("x-amz-security-token"), std::string::npos);
}

TEST(Sign, AnonymousIsNotSigned) {
  const HttpRequest http = Sign(BuildHead("k"), Here(), {}, 0);
  EXPECT_EQ(http.headers.Find("authorization"), nullptr);
  EXPECT_EQ(http.headers.Find("x-amz-date"), nullptr);
}

}  // namespace
}  // namespace objclient
