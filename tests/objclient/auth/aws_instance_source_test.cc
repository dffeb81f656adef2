#include "objclient/auth/aws_instance_source.h"

#include "tests/objclient/auth/source_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

// The metadata service, version 2, as its documentation describes it.
class AwsInstanceSourceTest : public SourceFixture {
 protected:
  AwsInstanceSourceTest() {
    network_ = [this](const SentRequest& request) { return Answer(request); };
  }
  FakeAnswer Answer(const SentRequest& request) {
    const std::string path = request.url.substr(service_.size());
    if (status_ != 200) return {status_, "", {}};
    if (path == "/latest/api/token") {
      const bool asks = !request.headers.Value("x-aws-ec2-metadata-token-ttl-seconds").empty();
      return request.method == "PUT" && asks ? FakeAnswer{200, "session", {}}
                                             : FakeAnswer{400, "", {}};
    }
    if (request.headers.Value("x-aws-ec2-metadata-token") != "session") return {401, "", {}};
    if (path == "/latest/meta-data/iam/security-credentials/" && !role_.empty()) {
      return {200, role_, {}};
    }
    if (path == "/latest/meta-data/iam/security-credentials/train") return {200, kRoleKeys, {}};
    return {404, "", {}};
  }

  std::string service_ = "http://169.254.169.254";
  std::string role_ = "train";
  int status_ = 200;
};

TEST_F(AwsInstanceSourceTest, TakesTheKeysOfTheRole) {
  const Credentials found = Found(AwsInstanceSource(Context()).Load());
  EXPECT_EQ(found.access_key_id, "ASIAROLE");
  EXPECT_EQ(LifeOf(found), 3600);
  EXPECT_EQ(found.origin, "role train of this instance, from http://169.254.169.254");
  EXPECT_EQ(sent().size(), 3u);
}

TEST_F(AwsInstanceSourceTest, TheServiceMayBeElsewhere) {
  service_ = variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1";
  (void)Found(AwsInstanceSource(Context()).Load());
  service_ = "http://[fd00:ec2::254]";
  variables_.erase("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  (void)Found(AwsInstanceSource(Context()).Load());
}

TEST_F(AwsInstanceSourceTest, MachinesWithoutTheServiceAreAskedOnce) {
  network_ = [](const SentRequest&) { return FakeAnswer{0, "", {}, true}; };
  EXPECT_EQ(WhyNot(AwsInstanceSource(Context()).Load()), "no answer from http://169.254.169.254");
  EXPECT_EQ(sent().size(), 1u);
}

TEST_F(AwsInstanceSourceTest, NoRoleNoAccessOrNotWanted) {
  role_ = "";
  EXPECT_EQ(WhyNot(AwsInstanceSource(Context()).Load()), "the instance has no role");
  status_ = 403;
  EXPECT_NE(WhyNot(AwsInstanceSource(Context()).Load()).find("HTTP 403"), std::string::npos);
  const std::size_t before = sent().size();
  variables_["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_EQ(WhyNot(AwsInstanceSource(Context()).Load()), "AWS_EC2_METADATA_DISABLED is set");
  EXPECT_EQ(sent().size(), before);
}

TEST_F(AwsInstanceSourceTest, ABusyServiceIsNoReasonToBeAnonymous) {
  status_ = 503;
  EXPECT_EQ(AwsInstanceSource(Context()).Load().error().error_class(), ErrorClass::kUnavailable);
}

TEST_F(AwsInstanceSourceTest, OnceSeenItsSilenceIsAFailure) {
  AwsInstanceSource source(Context());
  (void)Found(source.Load());
  network_ = [](const SentRequest&) { return FakeAnswer{0, "", {}, true}; };
  EXPECT_EQ(source.Load().error().error_class(), ErrorClass::kUnavailable);
}

}  // namespace
}  // namespace objclient
