#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "objclient/open_store.h"
#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

using testing::HasSubstr;

std::string Canonical(const std::string& text) {
  const auto url = ParseBucketUrl(text);
  return url.ok() ? url->ToString() : "error: " + url.error().message();
}

TEST(BucketUrl, LocalDirectory) {
  const auto url = ParseBucketUrl("file:///no/such/dir");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->kind, BucketUrl::Kind::kLocal);
  EXPECT_EQ(url->bucket, "/no/such/dir");
  EXPECT_EQ(url->prefix, "");
}

TEST(BucketUrl, OneDirectoryHasOneText) {
  for (const char* text :
       {"file:///no/such/dir", "file:///no/such/dir/", "file:///no//such/./dir",
        "FILE:///no/such/dir", "file://localhost/no/such/dir", "file:///no/such/x/../dir",
        "file:///no/%73uch/dir", "file:/no/such/dir"}) {
    EXPECT_EQ(Canonical(text), "file:///no/such/dir") << text;
  }
  EXPECT_EQ(Canonical("file:///"), "file:///");
}

TEST(BucketUrl, LinksLeadToTheSameText) {
  const testing_support::TempDir dir;
  std::filesystem::create_directory(dir / "real");
  std::filesystem::create_directory_symlink(dir / "real", dir / "link");
  EXPECT_EQ(Canonical("file://" + (dir / "link").string()),
            Canonical("file://" + (dir / "real").string()));
}

TEST(BucketUrl, TextComesBackAsItself) {
  for (const char* text :
       {"file:///a%20b", "file:///100%25", "file:///a%0Ab", "file:///käse#1?x"}) {
    EXPECT_EQ(Canonical(text), text);
  }
}

TEST(BucketUrl, S3) {
  const auto url = ParseBucketUrl("s3://bucket/some/prefix");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->kind, BucketUrl::Kind::kS3);
  EXPECT_EQ(url->bucket, "bucket");
  EXPECT_EQ(url->prefix, "some/prefix/");
  EXPECT_EQ(url->ToString(), "s3://bucket/some/prefix/");
  EXPECT_EQ(Canonical("s3://bucket"), "s3://bucket");
  EXPECT_EQ(Canonical("s3://bucket/"), "s3://bucket");
  EXPECT_EQ(Canonical("s3://bucket//p/"), "s3://bucket/p/");
  EXPECT_EQ(Canonical("s3://bucket/a%20b"), "s3://bucket/a%20b/") << "keys are raw bytes";
  const auto point = ParseBucketUrl("s3://arn:aws:s3:eu-west-1:1:accesspoint/mine/some/prefix");
  ASSERT_TRUE(point.ok());
  EXPECT_EQ(point->bucket, "arn:aws:s3:eu-west-1:1:accesspoint/mine");
  EXPECT_EQ(point->prefix, "some/prefix/");
  EXPECT_EQ(Canonical("s3://arn:aws:s3:eu-west-1:1:accesspoint/mine"),
            "s3://arn:aws:s3:eu-west-1:1:accesspoint/mine");
}

TEST(BucketUrl, Azure) {
  const auto url = ParseBucketUrl("az://account/some-box/some/prefix");
  ASSERT_TRUE(url.ok()) << url.error().ToString();
  EXPECT_EQ(url->kind, BucketUrl::Kind::kAzure);
  EXPECT_EQ(url->account, "account");
  EXPECT_EQ(url->bucket, "some-box");
  EXPECT_EQ(url->prefix, "some/prefix/");
  EXPECT_EQ(url->ToString(), "az://account/some-box/some/prefix/");
  EXPECT_EQ(Canonical("az://account/box/"), "az://account/box");
  EXPECT_EQ(Canonical("az://account/$web//p"), "az://account/$web/p/");
  EXPECT_EQ(Canonical("https://account.blob.core.windows.net/box/a%20b"), "az://account/box/a b/");
  EXPECT_EQ(Canonical("https://account.blob.core.windows.net/box"), "az://account/box");
}

TEST(BucketUrl, Memory) {
  EXPECT_EQ(Canonical("mem://"), "mem://");
  EXPECT_FALSE(ParseBucketUrl("mem://x").ok());
}

TEST(BucketUrl, ErrorsSayWhatToChange) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "file:///absolute/directory"},
      {"/data", "did you mean file:///data?"},
      {"bucket", "it has no scheme"},
      {"file://", "the directory is missing"},
      {"file://data", "three slashes"},
      {"file:///a%2", "%25"},
      {"file:///a%zz", "%25"},
      {"file:///a%00b", "zero byte"},
      {"s3://", "the bucket is missing"},
      {"s3:///key", "the bucket is missing"},
      {"s3://host:9000/bucket", "--endpoint"},
      {"s3://key:secret@bucket", "AWS_ACCESS_KEY_ID"},
      {"s3://my bucket", "no bucket name"},
      {"s3://arn:aws:s3:::bucket", "access points"},
      {"s3://arn:aws:s3:r:1:accesspoint/na me", "no ARN"},
      {"s3a://bucket", "did you mean s3://?"},
      {"az://", "no account name"},
      {"az://account", "the container is missing"},
      {"az://account/", "the container is missing"},
      {"az://Account/box", "no account name"},
      {"az://account/Box", "no container name"},
      {"az://account:key@host/box", "AZURE_STORAGE_KEY"},
      {"abfss://box@account.dfs.core.windows.net", "az://account/container"},
      {"https://account.blob.core.windows.net/", "the container is missing"},
      {"https://account.blob.core.windows.net/box?sv=1&sig=hunter2", "AZURE_STORAGE_SAS_TOKEN"},
      {"gs://bucket", "https://storage.googleapis.com"},
      {"http://host/bucket", "--endpoint"},
      {"ftp://host", "unknown scheme 'ftp'"},
  };
  for (const auto& [text, hint] : cases) {
    const auto url = ParseBucketUrl(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ(url.error().error_class(), base::ErrorClass::kInvalid);
    EXPECT_THAT(url.error().message(), HasSubstr(hint)) << text;
    EXPECT_THAT(url.error().message(), testing::Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace objclient
