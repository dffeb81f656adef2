#include "objclient/s3/s3_provider.h"

#include <gtest/gtest.h>

#include <map>

namespace objclient {
namespace {

TEST(ProviderAt, KnowsEndpointsByTheirNames) {
  const std::map<std::string, std::string_view> names = {
      {"s3.us-east-1.amazonaws.com", "Amazon S3"},
      {"s3.cn-north-1.amazonaws.com.cn", "Amazon S3"},
      {"0123456789abcdef.r2.cloudflarestorage.com", "Cloudflare R2"},
      {"0123456789abcdef.eu.r2.cloudflarestorage.com", "Cloudflare R2"},
      {"storage.googleapis.com", "Google Cloud Storage"},
      {"storage.europe-west3.rep.googleapis.com", "Google Cloud Storage"},
      {"amazonaws.com.example.org", ""},
      {"127.0.0.1", ""},
      {"", ""},
  };
  for (const auto& [host, name] : names) EXPECT_EQ(ProviderAt(host, "bucket").name, name) << host;
}

TEST(ProviderAt, KnowsDirectoryBucketsByTheirNamesAtAnyEndpoint) {
  for (const char* host : {"s3express-use1-az4.us-east-1.amazonaws.com", "127.0.0.1"}) {
    EXPECT_TRUE(ProviderAt(host, "train--use1-az4--x-s3").directory_buckets) << host;
    EXPECT_FALSE(ProviderAt(host, "train--use1-az4").directory_buckets) << host;
  }
}

TEST(ProviderOf, BelievesWhatServersSayOfThemselves) {
  const S3Provider& anybody = ProviderAt("127.0.0.1", "bucket");
  const auto named = [&](const char* header, const char* value) {
    HttpHeaders answer;
    answer.Add(header, value);
    return ProviderOf(anybody, answer).name;
  };
  EXPECT_EQ(named("Server", "Ceph Object Gateway (tentacle)"), "Ceph");
  EXPECT_EQ(named("Server", "MinIO"), "MinIO");
  EXPECT_EQ(named("X-Openstack-Request-Id", "tx21ea"), "OpenStack Swift");
  EXPECT_EQ(named("Server", "nginx"), anybody.name);
  EXPECT_EQ(named("Date", "now"), anybody.name);
}

TEST(ProviderOf, WhoIsKnownByTheHostStaysWhoItIs) {
  HttpHeaders answer;
  answer.Add("Server", "MinIO");
  const S3Provider& cloud = ProviderAt("s3.us-east-1.amazonaws.com", "bucket");
  EXPECT_EQ(&ProviderOf(cloud, answer), &cloud);
}

TEST(S3Provider, OnlySwiftIsNotBelieved) {
  HttpHeaders answer;
  answer.Add("X-Openstack-Request-Id", "tx21ea");
  const S3Traits swift = ProviderOf(ProviderAt("", ""), answer).believed;
  EXPECT_FALSE(swift.put_if_absent || swift.put_if_match || swift.complete_condition);
  EXPECT_FALSE(swift.delete_if_match || swift.delete_many_if_match || swift.copy_target_condition);
  EXPECT_TRUE(swift.delete_many && swift.part_copy && !swift.copy);
  EXPECT_EQ(ProviderAt("storage.googleapis.com", "bucket").believed, AwsTraits());
}

}  // namespace
}  // namespace objclient
