#include "objclient/auth/credential_http.h"

#include <future>

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class CredentialHttpTest : public SourceFixture {
 protected:
  base::Result<CredentialAnswer> Fetch(const base::Secret& body, CredentialHttp::Limits limits) {
    HttpRequest request;
    request.method = "POST";
    request.url = "http://service/path";
    return http_.Fetch(request, body, limits);
  }
};

TEST_F(CredentialHttpTest, SendsABodyAndCollectsTheAnswer) {
  network_ = [](const SentRequest& request) {
    return FakeAnswer{418, request.body + std::string(5000, 'x'), {{"a", "b"}}};
  };
  const auto answer = Fetch(base::Secret("sent"), {});
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->ok());
  EXPECT_EQ(answer->status, 418);
  EXPECT_EQ(answer->body.reveal(), "sent" + std::string(5000, 'x'));
  EXPECT_EQ(answer->headers.Value("A"), "b");
}

TEST_F(CredentialHttpTest, WhatMayPassIsTriedAgain) {
  int calls = 0;
  network_ = [&](const SentRequest&) {
    return ++calls == 1 ? FakeAnswer{0, "", {}, true} : FakeAnswer{calls == 2 ? 500 : 200, "", {}};
  };
  EXPECT_EQ(Fetch({}, {std::chrono::seconds(60), 3})->status, 200);
  EXPECT_EQ(clock_.slept(), std::chrono::milliseconds(600));
  calls = 0;
  EXPECT_EQ(Fetch({}, {std::chrono::seconds(60), 2})->status, 500);
  calls = 0;
  EXPECT_EQ(Fetch({}, {std::chrono::seconds(60), 1}).error().error_class(),
            ErrorClass::kUnavailable);
}

TEST_F(CredentialHttpTest, AnAnswerThatComesTooLateIsNoAnswer) {
  std::promise<void> go;
  auto gate = go.get_future().share();
  network_ = [gate](const SentRequest&) {
    gate.wait();
    return FakeAnswer{200, "late", {}};
  };
  EXPECT_EQ(Fetch(base::Secret("kept"), {std::chrono::milliseconds(1), 1}).error().error_class(),
            ErrorClass::kTimeout);
  go.set_value();  // its end finds everything it uses
}

TEST_F(CredentialHttpTest, AnswersAreBounded) {
  network_ = [](const SentRequest&) { return FakeAnswer{200, std::string(1 << 20, 'x'), {}}; };
  EXPECT_FALSE(Fetch({}, {std::chrono::seconds(60), 1}).ok());
}

TEST(CredentialRefusalTest, TellsWhetherTryingAgainMayHelp) {
  EXPECT_EQ(CredentialRefusal("s", 403, "why").message(), "s: HTTP 403 why");
  EXPECT_EQ(CredentialRefusal("s", 403, "").error_class(), ErrorClass::kAuth);
  EXPECT_EQ(CredentialRefusal("s", 429, "").error_class(), ErrorClass::kThrottled);
  EXPECT_EQ(CredentialRefusal("s", 502, "").error_class(), ErrorClass::kUnavailable);
}

}  // namespace
}  // namespace objclient
