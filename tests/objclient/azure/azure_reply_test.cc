#include "objclient/azure/azure_reply.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(ParseBlobList, SortsWhatTheServiceDoesNot) {
  const auto page = ParseBlobList(
      "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults>"
      "<Prefix>p/</Prefix><Blobs>"
      "<BlobPrefix><Name>p/z/</Name></BlobPrefix><BlobPrefix><Name>p/d/</Name></BlobPrefix>"
      "<Blob><Name>p/b&amp;c</Name><Properties><Last-Modified>Sun, 06 Nov 1994 08:49:37 GMT"
      "</Last-Modified><Etag>0x8D</Etag><Content-Length>12</Content-Length>"
      "<AccessTier>Cool</AccessTier></Properties></Blob>"
      "<Blob><Name>p/a</Name><Properties><Etag>\"0x8E\"</Etag></Properties></Blob>"
      "</Blobs><NextMarker>more</NextMarker></EnumerationResults>");
  ASSERT_TRUE(page.ok()) << page.error().ToString();
  EXPECT_EQ(page->prefixes, (std::vector<std::string>{"p/d/", "p/z/"}));
  ASSERT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(page->objects[0].key, "p/a");
  EXPECT_EQ(page->objects[0].etag, "0x8E");
  EXPECT_EQ(page->objects[1].key, "p/b&c");
  EXPECT_EQ(page->objects[1].etag, "0x8D");
  EXPECT_EQ(page->objects[1].size, 12u);
  EXPECT_EQ(page->objects[1].mtime_ns, 784111777'000'000'000);
  EXPECT_EQ(page->objects[1].storage_class, "Cool");
  EXPECT_EQ(page->continuation, "more");
}

TEST(ParseBlobList, NamesThatXmlCannotCarry) {
  const auto page = ParseBlobList(
      "<EnumerationResults><Blobs><Blob><Name Encoded=\"true\">a%01b%25</Name></Blob>"
      "<Blob><Name>a%01b</Name></Blob></Blobs><NextMarker/></EnumerationResults>");
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(page->objects[0].key,
            "a\x01"
            "b%");
  EXPECT_EQ(page->objects[1].key, "a%01b");
  EXPECT_TRUE(page->continuation.empty());
}

TEST(ParseBlobList, OtherDocumentsAreCorrupt) {
  for (const char* body :
       {"", "<html/>", "<EnumerationResults>", "<Error/>", "<EnumerationResults/>",
        "<EnumerationResults><Blobs/></EnumerationResults>",
        "<EnumerationResults><NextMarker/></EnumerationResults>"}) {
    const auto page = ParseBlobList(body);
    ASSERT_FALSE(page.ok()) << body;
    EXPECT_EQ(page.error().error_class(), base::ErrorClass::kCorrupt);
  }
}

TEST(ParseBlockList, CommittedBlocksInTheirOrder) {
  const auto blocks = ParseBlockList(
      "\xEF\xBB\xBF<?xml version=\"1.0\"?><BlockList>"
      "<CommittedBlocks><Block><Name>Yg==</Name><Size>8388608</Size></Block>"
      "<Block><Name>YQ==</Name><Size>5</Size></Block></CommittedBlocks>"
      "<UncommittedBlocks><Block><Name>Yw==</Name><Size>7</Size></Block></UncommittedBlocks>"
      "</BlockList>");
  ASSERT_TRUE(blocks.ok()) << blocks.error().ToString();
  ASSERT_EQ(blocks->size(), 2u);
  EXPECT_EQ((*blocks)[0].id, "Yg==");
  EXPECT_EQ((*blocks)[0].size, 8388608u);
  EXPECT_EQ((*blocks)[1].id, "YQ==");
  EXPECT_EQ((*blocks)[1].size, 5u);
  EXPECT_TRUE(ParseBlockList("<BlockList><CommittedBlocks/></BlockList>")->empty());
  EXPECT_FALSE(ParseBlockList("<EnumerationResults/>").ok());
}

constexpr const char* kBatch =
    "--edge\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\n"
    "HTTP/1.1 404 The specified blob does not exist.\r\nx-ms-error-code: BlobNotFound\r\n"
    "Content-Length: 8\r\n\r\n<Error/>\r\n"
    "--edge\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\n"
    "HTTP/1.1 202 Accepted\r\nx-ms-request-id: r\r\n\r\n\r\n--edge--\r\n";

TEST(ParseBatch, TellsWhichIsWhich) {
  const auto parts = ParseBatch("multipart/mixed; boundary=edge", kBatch);
  ASSERT_TRUE(parts.ok());
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].index, 1u);
  EXPECT_EQ((*parts)[0].response.status, 404);
  EXPECT_EQ((*parts)[0].response.headers.Value("x-ms-error-code"), "BlobNotFound");
  EXPECT_EQ((*parts)[0].body, "<Error/>");
  EXPECT_EQ((*parts)[1].index, 0u);
  EXPECT_EQ((*parts)[1].response.status, 202);
}

TEST(ParseBatch, LeavesOutWhatItCannotRead) {
  EXPECT_TRUE(ParseBatch("multipart/mixed; boundary=\"edge\"", "")->empty());
  EXPECT_TRUE(ParseBatch("multipart/mixed; boundary=other", kBatch)->empty());
  EXPECT_TRUE(ParseBatch("m; boundary=e", "--e\r\nContent-ID: 0\r\n\r\nHTTP/1.1 x\r\n")->empty());
  EXPECT_TRUE(ParseBatch("m; boundary=e", "--e\r\n\r\nHTTP/1.1 202 A\r\n\r\n--e--")->empty());
  EXPECT_FALSE(ParseBatch("application/xml", kBatch).ok());
}

TEST(ParseBlobHeaders, MetadataHasItsOwnNames) {
  HttpHeaders headers;
  headers.Add("ETag", "\"0x8D\"");
  headers.Add("x-ms-meta-cairnfs_x2dupload", "t");
  headers.Add("X-Ms-Meta-Hdi_IsFolder", "true");
  headers.Add("x-ms-access-tier", "Hot");
  const ObjectHead head = ParseBlobHeaders("k", headers);
  EXPECT_EQ(head.etag, "0x8D");
  EXPECT_EQ(head.storage_class, "Hot");
  EXPECT_EQ(head.metadata, (Metadata{{"cairnfs-upload", "t"}, {"hdi_isfolder", "true"}}));
}

}  // namespace
}  // namespace objclient
