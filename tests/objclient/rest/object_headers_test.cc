#include "objclient/rest/object_headers.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(ReadObjectHead, TakesWhatIsThere) {
  HttpHeaders headers;
  headers.Add("ETag", "\"0x8D\"");
  headers.Add("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
  headers.Add("Content-Length", "5");
  headers.Add("X-Meta-Colour", "Blue");
  headers.Add("x-other", "no");
  const ObjectHead head = ReadObjectHead("k", headers, "x-meta-");
  EXPECT_EQ(head.key, "k");
  EXPECT_EQ(head.etag, "0x8D");
  EXPECT_EQ(head.size, 5u);
  EXPECT_EQ(head.mtime_ns, 784111777'000'000'000);
  EXPECT_EQ(head.metadata, (Metadata{{"colour", "Blue"}}));
}

TEST(ReadObjectHead, ARangeTellsTheWholeSize) {
  HttpHeaders headers;
  headers.Add("content-length", "5");
  headers.Add("content-range", "bytes 10-14/99");
  EXPECT_EQ(ReadObjectHead("k", headers, "x-meta-").size, 99u);
}

TEST(Unquoted, OnlyAPairOfQuotes) {
  EXPECT_EQ(Unquoted("\"e\""), "e");
  EXPECT_EQ(Unquoted("e"), "e");
  EXPECT_EQ(Unquoted("\""), "\"");
  EXPECT_EQ(Unquoted("\"\""), "");
}

}  // namespace
}  // namespace objclient
