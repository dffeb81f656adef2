#include "objclient/s3/s3_reply.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

using base::ErrorClass;

TEST(ParseListPage, ObjectsPrefixesAndToken) {
  const auto page = ParseListPage(
      "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<NextContinuationToken>tok&amp;en</NextContinuationToken>"
      "<Contents><Key>a%2Bb+c%0A</Key><LastModified>1994-11-06T08:49:37.123Z</LastModified>"
      "<ETag>&quot;abc&quot;</ETag><Size>5368709121</Size><StorageClass>GLACIER</StorageClass>"
      "</Contents>"
      "<CommonPrefixes><Prefix>d%2Fe/</Prefix></CommonPrefixes></ListBucketResult>");
  ASSERT_TRUE(page.ok()) << page.error().ToString();
  ASSERT_EQ(page->objects.size(), 1u);
  EXPECT_EQ(page->objects[0].key, "a+b c\n");
  EXPECT_EQ(page->objects[0].etag, "abc");
  EXPECT_EQ(page->objects[0].size, 5368709121u);
  EXPECT_EQ(page->objects[0].mtime_ns, 784111777'000'000'000);
  EXPECT_EQ(page->objects[0].storage_class, "GLACIER");
  EXPECT_EQ(page->prefixes, std::vector<std::string>{"d/e/"});
  EXPECT_EQ(page->continuation, "tok&en");
}

TEST(ParseListPage, KeysThatAreNotEncodedStayAsTheyAre) {
  const auto page = ParseListPage(
      "<ListBucketResult><IsTruncated>false</IsTruncated>"
      "<NextContinuationToken>ignored</NextContinuationToken>"
      "<Contents><Key>100%25+ &lt;</Key></Contents><Contents><Key> </Key></Contents>"
      "</ListBucketResult>");
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(page->objects[0].key, "100%25+ <");
  EXPECT_EQ(page->objects[1].key, " ");
  EXPECT_EQ(page->continuation, "");
}

TEST(ParseListPage, NamespacePrefixes) {
  const auto page = ParseListPage(
      "<s3:ListBucketResult xmlns:s3=\"x\"><s3:Contents><s3:Key>k</s3:Key></s3:Contents>"
      "</s3:ListBucketResult>");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->objects.at(0).key, "k");
}

TEST(ParseListPage, RefusesOtherText) {
  for (const char* body :
       {"", "x", "<ListBucketResult>", "<Other/>", "<Error><Code>X</Code></Error>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    const auto page = ParseListPage(body);
    ASSERT_FALSE(page.ok()) << body;
    EXPECT_EQ(page.error().error_class(), ErrorClass::kCorrupt);
  }
}

TEST(ParseListPage, EntitiesAreNotExpanded) {
  const auto page = ParseListPage(
      "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>"
      "<ListBucketResult><Contents><Key>&a;&f;</Key></Contents></ListBucketResult>");
  if (page.ok()) {
    EXPECT_EQ(page->objects.at(0).key, "&a;&f;");
  }
}

TEST(ParseCopyResult, OfObjectsAndParts) {
  const auto copy = ParseCopyResult(
      "\n \n<CopyObjectResult><LastModified>1994-11-06T08:49:37Z</LastModified>"
      "<ETag>\"e\"</ETag></CopyObjectResult>");
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->etag, "e");
  EXPECT_EQ(copy->mtime_ns, 784111777'000'000'000);
  const auto part = ParseCopyResult(
      "<CopyPartResult><ETag>\"p\"</ETag><ChecksumCRC32C>4waSgw==</ChecksumCRC32C>"
      "</CopyPartResult>");
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->crc32c, 0xE3069283u);
  EXPECT_FALSE(ParseCopyResult("<CopyPartResult/>").ok());
  EXPECT_FALSE(ParseCopyResult("<Error/>").ok());
}

