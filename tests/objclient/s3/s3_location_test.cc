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

TEST(LocateBucket, TheStyleAskedForIsTaken) {
  const S3Addressing host{S3Addressing::Style::kHost, false};
  const S3Addressing path{S3Addressing::Style::kPath, false};
  const auto named = LocateBucket("https://s3.example.com:9000", "us-east-1", "data", host);
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(named->Authority(), "data.s3.example.com:9000");
  EXPECT_EQ(named->Path("k"), "/k");
  EXPECT_EQ(LocateBucket("", "us-east-1", "my.data", host)->Path("k"), "/k");
  const auto in_path = LocateBucket("", "us-east-1", "data", path);
  EXPECT_EQ(in_path->Authority(), "s3.us-east-1.amazonaws.com");
  EXPECT_EQ(in_path->Path("k"), "/data/k");
  EXPECT_FALSE(LocateBucket("http://10.0.0.1:9000", "us-east-1", "data", host).ok());
}

TEST(LocateBucket, DualStackEndpoints) {
  const S3Addressing dual{S3Addressing::Style::kAuto, true};
  EXPECT_EQ(LocateBucket("", "eu-west-1", "data", dual)->Authority(),
            "data.s3.dualstack.eu-west-1.amazonaws.com");
  EXPECT_EQ(LocateBucket("", "cn-north-1", "data", dual)->Authority(),
            "data.s3.dualstack.cn-north-1.amazonaws.com.cn");
  EXPECT_FALSE(LocateBucket("http://s3:1", "eu-west-1", "data", dual).ok());
}

TEST(LocateBucket, AccessPointsHaveAHostAndARegionOfTheirOwn) {
  const std::string arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine";
  const auto point = LocateBucket("", "us-east-1", arn);
  ASSERT_TRUE(point.ok());
  EXPECT_EQ(point->Authority(), "mine-123456789012.s3-accesspoint.eu-west-1.amazonaws.com");
  EXPECT_EQ(point->region, "eu-west-1");
  EXPECT_EQ(point->Path("a b"), "/a%20b");
  EXPECT_EQ(point->CopySource("a/b"),
            "arn%3Aaws%3As3%3Aeu-west-1%3A123456789012%3Aaccesspoint/mine/object/a/b");
  EXPECT_TRUE(point->is_aws);
  const S3Addressing dual{S3Addressing::Style::kAuto, true};
  EXPECT_EQ(LocateBucket("", "", arn, dual)->Authority(),
            "mine-123456789012.s3-accesspoint.dualstack.eu-west-1.amazonaws.com");
  EXPECT_FALSE(LocateBucket("http://s3:1", "us-east-1", arn).ok());
}

TEST(LocateBucket, RefusesOtherArns) {
  for (const char* arn : {"arn:aws:s3:::bucket", "arn:aws:s3::123456789012:accesspoint/m.mrap",
                          "arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op/accesspoint/x",
                          "arn:aws:s3:evil.example.com/:1:accesspoint/x",
                          "arn:aws:s3:eu-west-1:1:accesspoint/evil.example.com/", "arn:"}) {
    const auto location = LocateBucket("", "us-east-1", arn);
    ASSERT_FALSE(location.ok()) << arn;
    EXPECT_EQ(location.error().error_class(), base::ErrorClass::kInvalid);
  }
}

TEST(LocateBucket, ADirectoryBucketIsInItsZone) {
  const auto location = LocateBucket("", "us-west-2", "my-train--usw2-az1--x-s3");
  ASSERT_TRUE(location.ok());
  EXPECT_EQ(location->Authority(),
            "my-train--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com");
  EXPECT_TRUE(location->provider->directory_buckets);
  EXPECT_TRUE(location->is_aws);
  const S3Addressing dual{S3Addressing::Style::kAuto, true};
  EXPECT_EQ(LocateBucket("", "us-west-2", "d--usw2-az1--x-s3", dual)->Authority(),
            "d--usw2-az1--x-s3.s3express-usw2-az1.dualstack.us-west-2.amazonaws.com");
  const auto elsewhere = LocateBucket("http://127.0.0.1:9", "us-west-2", "d--usw2-az1--x-s3");
  EXPECT_EQ(elsewhere->Authority(), "127.0.0.1:9");
  EXPECT_TRUE(elsewhere->provider->directory_buckets);
  EXPECT_FALSE(elsewhere->is_aws);
  for (const char* bucket : {"data--x-s3", "--usw2-az1--x-s3", "data--USW2--x-s3"}) {
    EXPECT_FALSE(LocateBucket("", "us-west-2", bucket).ok()) << bucket;
  }
}

TEST(LocateBucket, SomeProvidersKnowOneRegion) {
  for (const char* endpoint :
       {"https://0123.r2.cloudflarestorage.com", "https://storage.googleapis.com"}) {
    const auto location = LocateBucket(endpoint, "eu-west-1", "data");
    ASSERT_TRUE(location.ok());
    EXPECT_EQ(location->region, "auto") << endpoint;
    EXPECT_TRUE(location->path_style);
    EXPECT_FALSE(location->is_aws);
  }
}

}  // namespace
}  // namespace objclient
