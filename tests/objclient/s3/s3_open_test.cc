#include <gtest/gtest.h>

#include "tests/objclient/s3/s3_fixture.h"
#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

class OpenS3StoreTest : public testing::Test {
 protected:
  base::Result<std::unique_ptr<ObjectStore>> Open(std::map<std::string, std::string> variables) {
    const Environment environment =
        [variables](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    return OpenS3Store(url_, options_, environment, clock_, metrics_);
  }
  BucketUrl url_{BucketUrl::Kind::kS3, "bucket", "p/", ""};
  StoreOptions options_;
  testing_support::FakeClock clock_;
  base::Metrics metrics_;
};

TEST_F(OpenS3StoreTest, TheCloudIsKnownAndOthersAreNot) {
  const auto cloud = Open({});
  ASSERT_TRUE(cloud.ok());
  EXPECT_TRUE((*cloud)->capabilities().put_if_absent);
  const auto other = Open({{"AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"}});
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE((*other)->capabilities().put_if_absent);
  EXPECT_FALSE((*other)->capabilities().found_out);
}

TEST_F(OpenS3StoreTest, ADirectoryBucketIsAskedWhatItCanDo) {
  url_.bucket = "train--use1-az4--x-s3";
  const auto store = Open({});
  ASSERT_TRUE(store.ok());
  EXPECT_FALSE((*store)->capabilities().found_out);
}

TEST_F(OpenS3StoreTest, GoogleDoesNotUnderstandAmazonsEncryption) {
  options_.endpoint = "https://storage.googleapis.com";
  EXPECT_TRUE(Open({}).ok());
  options_.s3.sse = "s3";
  EXPECT_EQ(Open({}).error().error_class(), base::ErrorClass::kInvalid);
}

TEST_F(OpenS3StoreTest, TheOptionBeatsTheVariable) {
  options_.endpoint = "no endpoint";
  EXPECT_FALSE(Open({{"AWS_ENDPOINT_URL", "http://127.0.0.1:9"}}).ok());
}

TEST_F(OpenS3StoreTest, BadInputIsAnErrorAtOnce) {
  EXPECT_EQ(Open({{"AWS_ENDPOINT_URL", "127.0.0.1:9"}}).error().error_class(),
            base::ErrorClass::kInvalid);
  EXPECT_EQ(Open({{"AWS_ACCESS_KEY_ID", "half"}}).error().error_class(),
            base::ErrorClass::kInvalid);
  options_.connections = 0;
  EXPECT_FALSE(Open({}).ok());
  options_.connections = 4;
  url_.bucket = "no bucket";
  EXPECT_FALSE(Open({}).ok());
}

TEST_F(OpenS3StoreTest, AKeyOfOursNeedsAnEndpointThatHidesIt) {
  const testing_support::TempDir directory;
  options_.s3.sse_customer_key_file =
      directory.Write("key", "0123456789abcdef0123456789abcdef").string();
  EXPECT_TRUE(Open({}).ok());
  EXPECT_TRUE(Open({{"AWS_ENDPOINT_URL", "http://127.0.0.1:9"}}).ok());
  EXPECT_EQ(Open({{"AWS_ENDPOINT_URL", "http://s3.example.com"}}).error().error_class(),
            base::ErrorClass::kInvalid);
}

TEST_F(OpenS3StoreTest, OptionsAreCheckedBeforeAnythingIsSent) {
  options_.s3.addressing = "sideways";
  EXPECT_FALSE(Open({}).ok());
  options_.s3 = {};
  options_.s3.dual_stack = true;
  EXPECT_TRUE(Open({}).ok());
  EXPECT_FALSE(Open({{"AWS_ENDPOINT_URL", "http://127.0.0.1:9"}}).ok());
}

TEST_F(OpenS3StoreTest, ABundleThatCannotBeReadIsPassedOver) {
  EXPECT_TRUE(Open({{"AWS_CA_BUNDLE", "/nowhere/ca.pem"}}).ok());
}

}  // namespace
}  // namespace objclient
