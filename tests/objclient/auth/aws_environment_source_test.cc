#include "objclient/auth/aws_environment_source.h"

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

class AwsEnvironmentSourceTest : public SourceFixture {
 protected:
  base::Result<Finding<Credentials>> Load() {
    return AwsEnvironmentSource(Context().environment).Load();
  }
};

TEST_F(AwsEnvironmentSourceTest, TakesKeysAndToken) {
  EXPECT_EQ(WhyNot(Load()), "AWS_ACCESS_KEY_ID is not set");
  variables_["AWS_ACCESS_KEY_ID"] = "AK";
  variables_["AWS_SECRET_ACCESS_KEY"] = "SK";
  EXPECT_TRUE(Found(Load()).session_token.empty());
  variables_["AWS_SESSION_TOKEN"] = "T";
  const Credentials found = Found(Load());
  EXPECT_EQ(found.access_key_id, "AK");
  EXPECT_EQ(found.secret_access_key.reveal(), "SK");
  EXPECT_EQ(found.session_token.reveal(), "T");
  EXPECT_FALSE(found.expires_ns.has_value());
}

TEST_F(AwsEnvironmentSourceTest, HalfAPairIsAnError) {
  variables_["AWS_ACCESS_KEY_ID"] = "AK";
  const auto half = Load();
  ASSERT_FALSE(half.ok());
  EXPECT_EQ(half.error().error_class(), base::ErrorClass::kInvalid);
  EXPECT_NE(half.error().message().find("AWS_SECRET_ACCESS_KEY"), std::string::npos);
}

}  // namespace
}  // namespace objclient
