#include "objclient/rest/exchange.h"

#include <gtest/gtest.h>

#include "tests/objclient/rest/fake_transport.h"

namespace objclient {
namespace {

base::Result<HttpAnswer> Collect(FakeAnswer answer) {
  FakeTransport transport([answer](const SentRequest&) { return answer; });
  return AwaitAnswer([&](AnswerReceiver receiver) {
    Exchange(transport, {}, std::move(receiver));
    return base::Ok();
  });
}

TEST(Exchange, CollectsSuccessesAndRefusals) {
  const auto good = Collect({200, "body", {}, false});
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good->success());
  EXPECT_EQ(good->body, "body");
  const auto bad = Collect({404, "why", {}, false});
  ASSERT_TRUE(bad.ok()) << "a refusal is an answer";
  EXPECT_FALSE(bad->success());
  EXPECT_EQ(bad->body, "why");
}

TEST(Exchange, StreamsASuccessAndCollectsARefusal) {
  for (const int status : {206, 503}) {
    FakeTransport transport([&](const SentRequest&) {
      return FakeAnswer{status, "text", {}, false};
    });
    std::string streamed;
    bool started = false;
    const auto answer = AwaitAnswer([&](AnswerReceiver receiver) {
      receiver.on_start = [&](const HttpResponse&) { return started = true; };
      receiver.on_body = [&](std::span<const std::byte> bytes) {
        streamed.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return true;
      };
      Exchange(transport, {}, std::move(receiver));
      return base::Ok();
    });
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(started, status == 206);
    EXPECT_EQ(streamed, status == 206 ? "text" : "");
    EXPECT_EQ(answer->body, status == 206 ? "" : "text");
  }
}

TEST(Exchange, ABrokenAnswerIsAnError) {
  EXPECT_EQ(Collect({200, "half", {}, true}).error().error_class(), base::ErrorClass::kUnavailable);
}

TEST(Exchange, AnEndlessRefusalIsCutOff) {
  const auto answer = Collect({503, std::string(1u << 20, 'x'), {{"retry-after", "7"}}, false});
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->response.status, 503);
  EXPECT_EQ(answer->response.headers.Value("retry-after"), "7");
  EXPECT_LE(answer->body.size(), 256u << 10);
}

TEST(AwaitAnswer, PassesOnThatNothingWasSent) {
  const auto answer = AwaitAnswer([](const AnswerReceiver&) -> base::Status {
    return base::Error(base::ErrorClass::kAuth, "no keys");
  });
  EXPECT_EQ(answer.error().error_class(), base::ErrorClass::kAuth);
}

}  // namespace
}  // namespace objclient
