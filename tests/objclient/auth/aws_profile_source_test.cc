#include "objclient/auth/aws_profile_source.h"

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class AwsProfileSourceTest : public SourceFixture {
 protected:
  AwsProfileSourceTest() {
    network_ = [](const SentRequest& request) {
      const bool web = request.body.find("WebIdentity") != std::string::npos;
      return FakeAnswer{200, StsAnswer(web ? "AssumeRoleWithWebIdentity" : "AssumeRole"), {}};
    };
  }
  base::Result<Finding<Credentials>> Load(const std::string& asked = "") {
    return AwsProfileSource(Context(), asked, "r").Load();
  }
  // Who signed the nth request.
  std::string Signer(std::size_t n) {
    const std::string header = sent().at(n).headers.Value("authorization");
    const auto start = header.find("Credential=") + 11;
    return header.substr(start, header.find('/') - start);
  }
};

TEST_F(AwsProfileSourceTest, KeysInAFile) {
  home_.Write(".aws/credentials",
              "[default]\naws_access_key_id=A\naws_secret_access_key=s\n"
              "[ops]\naws_access_key_id=B\naws_secret_access_key=s\n");
  EXPECT_EQ(Found(Load()).access_key_id, "A");
  EXPECT_EQ(Found(Load("ops")).access_key_id, "B");
  variables_["AWS_PROFILE"] = "ops";
  const Credentials found = Found(Load());
  EXPECT_EQ(found.access_key_id, "B");
  EXPECT_EQ(found.origin, "profile 'ops' from ~/.aws/credentials");
}

TEST_F(AwsProfileSourceTest, AProfileThatWasAskedForMustExist) {
  EXPECT_EQ(WhyNot(Load()), "there is no profile 'default' in ~/.aws/credentials or ~/.aws/config");
  EXPECT_EQ(Load("nobody").error().error_class(), ErrorClass::kInvalid);
  variables_["AWS_PROFILE"] = "nobody";
  EXPECT_EQ(Load().error().error_class(), ErrorClass::kInvalid);
  home_.Write(".aws/config", "[profile nobody]\nregion=eu-west-1\n");
  EXPECT_NE(WhyNot(Load()).find("holds no keys"), std::string::npos);
}

TEST_F(AwsProfileSourceTest, ARoleThatAnotherProfileTakesOn) {
  home_.Write(".aws/credentials", "[base]\naws_access_key_id=AKBASE\naws_secret_access_key=s\n");
  home_.Write(".aws/config",
              "[profile r]\nrole_arn=arn:r\nsource_profile=base\n"
              "external_id=x\nrole_session_name=n\nduration_seconds=1000\n");
  const Credentials found = Found(Load("r"));
  EXPECT_EQ(found.access_key_id, "ASIASTS");
  EXPECT_EQ(found.origin, "role arn:r with profile 'base' from ~/.aws/credentials");
  EXPECT_EQ(Signer(0), "AKBASE");
  EXPECT_NE(sent().at(0).body.find("RoleArn=arn%3Ar&RoleSessionName=n&DurationSeconds=1000&"
                                   "ExternalId=x"),
            std::string::npos);
}

TEST_F(AwsProfileSourceTest, RolesMayFollowEachOther) {
  home_.Write(".aws/config",
              "[profile a]\nrole_arn=arn:a\nsource_profile=b\n"
              "[profile b]\nrole_arn=arn:b\nsource_profile=b\n"
              "aws_access_key_id=AKB\naws_secret_access_key=s\n");
  // b names itself: its own keys take its role on, and a asks for b's keys.
  (void)Found(Load("b"));
  EXPECT_EQ(Signer(0), "AKB");
  (void)Found(Load("a"));
  EXPECT_EQ(sent().size(), 2u);
  home_.Write(".aws/config",
              "[profile a]\nrole_arn=arn:a\nsource_profile=b\n"
              "[profile b]\nrole_arn=arn:b\nsource_profile=c\n"
              "[profile c]\naws_access_key_id=AKC\naws_secret_access_key=s\n");
  (void)Found(Load("a"));
  EXPECT_EQ(Signer(2), "AKC");
  EXPECT_EQ(Signer(3), "ASIASTS");
}

TEST_F(AwsProfileSourceTest, RolesThatLeadNowhere) {
  home_.Write(".aws/config",
              "[profile loop]\nrole_arn=x\nsource_profile=pool\n"
              "[profile pool]\nrole_arn=x\nsource_profile=loop\n"
              "[profile alone]\nrole_arn=x\n"
              "[profile lost]\nrole_arn=x\nsource_profile=none\n"
              "[profile odd]\nrole_arn=x\ncredential_source=Moon\n"
              "[profile env]\nrole_arn=x\ncredential_source=Environment\n");
  for (const char* profile : {"loop", "alone", "lost", "odd", "env"}) {
    EXPECT_EQ(Load(profile).error().error_class(), ErrorClass::kInvalid) << profile;
  }
  EXPECT_TRUE(sent().empty());
}

TEST_F(AwsProfileSourceTest, ARoleThatTheMachineTakesOn) {
  variables_["AWS_ACCESS_KEY_ID"] = "AKENV";
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  home_.Write(".aws/config", "[default]\nrole_arn=x\ncredential_source=Environment\n");
  (void)Found(Load());
  EXPECT_EQ(Signer(0), "AKENV");
}

TEST_F(AwsProfileSourceTest, ARoleForATokenInAFile) {
  const std::string file = home_.Write("jwt", "j.w.t");
  home_.Write(".aws/config", "[default]\nrole_arn=arn:w\nweb_identity_token_file=" + file + "\n");
  EXPECT_EQ(Found(Load()).origin, "role arn:w for the token in " + file);
  EXPECT_NE(sent().at(0).body.find("WebIdentityToken=j.w.t"), std::string::npos);
}

TEST_F(AwsProfileSourceTest, AProgramThatPrintsKeys) {
  const std::string json = home_.Write("keys.json", R"({"Version": 1, "AccessKeyId": "AKPROG",
      "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2023-11-14T22:23:20Z"})");
  home_.Write(".aws/config", "[default]\ncredential_process = cat '" + json + "'\n");
  const Credentials found = Found(Load());
  EXPECT_EQ(found.access_key_id, "AKPROG");
  EXPECT_EQ(found.session_token.reveal(), "t");
  EXPECT_EQ(LifeOf(found), 600);
  EXPECT_EQ(found.origin, "credential_process of profile 'default'");
}

TEST_F(AwsProfileSourceTest, WhatNeedsAPersonSaysWhatToDo) {
  home_.Write(".aws/config",
              "[profile sso]\nsso_session=corp\n"
              "[profile mfa]\nmfa_serial=arn\naws_access_key_id=A\n");
  const auto sso = Load("sso");
  EXPECT_EQ(sso.error().error_class(), ErrorClass::kUnsupported);
  EXPECT_NE(sso.error().message().find("export-credentials --profile sso"), std::string::npos);
  EXPECT_EQ(Load("mfa").error().error_class(), ErrorClass::kUnsupported);
}

}  // namespace
}  // namespace objclient
