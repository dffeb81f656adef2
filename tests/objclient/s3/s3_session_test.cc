#include "objclient/s3/s3_session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "objclient/http/http_date.h"
#include "tests/objclient/s3/s3_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class S3SessionTest : public S3Fixture {};

TEST_F(S3SessionTest, CollectsASuccess) {
  const auto session = MakeSession([](const SentRequest&) { return FakeAnswer{200, "body", {}}; });
  const auto answer = session->Call(BuildHead("k"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "body");
  EXPECT_EQ(transport_->sent().at(0).url, "http://s3:1/bucket/k");
}

TEST_F(S3SessionTest, AnErrorInsideA200IsAnError) {
  const auto session = MakeSession([](const SentRequest&) {
    return FakeAnswer{200, " \n" + ErrorXml("InternalError"), {}};
  });
  const auto complete = session->Call(BuildComplete("k", "id", {}, UploadChecksums::kNone));
  ASSERT_FALSE(complete.ok());
  EXPECT_EQ(complete.error().error_class(), ErrorClass::kUnavailable);
  EXPECT_EQ(complete.error().request_id(), "req-1");
}

TEST_F(S3SessionTest, AnObjectThatLooksLikeAnErrorIsNone) {
  const auto session = MakeSession([](const SentRequest&) {
    return FakeAnswer{200, ErrorXml("InternalError"), {}};
  });
  EXPECT_TRUE(session->Call(BuildGet("k", {0, 1}, "")).ok());
}

TEST_F(S3SessionTest, CorrectsTheClockOnce) {
  const auto session = MakeSession([](const SentRequest& request) {
    if (request.headers.Value("x-amz-date") == "19941106T084937Z") return FakeAnswer{};
    return FakeAnswer{
        403, ErrorXml("RequestTimeTooSkewed"), {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}};
  });
  EXPECT_TRUE(session->Call(BuildHead("k")).ok());
  EXPECT_EQ(transport_->sent().size(), 2u);
  EXPECT_TRUE(session->Call(BuildHead("k")).ok());
  EXPECT_EQ(transport_->sent().size(), 3u);  // it is remembered
}

TEST_F(S3SessionTest, AClockThatAgreesIsNoReasonToTryAgain) {
  const auto session = MakeSession([](const SentRequest&) {
    return FakeAnswer{403, ErrorXml("AccessDenied"), {{"Date", "Tue, 14 Nov 2023 22:13:20 GMT"}}};
  });
  const auto answer = session->Call(BuildHead("k"));
  EXPECT_EQ(answer.error().error_class(), ErrorClass::kAuth);
  EXPECT_EQ(transport_->sent().size(), 1u);
}

TEST_F(S3SessionTest, FollowsTheRegionOfACloudBucket) {
  const auto session = MakeSession(
      [](const SentRequest& request) {
        if (request.url.find("eu-west-1") != std::string::npos) return FakeAnswer{};
        return FakeAnswer{301, "", {{"x-amz-bucket-region", "eu-west-1"}}};
      },
      "");
  EXPECT_TRUE(session->Call(BuildHead("k")).ok());
  EXPECT_EQ(transport_->sent().at(1).url, "https://bucket.s3.eu-west-1.amazonaws.com/k");
  EXPECT_NE(transport_->sent().at(1).headers.Value("authorization").find("/eu-west-1/s3/"),
            std::string::npos);
}

TEST_F(S3SessionTest, KeepsACustomEndpointWhenTheRegionChanges) {
  const auto session = MakeSession([](const SentRequest& request) {
    if (request.headers.Value("authorization").find("/mars-1/") != std::string::npos) {
      return FakeAnswer{};
    }
    return FakeAnswer{400, ErrorXml("AuthorizationHeaderMalformed", "<Region>mars-1</Region>"), {}};
  });
  EXPECT_TRUE(session->Call(BuildHead("k")).ok());
  EXPECT_EQ(transport_->sent().at(1).url, "http://s3:1/bucket/k");
}

TEST_F(S3SessionTest, AStoreThatAlwaysRedirectsIsNotFollowedForEver) {
  int count = 0;
  const auto session = MakeSession([&](const SentRequest&) {
    return FakeAnswer{301, "", {{"x-amz-bucket-region", "region-" + std::to_string(++count)}}};
  });
  const auto answer = session->Call(BuildHead("k"));
  ASSERT_FALSE(answer.ok());
  EXPECT_NE(answer.error().message().find("--region"), std::string::npos);
  EXPECT_EQ(count, 2);
}

TEST_F(S3SessionTest, RefusedKeysAreLookedForAgainAfterAWhile) {
  const auto session = MakeSession([](const SentRequest&) {
    return FakeAnswer{400, ErrorXml("ExpiredToken"), {}};
  });
  EXPECT_EQ(session->Call(BuildHead("k")).error().error_class(), ErrorClass::kAuth);
  EXPECT_EQ(transport_->sent().size(), 1u);  // they were loaded a moment ago
  clock_.Advance(std::chrono::seconds(30));
  const auto answer = session->Call(BuildHead("k"));
  EXPECT_EQ(answer.error().error_class(), ErrorClass::kUnavailable);  // there are no others
  EXPECT_NE(answer.error().message().find("no other credentials"), std::string::npos);
  EXPECT_EQ(transport_->sent().size(), 2u);
}

// Keys of one name after the other; the store knows the newest only.
class RotatedKeysTest : public S3Fixture {
 protected:
  std::unique_ptr<S3Session> Make(std::function<FakeAnswer()> refusal) {
    return MakeSession(
        [this, refusal](const SentRequest& request) {
          const std::string as = "Credential=AK" + std::to_string(valid_.load()) + "/";
          const std::string given = request.headers.Value("authorization");
          return given.find(as) == std::string::npos ? refusal() : FakeAnswer{200, "body", {}};
        },
        "http://s3:1", Keys(), [this]() -> base::Result<Credentials> { return Keys(); });
  }
  Credentials Keys() {
    const std::int64_t end = clock_.MonotonicNs() + 3600'000'000'000;
    return {"AK" + std::to_string(issued_.load()), base::Secret("SK"), {}, "test", end};
  }
  void Rotate() {
    clock_.Advance(std::chrono::seconds(60));
    issued_ = ++valid_;
  }

  std::atomic<int> issued_ = 0, valid_ = 0;
};

TEST_F(RotatedKeysTest, ARefusedRequestIsSignedOnceMoreWithNewOnes) {
  const auto session = Make([] { return FakeAnswer{403, ErrorXml("ExpiredToken"), {}}; });
  for (int round = 0; round < 3; ++round) {
    Rotate();
    const auto answer = session->Call(BuildGet("k", {0, 1}, ""));
    ASSERT_TRUE(answer.ok()) << answer.error().ToString();
    EXPECT_EQ(answer->body, "body");
  }
  EXPECT_EQ(transport_->sent().size(), 6u);
}

TEST_F(RotatedKeysTest, AHeadIsRefusedWithoutAReason) {
  const auto session = Make([] { return FakeAnswer{400, "", {}}; });
  Rotate();
  EXPECT_TRUE(session->Call(BuildHead("k")).ok());
  EXPECT_EQ(transport_->sent().size(), 2u);
}

TEST_F(RotatedKeysTest, WhatIsForbiddenIsNotTriedAgain) {
  const auto session = Make([] { return FakeAnswer{403, ErrorXml("AccessDenied"), {}}; });
  Rotate();
  EXPECT_EQ(session->Call(BuildHead("k")).error().error_class(), ErrorClass::kAuth);
  EXPECT_EQ(transport_->sent().size(), 1u);
}

TEST_F(RotatedKeysTest, KeysThatAreRefusedAsWellEndIt) {
  const auto session = Make([] { return FakeAnswer{403, ErrorXml("InvalidAccessKeyId"), {}}; });
  Rotate();
  issued_ = 77;
  const auto answer = session->Call(BuildHead("k"));
  EXPECT_EQ(answer.error().error_class(), ErrorClass::kAuth);
  EXPECT_NE(answer.error().message().find("credentials: test"), std::string::npos);
  EXPECT_EQ(transport_->sent().size(), 2u);
}

// Whether it still sends or is cancelled is a race; that it is answered is not.
TEST_F(S3SessionTest, ARequestThatWaitsForARenewalIsAnsweredWhenTheSessionEnds) {
  std::promise<void> asked, go, answered;
  const Credentials ended = {"AK", base::Secret("SK"), {}, "test", 0};
  auto session = MakeSession([](const SentRequest&) { return FakeAnswer{}; }, "http://s3:1", ended,
                             [&]() -> base::Result<Credentials> {
                               asked.set_value();
                               go.get_future().wait();
                               return ended;
                             });
  session->Send(BuildHead("k"),
                {nullptr, nullptr, [&](const base::Result<HttpAnswer>&) { answered.set_value(); }});
  asked.get_future().wait();
  std::thread owner([&] { session.reset(); });
  go.set_value();
  owner.join();
  answered.get_future().wait();
}

TEST_F(S3SessionTest, WithoutKeysItSaysSo) {
  const auto session = MakeSession(
      [](const SentRequest&) {
        return FakeAnswer{403, ErrorXml("AccessDenied"), {}};
      },
      "http://s3:1", Credentials());
  const auto answer = session->Call(BuildHead("k"));
  ASSERT_FALSE(answer.ok());
  EXPECT_NE(answer.error().message().find("no credentials found"), std::string::npos);
  EXPECT_EQ(transport_->sent().at(0).headers.Find("authorization"), nullptr);
}

TEST_F(S3SessionTest, ALongErrorPageTellsByItsStatus) {
  const auto session = MakeSession([](const SentRequest&) {
    return FakeAnswer{500, std::string(1 << 20, 'x'), {}};
  });
  EXPECT_EQ(session->Call(BuildHead("k")).error().error_class(), ErrorClass::kUnavailable);
}

// A directory bucket, as its documentation has it: it hands out sessions of five minutes to who
// signs as its owner, and takes requests that one of them signed.
class DirectoryBucketTest : public S3Fixture {
 protected:
  std::unique_ptr<S3Session> Make() {
    return MakeSession([this](const SentRequest& request) { return Answer(request); }, "",
                       {"AK", base::Secret("SK"), base::Secret("IAM"), "test"}, NoOthers,
                       "train--use1-az4--x-s3");
  }

  FakeAnswer Answer(const SentRequest& request) {
    const std::string as = request.headers.Value("authorization");
    const bool own = as.find("Credential=AK/") != std::string::npos &&
                     request.headers.Value("x-amz-security-token") == "IAM";
    if (as.find("/us-east-1/s3express/aws4_request") == std::string::npos) return {403, "", {}};
    if (request.url.ends_with("/?session=")) return own ? Open() : FakeAnswer{403, "", {}};
    if (request.headers.Find("x-amz-copy-source") != nullptr) {
      return own ? FakeAnswer{200, "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>", {}}
                 : FakeAnswer{403, "", {}};
    }
    const std::string number = std::to_string(opened_.load());
    const bool in_session = as.find("Credential=SESSION" + number + "/") != std::string::npos &&
                            request.headers.Value("x-amz-s3session-token") == "T" + number &&
                            request.headers.Find("x-amz-security-token") == nullptr;
    return in_session ? FakeAnswer{200, "in " + number, {}}
                      : FakeAnswer{403, ErrorXml("ExpiredToken"), {}};
  }

  FakeAnswer Open() {
    const std::string number = std::to_string(++opened_);
    return {200,
            "<CreateSessionResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Credentials>"
            "<SessionToken>T" +
                number +
                "</SessionToken><SecretAccessKey>S</SecretAccessKey>"
                "<AccessKeyId>SESSION" +
                number +
                "</AccessKeyId>"
                "<Expiration>2023-11-14T22:18:20Z</Expiration></Credentials></CreateSessionResult>",
            {{"Date", "Tue, 14 Nov 2023 22:13:20 GMT"}}};
  }

  std::atomic<int> opened_ = 0;
};

TEST_F(DirectoryBucketTest, OneSessionIsOpenedAndUsed) {
  const auto session = Make();
  for (int round = 0; round < 3; ++round) {
    const auto answer = session->Call(BuildGet("k", {0, 1}, ""));
    ASSERT_TRUE(answer.ok()) << answer.error().ToString();
    EXPECT_EQ(answer->body, "in 1");
  }
  EXPECT_EQ(transport_->sent().size(), 4u);
  EXPECT_EQ(transport_->sent().at(0).url,
            "https://train--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com/?session=");
  EXPECT_EQ(transport_->sent().at(1).url,
            "https://train--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com/k");
}

TEST_F(DirectoryBucketTest, ASessionIsRenewedBeforeItEnds) {
  const auto session = Make();
  ASSERT_TRUE(session->Call(BuildHead("k")).ok());
  clock_.Advance(std::chrono::seconds(220));
  ASSERT_TRUE(session->Call(BuildHead("k")).ok());
  EXPECT_EQ(opened_, 1);
  // In its last quarter: who asks begins the renewal, and goes on with whichever is there.
  clock_.Advance(std::chrono::seconds(10));
  ASSERT_TRUE(session->Call(BuildHead("k")).ok());
  for (int round = 0; opened_ < 2; ++round) ASSERT_TRUE(session->Call(BuildHead("k")).ok());
  EXPECT_TRUE(session->Call(BuildHead("k")).ok());
}

TEST_F(DirectoryBucketTest, ASessionThatHasEndedIsWaitedFor) {
  const auto session = Make();
  ASSERT_TRUE(session->Call(BuildHead("k")).ok());
  clock_.Advance(std::chrono::seconds(3600));
  const auto answer = session->Call(BuildGet("k", {0, 1}, ""));
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->body, "in 2");
}

