#include "objclient/auth/aws_web_identity_source.h"

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

class AwsWebIdentitySourceTest : public SourceFixture {
 protected:
  AwsWebIdentitySourceTest() {
    network_ = [](const SentRequest&) {
      return FakeAnswer{200, StsAnswer("AssumeRoleWithWebIdentity"), {}};
    };
  }
  std::unique_ptr<AwsWebIdentitySource> Make() {
    return std::make_unique<AwsWebIdentitySource>(Context(), "r", RoleRequest(), "");
  }
};

TEST_F(AwsWebIdentitySourceTest, WithoutVariablesNobodyIsAsked) {
  EXPECT_EQ(WhyNot(Make()->Load()), "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
  EXPECT_TRUE(sent().empty());
}

TEST_F(AwsWebIdentitySourceTest, SendsWhatTheFileHoldsAtThatTime) {
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = home_.Write("token", "first\n");
  variables_["AWS_ROLE_ARN"] = "arn:r";
  variables_["AWS_ROLE_SESSION_NAME"] = "pod";
  const auto source = Make();
  EXPECT_EQ(Found(source->Load()).access_key_id, "ASIASTS");
  home_.Write("token", "second");
  (void)Found(source->Load());
  EXPECT_NE(sent().at(0).body.find("WebIdentityToken=first"), std::string::npos);
  EXPECT_NE(sent().at(1).body.find("WebIdentityToken=second"), std::string::npos);
  EXPECT_NE(sent().at(1).body.find("RoleArn=arn%3Ar&RoleSessionName=pod"), std::string::npos);
}

TEST_F(AwsWebIdentitySourceTest, HalfASetupIsAnError) {
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = (home_ / "none").string();
  EXPECT_EQ(Make()->Load().error().error_class(), base::ErrorClass::kInvalid);
  variables_["AWS_ROLE_ARN"] = "arn:r";
  EXPECT_EQ(Make()->Load().error().error_class(), base::ErrorClass::kNotFound);
  EXPECT_TRUE(sent().empty());
}

}  // namespace
}  // namespace objclient
