#include "objclient/auth/aws_container_source.h"

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class AwsContainerSourceTest : public SourceFixture {
 protected:
  base::Result<Finding<Credentials>> Load() { return AwsContainerSource(Context()).Load(); }
  void Serve(int status, std::string body) {
    network_ = [=](const SentRequest&) { return FakeAnswer{status, body, {}}; };
  }
};

TEST_F(AwsContainerSourceTest, WithoutAnAddressNobodyIsAsked) {
  EXPECT_NE(WhyNot(Load()).find("not set"), std::string::npos);
  EXPECT_TRUE(sent().empty());
}

TEST_F(AwsContainerSourceTest, ARelativeAddressIsThatOfEcs) {
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1234";
  Serve(200, kRoleKeys);
  const Credentials found = Found(Load());
  EXPECT_EQ(found.access_key_id, "ASIAROLE");
  EXPECT_EQ(found.session_token.reveal(), "roletoken");
  EXPECT_EQ(LifeOf(found), 3600);
  EXPECT_EQ(sent().at(0).url, "http://169.254.170.2/v2/credentials/1234");
  EXPECT_EQ(sent().at(0).headers.Find("authorization"), nullptr);
}

TEST_F(AwsContainerSourceTest, TheTokenFileIsReadEachTime) {
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = home_.Write("token", "one\n");
  Serve(200, kRoleKeys);
  AwsContainerSource source(Context());
  (void)Found(source.Load());
  home_.Write("token", "two\n");
  (void)Found(source.Load());
  EXPECT_EQ(sent().at(0).headers.Value("authorization"), "one");
  EXPECT_EQ(sent().at(1).headers.Value("authorization"), "two");
}

TEST_F(AwsContainerSourceTest, TheTokenOfTheEnvironment) {
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "https://vault.example/aws";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic abc";
  Serve(200, kRoleKeys);
  (void)Found(Load());
  EXPECT_EQ(sent().at(0).headers.Value("authorization"), "Basic abc");
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "a\r\nhost: other";
  EXPECT_EQ(Load().error().error_class(), ErrorClass::kInvalid);
}

TEST_F(AwsContainerSourceTest, KeysDoNotTravelInTheOpen) {
  Serve(200, kRoleKeys);
  for (const char* address : {"http://example.com/x", "http://169.254.170.2.example.com/x",
                              "ftp://localhost/x", "localhost"}) {
    variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = address;
    EXPECT_EQ(Load().error().error_class(), ErrorClass::kInvalid) << address;
  }
  EXPECT_TRUE(sent().empty());
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:8080/x?y";
  (void)Found(Load());
}

TEST_F(AwsContainerSourceTest, ARefusalIsAnErrorAndABusyServiceIsAskedAgain) {
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  Serve(403, "s3cr3t");
  const auto refused = Load();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().error_class(), ErrorClass::kAuth);
  EXPECT_EQ(refused.error().message().find("s3cr3t"), std::string::npos);
  int calls = 0;
  network_ = [&](const SentRequest&) {
    return ++calls < 3 ? FakeAnswer{503, "", {}} : FakeAnswer{200, kRoleKeys, {}};
  };
  (void)Found(Load());
  EXPECT_EQ(calls, 3);
  Serve(429, "");
  EXPECT_EQ(Load().error().error_class(), ErrorClass::kThrottled);
}

}  // namespace
}  // namespace objclient