TEST(ParseMultipart, IdsPartsAndUploads) {
  EXPECT_EQ(ParseUploadId("<InitiateMultipartUploadResult><UploadId>2~x</UploadId>"
                          "</InitiateMultipartUploadResult>")
                .value(),
            "2~x");
  EXPECT_FALSE(ParseUploadId("<InitiateMultipartUploadResult/>").ok());
  const auto complete = ParseCompleteResult(
      "<CompleteMultipartUploadResult><ETag>\"e-2\"</ETag><ChecksumCRC32C>c-2</ChecksumCRC32C>"
      "</CompleteMultipartUploadResult>");
  ASSERT_TRUE(complete.ok());
  EXPECT_EQ(complete->etag, "e-2");
  EXPECT_EQ(complete->crc32c, "c-2");
  EXPECT_EQ(ParseCompleteResult("<CompleteMultipartUploadResult/>")->etag, "");
  EXPECT_FALSE(ParseCompleteResult("<Error/>").ok());

  const auto parts = ParsePartsPage(
      "<ListPartsResult><IsTruncated>true</IsTruncated>"
      "<NextPartNumberMarker>7</NextPartNumberMarker>"
      "<Part><PartNumber>7</PartNumber><ETag>\"e\"</ETag><Size>9</Size></Part></ListPartsResult>");
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->next, 7u);
  EXPECT_EQ(parts->parts.at(0).number, 7u);
  EXPECT_EQ(parts->parts.at(0).size, 9u);
  EXPECT_EQ(parts->parts.at(0).crc32c, std::nullopt);

  const auto uploads = ParseUploadsPage(
      "<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<NextKeyMarker>k%2F</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>"
      "<Upload><Key>k%2F</Key><UploadId>u</UploadId>"
      "<Initiated>1994-11-06T08:49:37.000Z</Initiated></Upload></ListMultipartUploadsResult>");
  ASSERT_TRUE(uploads.ok());
  EXPECT_TRUE(uploads->truncated);
  EXPECT_EQ(uploads->next_key_marker, "k/");
  EXPECT_EQ(uploads->uploads.at(0).key, "k/");
  EXPECT_EQ(uploads->uploads.at(0).initiated_ns, 784111777'000'000'000);
}

TEST(ParseMultipart, APageCutOffWithoutAMarkerIsNoEnd) {
  const auto of = [](const std::string& name) {
    return "<" + name + "><IsTruncated>true</IsTruncated></" + name + ">";
  };
  EXPECT_FALSE(ParsePartsPage(of("ListPartsResult")).ok());
  EXPECT_FALSE(ParseUploadsPage(of("ListMultipartUploadsResult")).ok());
}

TEST(ParseDeleteResult, OnlyWhatFailed) {
  const auto failed = ParseDeleteResult(
      "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b&amp;c</Key>"
      "<Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>");
  ASSERT_TRUE(failed.ok());
  ASSERT_EQ(failed->size(), 1u);
  EXPECT_EQ(failed->at(0).first, "b&c");
  EXPECT_EQ(failed->at(0).second.code, "AccessDenied");
}

TEST(ParseHeadHeaders, SizeOfTheWholeAndMetadata) {
  HttpHeaders headers;
  headers.Add("ETag", "\"e\"");
  headers.Add("Content-Length", "10");
  headers.Add("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
  headers.Add("X-Amz-Meta-Cairnfs-Upload", "Token");
  EXPECT_EQ(ParseHeadHeaders("k", headers).size, 10u);
  headers.Add("Content-Range", "bytes 0-9/1000");
  const ObjectHead head = ParseHeadHeaders("k", headers);
  EXPECT_EQ(head.key, "k");
  EXPECT_EQ(head.etag, "e");
  EXPECT_EQ(head.size, 1000u);
  EXPECT_EQ(head.mtime_ns, 784111777'000'000'000);
  EXPECT_EQ(head.metadata, (Metadata{{"cairnfs-upload", "Token"}}));
}

}  // namespace
}  // namespace objclient
