#include "objclient/auth/credentials.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

using base::ErrorClass;
using Variables = std::map<std::string, std::string>;

class CredentialsTest : public testing::Test {
 protected:
  Environment With(Variables variables) {
    variables.emplace("HOME", home_.path().string());
    return [variables](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
  }
  void WriteCredentials(const std::string& text) { home_.Write(".aws/credentials", text); }

  testing_support::TempDir home_;
};

TEST_F(CredentialsTest, VariablesComeFirst) {
  WriteCredentials("[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
  const auto found = LoadCredentials(With({{"AWS_ACCESS_KEY_ID", "ENV"},
                                           {"AWS_SECRET_ACCESS_KEY", "k"},
                                           {"AWS_SESSION_TOKEN", "t"}}),
                                     "");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->access_key_id, "ENV");
  EXPECT_EQ(found->secret_access_key.reveal(), "k");
  EXPECT_EQ(found->session_token.reveal(), "t");
}

TEST_F(CredentialsTest, ANamedProfileBeatsVariables) {
  WriteCredentials("[ops]\naws_access_key_id=OPS\naws_secret_access_key=s\n");
  const auto found =
      LoadCredentials(With({{"AWS_ACCESS_KEY_ID", "ENV"}, {"AWS_SECRET_ACCESS_KEY", "k"}}), "ops");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->access_key_id, "OPS");
}

TEST_F(CredentialsTest, ProfileFromFilesInOrder) {
  WriteCredentials("[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
  home_.Write(".aws/config",
              "[default]\naws_access_key_id=B\naws_secret_access_key=s\n"
              "[profile only]\naws_access_key_id=C\naws_secret_access_key=s\nregion=mars-1\n");
  EXPECT_EQ(LoadCredentials(With({}), "")->access_key_id, "A");
  EXPECT_EQ(LoadCredentials(With({{"AWS_PROFILE", "only"}}), "")->access_key_id, "C");
  EXPECT_EQ(FindRegion(With({{"AWS_PROFILE", "only"}}), "", ""), "mars-1");
}

TEST_F(CredentialsTest, FilesMayBeElsewhere) {
  const auto path = home_.Write("elsewhere",
                                "[default]\naws_access_key_id=X\n"
                                "aws_secret_access_key=s\n");
  EXPECT_EQ(
      LoadCredentials(With({{"AWS_SHARED_CREDENTIALS_FILE", path.string()}}), "")->access_key_id,
      "X");
}

TEST_F(CredentialsTest, NothingIsAnonymous) {
  const auto found = LoadCredentials(With({}), "");
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->anonymous());
}

TEST_F(CredentialsTest, HalfAPairAndUnknownProfilesAreErrors) {
  EXPECT_EQ(LoadCredentials(With({{"AWS_ACCESS_KEY_ID", "A"}}), "").error().error_class(),
            ErrorClass::kInvalid);
  const auto unknown = LoadCredentials(With({}), "nobody");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().error_class(), ErrorClass::kInvalid);
  EXPECT_NE(unknown.error().message().find("nobody"), std::string::npos);
  WriteCredentials("[default]\naws_access_key_id=A\n");
  const auto half = LoadCredentials(With({}), "");
  ASSERT_FALSE(half.ok());
  EXPECT_NE(half.error().message().find("aws_secret_access_key"), std::string::npos);
}

TEST_F(CredentialsTest, AProfileWithoutKeysIsAnonymous) {
  home_.Write(".aws/config", "[profile public]\nregion=eu-west-1\n");
  EXPECT_TRUE(LoadCredentials(With({}), "public")->anonymous());
}

TEST_F(CredentialsTest, RegionInOrder) {
  home_.Write(".aws/config", "[default]\nregion=file-1\n");
  EXPECT_EQ(FindRegion(With({{"AWS_REGION", "env-1"}}), "", "asked-1"), "asked-1");
  EXPECT_EQ(FindRegion(With({{"AWS_REGION", "env-1"}, {"AWS_DEFAULT_REGION", "env-2"}}), "", ""),
            "env-1");
  EXPECT_EQ(FindRegion(With({{"AWS_DEFAULT_REGION", "env-2"}}), "", ""), "env-2");
  EXPECT_EQ(FindRegion(With({}), "", ""), "file-1");
  EXPECT_EQ(FindRegion(With({{"AWS_CONFIG_FILE", "/nowhere"}}), "", ""), "us-east-1");
}

TEST_F(CredentialsTest, RefusedFilesAreReadAgainButNotAtOnce) {
  testing_support::FakeClock clock;
  WriteCredentials("[default]\naws_access_key_id=OLD\naws_secret_access_key=s\n");
  CredentialProvider provider(With({}), "", clock);
  const Credentials old = provider.Get().value();
  EXPECT_EQ(old.access_key_id, "OLD");
  WriteCredentials("[default]\naws_access_key_id=NEW\naws_secret_access_key=s\n");
  EXPECT_FALSE(provider.Rejected(old));  // they were read a moment ago
  EXPECT_EQ(provider.Get()->access_key_id, "OLD");
  clock.Advance(std::chrono::seconds(11));
  EXPECT_TRUE(provider.Rejected(old));
  EXPECT_TRUE(provider.Rejected(old));  // another request of the same moment
  EXPECT_EQ(provider.Get()->access_key_id, "NEW");
  EXPECT_TRUE(provider.Rejected(old));  // a late answer: the new ones are there already
  EXPECT_FALSE(provider.Rejected(provider.Get().value()));
}

}  // namespace
}  // namespace objclient
