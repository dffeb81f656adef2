#include "objclient/auth/sts_client.h"

#include "base/digest/digest.h"
#include "objclient/auth/sigv4.h"
#include "objclient/http/http_date.h"
#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class StsClientTest : public SourceFixture {
 protected:
  const RoleRequest role_{"arn:aws:iam::1:role/r", "me", "ext", "900"};
  const Credentials keys_{"AK", base::Secret("SK"), base::Secret("outer"), "test"};
};

TEST_F(StsClientTest, AssumesARoleWithASignedRequest) {
  network_ = [](const SentRequest&) { return FakeAnswer{200, StsAnswer("AssumeRole"), {}}; };
  const auto got = StsClient(Context(), "eu-west-1").AssumeRole(role_, keys_);
  ASSERT_TRUE(got.ok()) << got.error().ToString();
  EXPECT_EQ(got->access_key_id, "ASIASTS");
  EXPECT_EQ(got->secret_access_key.reveal(), "stssecret");
  EXPECT_EQ(got->session_token.reveal(), "ststoken");
  EXPECT_EQ(LifeOf(*got), 3600);
  const SentRequest request = sent().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_EQ(request.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
            "RoleSessionName=me&DurationSeconds=900&ExternalId=ext");
  // What the service computes from the request.
  SigV4Request signing;
  signing.method = "POST";
  signing.path = "/";
  for (const char* name : {"content-type", "x-amz-date", "x-amz-security-token"}) {
    signing.headers.emplace_back(name, request.headers.Value(name));
  }
  signing.headers.emplace_back("host", "sts.eu-west-1.amazonaws.com");
  signing.payload_hash = base::HexLower(base::Sha256(request.body));
  EXPECT_EQ(request.headers.Value("x-amz-security-token"), "outer");
  EXPECT_EQ(request.headers.Value("authorization"),
            SignV4(signing, keys_, {"eu-west-1", "sts", "20231114T221320Z"}).authorization);
}

TEST_F(StsClientTest, AWebIdentityNeedsNoSignature) {
  network_ = [](const SentRequest&) {
    return FakeAnswer{200, StsAnswer("AssumeRoleWithWebIdentity"), {}};
  };
  const auto got = StsClient(Context(), "cn-north-1")
                       .AssumeRoleWithWebIdentity({"arn", "me", "", ""}, base::Secret("j.w.t"));
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(sent().at(0).url, "https://sts.cn-north-1.amazonaws.com.cn/");
  EXPECT_EQ(sent().at(0).headers.Find("authorization"), nullptr);
  EXPECT_EQ(sent().at(0).body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn&RoleSessionName=me&"
            "WebIdentityToken=j.w.t");
}

TEST_F(StsClientTest, TheEndpointMayBeGiven) {
  network_ = [](const SentRequest&) { return FakeAnswer{200, StsAnswer("AssumeRole"), {}}; };
  variables_["AWS_ENDPOINT_URL"] = "http://store:7480";
  ASSERT_TRUE(StsClient(Context(), "r").AssumeRole(role_, keys_).ok());
  variables_["AWS_ENDPOINT_URL_STS"] = "https://sts.example/";
  ASSERT_TRUE(StsClient(Context(), "r").AssumeRole(role_, keys_).ok());
  EXPECT_EQ(sent().at(0).url, "http://store:7480/");
  EXPECT_EQ(sent().at(1).url, "https://sts.example/");
}

TEST_F(StsClientTest, ASkewedClockIsCorrectedOnceAndRemembered) {
  network_ = [](const SentRequest& request) {
    const std::string date = FormatHttpDate(784111777);
    if (request.headers.Value("x-amz-date") == "19941106T084937Z") {
      return FakeAnswer{200, StsAnswer("AssumeRole"), {{"Date", date}}};
    }
    return FakeAnswer{403,
                      "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error>"
                      "</ErrorResponse>",
                      {{"Date", date}}};
  };
  StsClient service(Context(), "r");
  ASSERT_TRUE(service.AssumeRole(role_, keys_).ok());
  ASSERT_TRUE(service.AssumeRole(role_, keys_).ok());
  EXPECT_EQ(sent().size(), 3u);
}

TEST_F(StsClientTest, RefusalsTellCodeAndReason) {
  network_ = [](const SentRequest&) {
    return FakeAnswer{403,
                      "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>AccessDenied"
                      "</Code><Message>may not assume r</Message></Error></ErrorResponse>",
                      {}};
  };
  const auto refused = StsClient(Context(), "r").AssumeRole(role_, keys_);
  EXPECT_EQ(refused.error().error_class(), ErrorClass::kAuth);
  EXPECT_NE(refused.error().message().find("AccessDenied: may not assume r"), std::string::npos);
  network_ = [](const SentRequest&) { return FakeAnswer{200, "<html>", {}}; };
  EXPECT_EQ(StsClient(Context(), "r").AssumeRole(role_, keys_).error().error_class(),
            ErrorClass::kInvalid);
}

}  // namespace
}  // namespace objclient
