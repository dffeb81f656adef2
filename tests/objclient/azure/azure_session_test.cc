#include "objclient/azure/azure_session.h"

#include "objclient/http/http_date.h"
#include "tests/objclient/azure/azure_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;
using AzureSessionTest = AzureFixture;

// Credentials whose secret is replaced when the service refuses it.
class Renewable : public AzureCredentials {
 public:
  base::Result<std::uint64_t> Sign(HttpRequest& request, std::int64_t /*now*/) override {
    request.headers.Add("authorization", "Bearer " + std::to_string(secret_));
    return secret_.load();
  }
  base::Status AddCopySource(HttpRequest& request, const AzureCopySource& source,
                             std::int64_t /*now*/) override {
    request.headers.Add("x-ms-copy-source", source.url);
    return base::Ok();
  }
  bool Rejected(std::uint64_t secret) override {
    if (secret == secret_) ++secret_;
    return true;
  }
  const std::string& origin() const override { return origin_; }

 private:
  std::atomic<std::uint64_t> secret_ = 1;
  const std::string origin_ = "a test";
};

class NoCredentials : public Renewable {
 public:
  base::Result<std::uint64_t> Sign(HttpRequest& /*request*/, std::int64_t /*now*/) override {
    return base::Error(ErrorClass::kAuth, "no token");
  }
};

TEST_F(AzureSessionTest, SignsWithVersionAndTime) {
  clock_.SetWallNs(784111777'000'000'000);
  const auto session = MakeSession([](const SentRequest&) { return FakeAnswer{}; });
  ASSERT_TRUE(session->Call(BuildHeadBlob("a b")).ok());
  const SentRequest sent = transport_->sent().at(0);
  EXPECT_EQ(sent.url, "https://acct.blob.core.windows.net/box/a%20b");
  EXPECT_EQ(sent.headers.Value("x-ms-date"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_FALSE(sent.headers.Value("x-ms-version").empty());
  EXPECT_TRUE(sent.headers.Value("authorization").starts_with("SharedKey acct:"));
}

TEST_F(AzureSessionTest, ACopyNamesItsSource) {
  const auto session =
      MakeSession([](const SentRequest&) { return FakeAnswer{}; }, std::make_unique<Renewable>());
  ASSERT_TRUE(session->Call(BuildCopyBlob("from/ä", "e", "to")).ok());
  EXPECT_EQ(transport_->sent().at(0).headers.Value("x-ms-copy-source"),
            "https://acct.blob.core.windows.net/box/from/%C3%A4");
}

TEST_F(AzureSessionTest, ARefusalTellsWhatWhereAndWhich) {
  const auto session =
      MakeSession([](const SentRequest&) { return AzureRefusal(403, "AuthorizationFailure"); });
  const auto answer = session->Call(BuildHeadBlob("k"));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().errno_value(), EACCES);
  EXPECT_EQ(answer.error().request_id(), "req-1");
  for (const char* part : {"HEAD az://acct/box/k", "AuthorizationFailure", "why", "a test"}) {
    EXPECT_NE(answer.error().message().find(part), std::string::npos) << part;
  }
}

TEST_F(AzureSessionTest, LearnsTheServersTimeOnce) {
  clock_.SetWallNs(784111777'000'000'000);
  const auto session = MakeSession([](const SentRequest& sent) {
    FakeAnswer refusal = AzureRefusal(403, "AuthenticationFailed");
    refusal.headers.emplace_back("date", FormatHttpDate(784111777 + 3600));
    const bool right = sent.headers.Value("x-ms-date") == FormatHttpDate(784111777 + 3600);
    return right ? FakeAnswer{} : refusal;
  });
  const auto first = session->Call(BuildHeadBlob("k"));
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().error_class(), ErrorClass::kUnavailable) << "worth another attempt";
  EXPECT_TRUE(session->Call(BuildHeadBlob("k")).ok());
}

TEST_F(AzureSessionTest, ARefusedSecretIsReplaced) {
  const auto session = MakeSession(
      [](const SentRequest& sent) {
        return sent.headers.Value("authorization") == "Bearer 2"
                   ? FakeAnswer{}
                   : AzureRefusal(401, "InvalidAuthenticationInfo");
      },
      std::make_unique<Renewable>());
  const auto first = session->Call(BuildHeadBlob("k"));
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().error_class(), ErrorClass::kUnavailable);
  EXPECT_TRUE(session->Call(BuildHeadBlob("k")).ok());
}

TEST_F(AzureSessionTest, AKeyThatIsWrongStaysWrong) {
  const auto session =
      MakeSession([](const SentRequest&) { return AzureRefusal(403, "AuthenticationFailed"); });
  EXPECT_EQ(session->Call(BuildHeadBlob("k")).error().error_class(), ErrorClass::kAuth);
}

TEST_F(AzureSessionTest, WithoutCredentialsNothingIsSent) {
  const auto session = MakeSession([](const SentRequest&) { return FakeAnswer{}; },
                                   std::make_unique<NoCredentials>());
  EXPECT_EQ(session->Call(BuildHeadBlob("k")).error().error_class(), ErrorClass::kAuth);
  EXPECT_TRUE(transport_->sent().empty());
}

}  // namespace
}  // namespace objclient
