#include "objclient/http/http_date.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(ParseHttpDate, TakesTheOneForm) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  for (const char* text : {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT+1",
                           "1994-11-06T08:49:37Z", "yesterday"}) {
    EXPECT_FALSE(ParseHttpDate(text)) << text;
  }
}

TEST(ParseIsoDate, DropsTheFraction) {
  EXPECT_EQ(ParseIsoDate("1994-11-06T08:49:37Z"), 784111777);
  EXPECT_EQ(ParseIsoDate("1994-11-06T08:49:37.999Z"), 784111777);
  EXPECT_EQ(ParseIsoDate("2024-02-29T00:00:00.000Z"), 1709164800);
  for (const char* text : {"", "1994-11-06T08:49:37", "1994-11-06T08:49:37.Z",
                           "1994-11-06T08:49:37.1x2Z", "1994-11-06", "Z"}) {
    EXPECT_FALSE(ParseIsoDate(text)) << text;
  }
}

TEST(FormatAmzDate, IsUtcAndBasicFormat) {
  EXPECT_EQ(FormatAmzDate(784111777), "19941106T084937Z");
  EXPECT_EQ(FormatAmzDate(0), "19700101T000000Z");
}

TEST(FormatHttpDate, IsWhatParseHttpDateTakes) {
  EXPECT_EQ(FormatHttpDate(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(ParseHttpDate(FormatHttpDate(1709164800)), 1709164800);
}

TEST(FormatIsoDate, IsWhatParseIsoDateTakes) {
  EXPECT_EQ(FormatIsoDate(784111777), "1994-11-06T08:49:37Z");
  EXPECT_EQ(ParseIsoDate(FormatIsoDate(1709164800)), 1709164800);
}

}  // namespace
}  // namespace objclient
