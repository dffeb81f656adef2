#include "objclient/auth/aws_config_file.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(AwsConfigFile, ReadsBothKindsOfSection) {
  const auto file = AwsConfigFile::Parse(
      "[default]\naws_access_key_id = AK\n"
      "[profile build]\nregion=eu-west-1\r\n"
      "[ ops ]\n region = nested, not ours\nregion =  us-west-2  \n");
  EXPECT_EQ(file.Get("default", "aws_access_key_id"), "AK");
  EXPECT_EQ(file.Get("build", "region"), "eu-west-1");
  EXPECT_EQ(file.Get("ops", "region"), "us-west-2");
}

TEST(AwsConfigFile, PassesOverWhatItDoesNotKnow) {
  const auto file = AwsConfigFile::Parse(
      "region = before any section\n"
      "# comment\n; comment\n"
      "[sso-session corp]\nregion = theirs\n"
      "[unfinished\n"
      "[default]\nno equals sign\ns3 =\n  addressing_style = path\nregion = ours");
  EXPECT_EQ(file.Get("default", "region"), "ours");
  EXPECT_EQ(file.Get("default", "addressing_style"), std::nullopt);
  EXPECT_EQ(file.Get("default", "s3"), std::nullopt);
  EXPECT_EQ(file.Get("corp", "region"), std::nullopt);
  EXPECT_FALSE(file.HasProfile("corp"));
}

TEST(AwsConfigFile, KeepsEqualsSignsInValues) {
  const auto file = AwsConfigFile::Parse("[p]\naws_session_token = abc==\n");
  EXPECT_EQ(file.Get("p", "aws_session_token"), "abc==");
}

TEST(AwsConfigFile, NothingInNothing) {
  EXPECT_FALSE(AwsConfigFile::Parse("").HasProfile("default"));
  EXPECT_EQ(AwsConfigFile::Parse("\n\n").Get("default", "region"), std::nullopt);
}

}  // namespace
}  // namespace objclient
