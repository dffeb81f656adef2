#include "objclient/describe_store.h"

#include <gtest/gtest.h>

#include <map>

#include "objclient/s3/s3_traits.h"
#include "tests/support/fake_clock.h"

namespace objclient {
namespace {

class DescribeStoreTest : public testing::Test {
 protected:
  base::Result<StoreDescription> Describe(const std::string& url) {
    const Environment environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
    return DescribeStore(ParseBucketUrl(url).value(), options_, environment, clock_, metrics_);
  }

  // Nothing here asks a network: the machine's own services are left out.
  std::map<std::string, std::string> variables_{{"AWS_EC2_METADATA_DISABLED", "true"}};
  StoreOptions options_;
  testing_support::FakeClock clock_;
  base::Metrics metrics_;
};

TEST_F(DescribeStoreTest, S3WithKeysOfTheEnvironment) {
  variables_["AWS_ACCESS_KEY_ID"] = "AKIAIOSFODNN7EXAMPLE";
  variables_["AWS_SECRET_ACCESS_KEY"] = "SK";
  options_.region = "eu-west-1";
  const auto store = Describe("s3://bucket/prefix");
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(store->endpoint, "https://s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(store->region, "eu-west-1");
  EXPECT_EQ(store->provider, "Amazon S3");
  EXPECT_EQ(store->credentials, "AWS_ACCESS_KEY_ID of the environment");
  EXPECT_EQ(store->access_key, "...MPLE");
  EXPECT_TRUE(store->passed_over.empty());
  EXPECT_FALSE(store->life_seconds.has_value());
  variables_["AWS_ACCESS_KEY_ID"] = "short";
  EXPECT_EQ(Describe("s3://bucket")->access_key, "...");
}

TEST_F(DescribeStoreTest, WhatAStoreCanDoIsKnownOfTheProviderOrRemembered) {
  EXPECT_EQ(WhoDecides(Describe("s3://bucket")->can), "store");
  EXPECT_EQ(DescribeAbilities(Describe("s3://bucket")->can).lacks, "");
  EXPECT_EQ(WhoDecides(Describe("az://account/container")->can), "store");
  EXPECT_EQ(WhoDecides(Describe("file:///bucket")->can), "store");
  options_.endpoint = "http://127.0.0.1:7480";
  EXPECT_EQ(WhoDecides(Describe("s3://bucket")->can), "unknown");
  EXPECT_EQ(DescribeAbilities(Describe("s3://bucket")->can).has, "");
  S3Traits traits;
  traits.part_copy = traits.put_if_absent = true;
  options_.memory.recall = [&traits] { return FormatTraits(traits); };
  const auto store = Describe("s3://bucket");
  EXPECT_EQ(WhoDecides(store->can), "looking");
  EXPECT_EQ(DescribeAbilities(store->can).has, "copies of parts");
  EXPECT_EQ(DescribeAbilities(store->can).lacks,
            "conditional writes, conditional deletes, checksums verified");
}

TEST_F(DescribeStoreTest, S3AsItsOptionsAddressIt) {
  options_.region = "eu-west-1";
  options_.s3.dual_stack = true;
  EXPECT_EQ(Describe("s3://bucket")->endpoint, "https://s3.dualstack.eu-west-1.amazonaws.com");
  const auto point = Describe("s3://arn:aws:s3:us-west-2:123456789012:accesspoint/name");
  ASSERT_TRUE(point.ok()) << point.error().ToString();
  EXPECT_EQ(point->region, "us-west-2") << "where it is, not where we are";
  options_.s3.addressing = "odd";
  EXPECT_FALSE(Describe("s3://bucket").ok());
}

TEST_F(DescribeStoreTest, S3WithoutAny) {
  options_.endpoint = "http://127.0.0.1:7480";
  const auto store = Describe("s3://bucket");
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(store->endpoint, "http://127.0.0.1:7480");
  EXPECT_EQ(store->credentials, "none, requests are anonymous");
  EXPECT_EQ(store->passed_over.size(), 5u);
}

TEST_F(DescribeStoreTest, AFailureComesWithWhatWasPassedOver) {
  options_.profile = "nobody";
  const auto store = Describe("s3://bucket");
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(store->failure.has_value());
  EXPECT_NE(store->failure->message().find("nobody"), std::string::npos);
  EXPECT_TRUE(store->credentials.empty());
}

TEST_F(DescribeStoreTest, Azure) {
  variables_["AZURE_STORAGE_KEY"] = "a2V5";
  const auto store = Describe("az://account/container");
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(store->endpoint, "https://account.blob.core.windows.net");
  EXPECT_EQ(store->credentials, "AZURE_STORAGE_KEY");
  variables_["AZURE_STORAGE_KEY"] = "*";
  EXPECT_TRUE(Describe("az://account/container")->failure.has_value());
}

TEST_F(DescribeStoreTest, AFolderNeedsNone) {
  const auto store = Describe("file:///tmp");
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(store->credentials, "none needed");
  EXPECT_TRUE(store->endpoint.empty());
}

}  // namespace
}  // namespace objclient
