#include "objclient/s3/s3_location.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(LocateBucket, TheCloudsOwnTakesTheBucketInTheHost) {
  const auto location = LocateBucket("", "eu-west-1", "data");
  ASSERT_TRUE(location.ok());
  EXPECT_TRUE(location->is_aws);
  EXPECT_EQ(location->Authority(), "data.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(location->Path("a b/c"), "/a%20b/c");
  EXPECT_EQ(location->Path(""), "/");
  EXPECT_EQ(location->endpoint.scheme, "https");
  EXPECT_EQ(LocateBucket("", "cn-north-1", "data")->Authority(),
            "data.s3.cn-north-1.amazonaws.com.cn");
}

TEST(LocateBucket, OthersTakeItInThePath) {
  const auto location = LocateBucket("http://127.0.0.1:9000", "us-east-1", "data");
  ASSERT_TRUE(location.ok());
  EXPECT_FALSE(location->is_aws);
  EXPECT_EQ(location->Authority(), "127.0.0.1:9000");
  EXPECT_EQ(location->Path("a/b"), "/data/a/b");
  EXPECT_EQ(location->Path(""), "/data/");
  EXPECT_EQ(location->Name("a/b"), "s3://data/a/b");
}

TEST(LocateBucket, ADotInTheNameMeansPathStyle) {
  EXPECT_EQ(LocateBucket("", "us-east-1", "my.data")->Path("k"), "/my.data/k");
}

TEST(LocateBucket, RefusesWhatCannotBe) {
  for (const char* bucket : {"", "ab", "with blank", "with/slash", "quote\"s"}) {
    EXPECT_FALSE(LocateBucket("", "us-east-1", bucket).ok()) << bucket;
  }
  EXPECT_FALSE(LocateBucket("", "", "data").ok());
  EXPECT_FALSE(LocateBucket("", "evil.example.com/", "data").ok());
  EXPECT_FALSE(LocateBucket("nonsense", "us-east-1", "data").ok());
}

}  // namespace
}  // namespace objclient
