#include "objclient/auth/aws_credential_chain.h"

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

class AwsCredentialChainTest : public SourceFixture {
 protected:
  Choice<Credentials> Ask(const std::string& profile = "") {
    return Choose(AwsCredentialChain(Context(), profile, "r"));
  }
  static std::string Names(const Choice<Credentials>& choice) {
    std::string names;
    for (const PassedOver& source : choice.passed_over) names += source.source + ";";
    return names;
  }
};

TEST_F(AwsCredentialChainTest, WithoutAnythingItIsAnonymousAndTellsWhereItLooked) {
  const auto choice = Ask();
  ASSERT_TRUE(choice.chosen.ok());
  EXPECT_TRUE(choice.chosen->value.anonymous());
  EXPECT_EQ(Names(choice),
            "environment;web identity;profile 'default';container;instance metadata;");
  for (const PassedOver& source : choice.passed_over) EXPECT_FALSE(source.why.empty());
}

// Each addition comes before all that is there already.
TEST_F(AwsCredentialChainTest, VariablesThenFilesThenTheMachine) {
  network_ = [](const SentRequest& request) {
    if (request.url.find("sts") != std::string::npos) {
      return FakeAnswer{200, StsAnswer("AssumeRoleWithWebIdentity"), {}};
    }
    if (request.url.ends_with("/api/token")) return FakeAnswer{200, "t", {}};
    if (request.url.ends_with("-credentials/")) return FakeAnswer{200, "role", {}};
    return FakeAnswer{200, kRoleKeys, {}};
  };
  EXPECT_EQ(Ask().chosen->source->name(), "instance metadata");
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  EXPECT_EQ(Ask().chosen->source->name(), "container");
  home_.Write(".aws/credentials", "[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
  EXPECT_EQ(Ask().chosen->source->name(), "profile 'default'");
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = home_.Write("token", "t");
  variables_["AWS_ROLE_ARN"] = "arn";
  EXPECT_EQ(Ask().chosen->source->name(), "web identity");
  variables_["AWS_ACCESS_KEY_ID"] = "AK";
  variables_["AWS_SECRET_ACCESS_KEY"] = "SK";
  EXPECT_EQ(Ask().chosen->source->name(), "environment");
  EXPECT_EQ(Ask("default").chosen->source->name(), "profile 'default'");  // it was asked for
}

TEST_F(AwsCredentialChainTest, AnonymousWhenItIsAskedFor) {
  variables_["AWS_ACCESS_KEY_ID"] = "AK";
  variables_["AWS_SECRET_ACCESS_KEY"] = "SK";
  variables_["AWS_NO_SIGN_REQUEST"] = "YES";
  EXPECT_TRUE(Ask().chosen->value.anonymous());
  EXPECT_TRUE(Ask().passed_over.empty());
}

TEST_F(AwsCredentialChainTest, WhatIsSetUpAndFailsIsNotPassedOver) {
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  const auto choice = Ask();
  ASSERT_FALSE(choice.chosen.ok());
  EXPECT_TRUE(choice.chosen.error().message().starts_with("credentials: container: "));
  EXPECT_EQ(Names(choice), "environment;web identity;profile 'default';");
}

}  // namespace
}  // namespace objclient
