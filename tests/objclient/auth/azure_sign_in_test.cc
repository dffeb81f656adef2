#include "objclient/auth/azure_sign_in.h"

#include "tests/objclient/auth/azure_source_fixture.h"

namespace objclient {
namespace {

class AzureSignInTest : public AzureSourceFixture {
 protected:
  AzureSignIn SignIn() {
    return SignInToAzure(
        Context().environment, "account",
        [this]() -> base::Result<std::unique_ptr<HttpTransport>> {
          return std::unique_ptr<HttpTransport>(std::make_unique<FakeTransport>(
              [this](const SentRequest& request) { return network_(request); }));
        },
        clock_);
  }
  std::string Origin() { return SignIn().credentials.value()->origin(); }
};

TEST_F(AzureSignInTest, WithoutAnythingItIsAnonymousAndTellsWhereItLooked) {
  const AzureSignIn sign_in = SignIn();
  ASSERT_TRUE(sign_in.credentials.ok());
  EXPECT_TRUE((*sign_in.credentials)->anonymous());
  std::string names;
  for (const PassedOver& source : sign_in.passed_over) names += source.source + ";";
  EXPECT_EQ(names, "environment;application secret;workload identity;managed identity;az login;");
}

// Each addition comes before all that is there already.
TEST_F(AzureSignInTest, Order) {
  network_ = [](const SentRequest&) { return FakeAnswer{200, kTokenAnswer, {}}; };
  EXPECT_EQ(Origin(), "managed identity of this machine, from http://169.254.169.254");
  variables_["AZURE_TENANT_ID"] = "t";
  variables_["AZURE_CLIENT_ID"] = "app";
  variables_["AZURE_FEDERATED_TOKEN_FILE"] = home_.Write("jwt", "j");
  EXPECT_EQ(Origin(), "application app (workload identity)");
  variables_["AZURE_CLIENT_SECRET"] = "s";
  EXPECT_EQ(Origin(), "application app (application secret)");
  variables_["AZURE_STORAGE_KEY"] = "a2V5";
  EXPECT_EQ(Origin(), "AZURE_STORAGE_KEY");
}

TEST_F(AzureSignInTest, AnonymousWhenItIsAskedFor) {
  variables_["AZURE_STORAGE_KEY"] = "a2V5";
  variables_["AZURE_NO_SIGN_REQUEST"] = "1";
  EXPECT_TRUE(SignIn().credentials.value()->anonymous());
}

TEST_F(AzureSignInTest, WhatIsSetUpAndFailsIsNotPassedOver) {
  variables_["AZURE_CLIENT_SECRET"] = "s";
  EXPECT_EQ(SignIn().credentials.error().error_class(), base::ErrorClass::kInvalid);
  variables_["AZURE_STORAGE_SAS_TOKEN"] = "none";
  EXPECT_EQ(SignIn().credentials.error().error_class(), base::ErrorClass::kInvalid);
}

}  // namespace
}  // namespace objclient