TEST_F(DirectoryBucketTest, CopiesAreSignedAsOurselves) {
  const auto session = Make();
  EXPECT_TRUE(session->Call(BuildCopy(session->location(), {}, "a", "b")).ok());
  EXPECT_EQ(opened_, 0);
}

TEST_F(DirectoryBucketTest, WhoMayNotOpenASessionIsTold) {
  const auto session = MakeSession(
      [](const SentRequest&) {
        return FakeAnswer{403, ErrorXml("AccessDenied"), {}};
      },
      "", {"AK", base::Secret("SK"), {}, "test"}, NoOthers, "train--use1-az4--x-s3");
  const auto answer = session->Call(BuildHead("k"));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().error_class(), ErrorClass::kAuth);
  EXPECT_NE(answer.error().message().find("open a session with the bucket"), std::string::npos);
}

TEST_F(S3SessionTest, GoogleIsSpokenToInItsOwnWords) {
  const auto session = MakeSession(
      [](const SentRequest& request) {
        const bool signed_so = request.headers.Value("authorization")
                                   .starts_with(
                                       "GOOG4-HMAC-SHA256 Credential=AK/20231114/auto/"
                                       "storage/goog4_request, ");
        const bool fresh = request.headers.Value("x-goog-if-generation-match") == "0";
        for (const auto& [name, value] : request.headers.all()) {
          if (name.starts_with("x-amz-")) return FakeAnswer{400, ErrorXml("MalformedHeader"), {}};
        }
        return FakeAnswer{signed_so && fresh ? 200 : 412,
                          "",
                          {{"ETag", "\"md5\""}, {"x-goog-generation", "1712"}}};
      },
      "https://storage.googleapis.com");
  RestRequest put = BuildPut("k", {});
  AddPrecondition(put, {true, ""});
  AddChecksum(put, 1);
  const auto answer = session->Call(std::move(put));
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->response.headers.Value("etag"), "1712");
  EXPECT_EQ(transport_->sent().at(0).url, "https://storage.googleapis.com/bucket/k");

  std::string begun;
  std::promise<void> done;
  session->Send(BuildHead("k"), {[&begun](const HttpResponse& response) {
                                   begun = response.headers.Value("etag");
                                   return true;
                                 },
                                 nullptr, [&done](const auto&) { done.set_value(); }});
  done.get_future().wait();
  EXPECT_EQ(begun, "");  // a refusal does not begin
}

}  // namespace
}  // namespace objclient
