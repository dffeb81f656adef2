#include "objclient/auth/azure_token.h"

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

class AzureTokenTest : public SourceFixture {
 protected:
  std::int64_t Life(const std::string& text, const std::string& date = "") {
    const auto token = ParseTokenDocument(base::Secret(text), date, clock_);
    EXPECT_TRUE(token.ok()) << token.error().ToString();
    EXPECT_EQ(token->token.reveal(), "t0k3n");
    return (*token->expires_ns - clock_.MonotonicNs()) / 1'000'000'000;
  }
};

TEST_F(AzureTokenTest, EveryServiceGivesItsEndInAnotherWay) {
  EXPECT_EQ(Life(R"({"token_type": "Bearer", "expires_in": 3599, "access_token": "t0k3n"})"), 3599);
  EXPECT_EQ(Life(R"({"access_token": "t0k3n", "expires_in": "86399", "expires_on": "1"})"), 86399);
  EXPECT_EQ(Life(R"({"access_token": "t0k3n", "expires_on": "1700000100"})"), 100);
  EXPECT_EQ(Life(R"({"access_token": "t0k3n", "expires_on": 784111877})",
                 "Sun, 06 Nov 1994 08:49:37 GMT"),
            100);
  EXPECT_EQ(Life(R"({"accessToken": "t0k3n", "expiresOn": "2023-11-14 23:00:00.000000"})"), 600);
}

TEST_F(AzureTokenTest, WhatIsNoTokenIsAnErrorThatShowsNothing) {
  for (const char* text : {"", "[1]", "s3cr3t", R"({"access_token": 5, "x": "s3cr3t"})",
                           R"({"access_token": "s3cr3t\r\nx: y"})"}) {
    const auto token = ParseTokenDocument(base::Secret(text), "", clock_);
    ASSERT_FALSE(token.ok()) << text;
    EXPECT_EQ(token.error().message().find("s3cr3t"), std::string::npos);
  }
}

TEST_F(AzureTokenTest, ARefusalTellsItsFirstLine) {
  CredentialAnswer answer;
  answer.status = 401;
  answer.body = base::Secret(R"({"error": "invalid_client", )"
                             R"("error_description": "AADSTS7000215: wrong.\r\nTrace ID: 1"})");
  const auto refused = TokenOf("service", answer, clock_);
  EXPECT_EQ(refused.error().error_class(), base::ErrorClass::kAuth);
  EXPECT_EQ(refused.error().message(), "service: HTTP 401 invalid_client: AADSTS7000215: wrong.");
}

}  // namespace
}  // namespace objclient
