#include "objclient/auth/azure_token_credentials.h"

#include <atomic>

#include "tests/objclient/auth/azure_source_fixture.h"

namespace objclient {
namespace {

class AzureTokenCredentialsTest : public AzureSourceFixture {
 protected:
  AzureToken Issue() {
    AzureToken token;
    token.token = base::Secret("t" + std::to_string(++issued_));
    token.origin = "test";
    token.expires_ns = clock_.MonotonicNs() + 3600'000'000'000;
    return token;
  }
  base::Result<std::uint64_t> Sign(const std::string& url = "https://a.blob.core.windows.net/c") {
    request_ = HttpRequest();
    request_.url = url;
    return credentials_.Sign(request_, 0);
  }

  std::atomic<int> issued_ = 0;
  HttpRequest request_;
  AzureTokenCredentials credentials_{
      Issue(), [this]() -> base::Result<AzureToken> { return Issue(); }, clock_};
};

TEST_F(AzureTokenCredentialsTest, BearsTheToken) {
  ASSERT_TRUE(Sign().ok());
  EXPECT_EQ(request_.headers.Value("authorization"), "Bearer t1");
  EXPECT_EQ(credentials_.origin(), "test");
  request_ = HttpRequest();
  ASSERT_TRUE(credentials_.AddCopySource(request_, {"https://a/c/b", "c", "b"}, 0).ok());
  EXPECT_EQ(request_.headers.Value("x-ms-copy-source"), "https://a/c/b");
  EXPECT_EQ(request_.headers.Value("x-ms-copy-source-authorization"), "Bearer t1");
}

TEST_F(AzureTokenCredentialsTest, NeverInTheOpen) {
  EXPECT_EQ(Sign("http://a.blob.core.windows.net/c?x").error().error_class(),
            base::ErrorClass::kInvalid);
  EXPECT_EQ(request_.headers.Find("authorization"), nullptr);
  EXPECT_TRUE(Sign("http://127.0.0.1:10000/a/c").ok());
}

TEST_F(AzureTokenCredentialsTest, AfterItsEndAnotherIsWaitedFor) {
  clock_.Advance(std::chrono::hours(2));
  ASSERT_TRUE(Sign().ok());
  EXPECT_EQ(request_.headers.Value("authorization"), "Bearer t2");
}

TEST_F(AzureTokenCredentialsTest, ARefusedOneIsReplaced) {
  const std::uint64_t first = Sign().value();
  EXPECT_FALSE(credentials_.Rejected(first));  // loaded a moment ago
  clock_.Advance(std::chrono::seconds(60));
  EXPECT_TRUE(credentials_.Rejected(first));
  EXPECT_TRUE(credentials_.Rejected(first));
  ASSERT_TRUE(Sign().ok());
  EXPECT_EQ(request_.headers.Value("authorization"), "Bearer t2");
}

}  // namespace
}  // namespace objclient
