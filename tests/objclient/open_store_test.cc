#include "objclient/open_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

using testing::HasSubstr;

class OpenStoreTest : public testing::Test {
 protected:
  base::Result<std::unique_ptr<ObjectStore>> Open(const std::string& text,
                                                  const StoreOptions& options = {}) {
    const auto url = ParseBucketUrl(text);
    if (!url.ok()) return url.error();
    return OpenStore(*url, options, clock_, metrics_);
  }

  const testing_support::TempDir dir_;
  testing_support::FakeClock clock_;
  base::Metrics metrics_;
};

TEST_F(OpenStoreTest, FolderIsReadyAndCounted) {
  const auto store = Open("file://" + dir_.path().string());
  ASSERT_TRUE(store.ok()) << store.error().ToString();
  EXPECT_EQ((*store)->Head("none").error().error_class(), base::ErrorClass::kNotFound);
  EXPECT_EQ(metrics_.Get("store_requests").value(), 1u);
}

TEST_F(OpenStoreTest, OpeningWritesNothing) {
  ASSERT_TRUE(Open("file://" + dir_.path().string()).ok());
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(OpenStoreTest, Memory) { EXPECT_TRUE(Open("mem://").ok()); }

TEST_F(OpenStoreTest, AuthoritiesThatCannotBeRead) {
  StoreOptions options;
  options.ca_bundle = (dir_ / "none.pem").string();
  const auto store = Open("s3://bucket", options);
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().message(), HasSubstr("--ca-bundle"));
}

TEST_F(OpenStoreTest, MissingDirectory) {
  const auto store = Open("file://" + (dir_ / "none").string());
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().error_class(), base::ErrorClass::kNotFound);
  EXPECT_THAT(store.error().message(), HasSubstr("mkdir -p '" + (dir_ / "none").string() + "'"));
}

TEST_F(OpenStoreTest, FileInsteadOfADirectory) {
  const auto store = Open("file://" + dir_.Write("file", "x").string());
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().errno_value(), ENOTDIR);
  EXPECT_THAT(store.error().message(), HasSubstr("must be a directory"));
}

TEST_F(OpenStoreTest, UnreadableDirectory) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  std::filesystem::create_directory(dir_ / "closed");
  std::filesystem::permissions(dir_ / "closed", std::filesystem::perms::none);
  const auto store = Open("file://" + (dir_ / "closed").string());
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().errno_value(), EACCES);
}

TEST_F(OpenStoreTest, DeadEndpoint) {
  ::setenv("AWS_ACCESS_KEY_ID", "key", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
  StoreOptions options;
  options.endpoint = "http://127.0.0.1:1";  // tcpmux: nobody listens
  const auto store = Open("s3://bucket/prefix", options);
  ::unsetenv("AWS_ACCESS_KEY_ID");
  ::unsetenv("AWS_SECRET_ACCESS_KEY");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().error_class(), base::ErrorClass::kUnavailable);
  EXPECT_THAT(store.error().message(), HasSubstr("s3://bucket/prefix/"));
  EXPECT_THAT(store.error().message(), HasSubstr("check --endpoint"));
  EXPECT_LE(clock_.slept(), std::chrono::seconds(5));
}

}  // namespace
}  // namespace objclient
