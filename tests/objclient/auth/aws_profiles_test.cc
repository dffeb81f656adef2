#include "objclient/auth/aws_profiles.h"

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

class AwsProfilesTest : public SourceFixture {
 protected:
  AwsProfiles Read() { return AwsProfiles::Read(Context().environment).value(); }
  std::string Region(const std::string& asked = "") {
    return FindRegion(Context().environment, "", asked);
  }
};

TEST_F(AwsProfilesTest, TheCredentialsFileComesFirst) {
  home_.Write(".aws/credentials", "[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
  home_.Write(
      ".aws/config",
      "[default]\naws_access_key_id=B\naws_secret_access_key=s\nregion=r\n"
      "[profile only]\naws_access_key_id=C\naws_secret_access_key=x\naws_session_token=t\n");
  const AwsProfiles profiles = Read();
  EXPECT_EQ(profiles.Keys("default").value()->access_key_id, "A");
  EXPECT_EQ(profiles.Keys("default").value()->origin, "profile 'default' from ~/.aws/credentials");
  EXPECT_EQ(profiles.Get("default", "region"), "r");
  const auto only = profiles.Keys("only").value();
  EXPECT_EQ(only->secret_access_key.reveal(), "x");
  EXPECT_EQ(only->session_token.reveal(), "t");
  EXPECT_TRUE(profiles.Has("only"));
  EXPECT_FALSE(profiles.Has("none"));
  EXPECT_FALSE(profiles.Keys("none").value().has_value());
}

TEST_F(AwsProfilesTest, FilesMayBeElsewhereOrMissing) {
  EXPECT_FALSE(Read().Has("default"));
  EXPECT_EQ(Read().Places(), "~/.aws/credentials or ~/.aws/config");
  variables_["AWS_SHARED_CREDENTIALS_FILE"] =
      home_.Write("elsewhere", "[default]\naws_access_key_id=X\naws_secret_access_key=s\n");
  EXPECT_EQ(Read().Keys("default").value()->access_key_id, "X");
  variables_.clear();
  EXPECT_EQ(Read().Places(), "any file (HOME is not set)");
}

TEST_F(AwsProfilesTest, HalfAPairIsAnErrorWithoutTheKey) {
  home_.Write(".aws/credentials", "[default]\naws_access_key_id=AKIAHALF\n");
  const auto half = Read().Keys("default");
  ASSERT_FALSE(half.ok());
  EXPECT_NE(half.error().message().find("aws_secret_access_key"), std::string::npos);
}

TEST_F(AwsProfilesTest, RegionInOrder) {
  EXPECT_EQ(Region(), "us-east-1");
  home_.Write(".aws/config", "[default]\nregion=file-1\n[profile p]\nregion=mars-1\n");
  EXPECT_EQ(Region(), "file-1");
  variables_["AWS_PROFILE"] = "p";
  EXPECT_EQ(Region(), "mars-1");
  variables_["AWS_DEFAULT_REGION"] = "env-2";
  EXPECT_EQ(Region(), "env-2");
  variables_["AWS_REGION"] = "env-1";
  EXPECT_EQ(Region(), "env-1");
  EXPECT_EQ(Region("asked-1"), "asked-1");
}

}  // namespace
}  // namespace objclient
