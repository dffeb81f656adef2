#include "objclient/auth/aws_sign_in.h"

#include <future>

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

class AwsSignInTest : public SourceFixture {
 protected:
  AwsSignIn SignIn() {
    return SignInToAws(
        Context().environment, "", "r",
        [this]() -> base::Result<std::unique_ptr<HttpTransport>> {
          return std::unique_ptr<HttpTransport>(std::make_unique<FakeTransport>(
              [this](const SentRequest& request) { return network_(request); }));
        },
        clock_);
  }
};

TEST_F(AwsSignInTest, TheChosenSourceIsAskedAgainWhenItsKeysEnd) {
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  std::atomic<int> calls = 0;
  network_ = [&](const SentRequest&) {
    const std::string id = "AK" + std::to_string(++calls);
    return FakeAnswer{200,
                      "{\"AccessKeyId\": \"" + id + "\", \"SecretAccessKey\": \"s\"," +
                          "\"Expiration\": \"2023-11-14T22:23:20Z\"}",
                      {}};
  };
  const AwsSignIn sign_in = SignIn();
  ASSERT_TRUE(sign_in.credentials.ok());
  EXPECT_EQ((*sign_in.credentials)->Latest()->access_key_id, "AK1");
  EXPECT_EQ(sign_in.passed_over.size(), 3u);
  // Keys of a source that comes first in the order change nothing now.
  variables_["AWS_ACCESS_KEY_ID"] = "OTHER";
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  clock_.Advance(std::chrono::seconds(601));
  std::promise<std::string> later;
  const auto valid = (*sign_in.credentials)->Get([&](const auto& fresh) {
    later.set_value((*fresh)->access_key_id);
  });
  EXPECT_EQ(valid, nullptr);
  EXPECT_EQ(later.get_future().get(), "AK2");
}

TEST_F(AwsSignInTest, AFailureComesWithWhatWasPassedOver) {
  variables_["AWS_PROFILE"] = "nobody";
  const AwsSignIn sign_in = SignIn();
  ASSERT_FALSE(sign_in.credentials.ok());
  EXPECT_EQ(sign_in.passed_over.size(), 2u);
}

}  // namespace
}  // namespace objclient
