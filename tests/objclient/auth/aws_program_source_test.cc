#include "objclient/auth/aws_program_source.h"

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

class AwsProgramSourceTest : public SourceFixture {};

TEST_F(AwsProgramSourceTest, MessagesNameTheProfileAndShowNeitherCommandNorOutput) {
  for (const char* command :
       {"echo s3cr3t", "echo s3cr3t; false", "echo '{\"AccessKeyId\": \"A\"}'",
        "/nonexistent/s3cr3t 2>/dev/null"}) {
    const auto failed = AwsProgramSource(Context(), command, "p").Load();
    ASSERT_FALSE(failed.ok()) << command;
    EXPECT_TRUE(failed.error().message().starts_with("credential_process of profile 'p'"));
    EXPECT_EQ(failed.error().ToString().find("s3cr3t"), std::string::npos);
  }
}

TEST_F(AwsProgramSourceTest, RunsEachTime) {
  const std::string count = (home_ / "count").string();
  AwsProgramSource source(Context(),
                          "echo >>" + count +
                              "; echo '{\"SecretAccessKey\": \"s\", "
                              "\"AccessKeyId\": \"AK'$(wc -l <" +
                              count + ")'\"}'",
                          "p");
  EXPECT_EQ(Found(source.Load()).access_key_id, "AK1");
  EXPECT_EQ(Found(source.Load()).access_key_id, "AK2");
}

}  // namespace
}  // namespace objclient
