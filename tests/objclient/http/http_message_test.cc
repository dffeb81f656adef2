#include "objclient/http/http_message.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(HttpHeaders, LookupsIgnoreCaseAndTakeTheFirst) {
  HttpHeaders headers;
  headers.Add("ETag", "one");
  headers.Add("etag", "two");
  EXPECT_EQ(headers.Value("ETAG"), "one");
  EXPECT_EQ(headers.Find("tag"), nullptr);
  EXPECT_EQ(headers.Value("missing"), "");
  EXPECT_EQ(headers.all().size(), 2u);
}

TEST(ParseHeaderLine, TrimsAndSplitsAtTheFirstColon) {
  const auto header = ParseHeaderLine("Date:  Sun, 06 Nov 1994 08:49:37 GMT \r\n");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->first, "Date");
  EXPECT_EQ(header->second, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(ParseHeaderLine("Empty:\r\n")->second, "");
  EXPECT_FALSE(ParseHeaderLine("no colon"));
  EXPECT_FALSE(ParseHeaderLine(": no name"));
  EXPECT_FALSE(ParseHeaderLine(""));
}

TEST(ParseDecimal, TakesDigitsOnly) {
  EXPECT_EQ(ParseDecimal("0"), 0u);
  EXPECT_EQ(ParseDecimal("18446744073709551615"), 18446744073709551615u);
  for (const char* text : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "0x1", "1.0"}) {
    EXPECT_FALSE(ParseDecimal(text)) << text;
  }
}

TEST(ParseContentRange, TakesWhatA206Says) {
  const auto range = ParseContentRange("bytes 10-19/100");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 10u);
  EXPECT_EQ(range->last, 19u);
  EXPECT_EQ(range->total, 100u);
  for (const char* text : {"", "bytes */100", "bytes 10-19/*", "bytes 20-19/100", "bytes 0-100/100",
                           "10-19/100", "bytes 1-2", "bytes 1/2-3", "bytes -5/10"}) {
    EXPECT_FALSE(ParseContentRange(text)) << text;
  }
}

TEST(HttpRequest, BodySizeIsTheSumOfItsPieces) {
  const std::string text = "abcdef";
  const auto bytes = std::as_bytes(std::span(text));
  HttpRequest request;
  EXPECT_EQ(request.body_size(), 0u);
  request.body = {bytes, bytes.first(2), {}};
  EXPECT_EQ(request.body_size(), 8u);
}

}  // namespace
}  // namespace objclient
