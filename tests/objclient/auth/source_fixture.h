// SourceFixture: what a source of credentials sees of a machine, made up by the test: variables, a
// home directory, and services that a script plays.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "objclient/auth/credential_source.h"
#include "objclient/auth/source_context.h"
#include "tests/objclient/rest/fake_transport.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace objclient {

class SourceFixture : public testing::Test {
 protected:
  SourceFixture() { variables_["HOME"] = home_.path().string(); }

  SourceContext Context() {
    Environment environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
    return {std::move(environment), http_, clock_};
  }
  // All requests since the first.
  std::vector<SentRequest> sent() const {
    return transport_ == nullptr ? std::vector<SentRequest>() : transport_->sent();
  }
  static Credentials Found(base::Result<Finding<Credentials>> finding) {
    EXPECT_TRUE(finding.ok()) << finding.error().ToString();
    EXPECT_TRUE(std::holds_alternative<Credentials>(*finding));
    return std::get<Credentials>(*finding);
  }
  static std::string WhyNot(base::Result<Finding<Credentials>> finding) {
    EXPECT_TRUE(finding.ok()) << finding.error().ToString();
    EXPECT_TRUE(std::holds_alternative<NothingHere>(*finding));
    return std::get<NothingHere>(*finding).why;
  }
  // Seconds from now until they end.
  std::int64_t LifeOf(const Credentials& credentials) const {
    return (credentials.expires_ns.value_or(0) - clock_.MonotonicNs()) / 1'000'000'000;
  }

  testing_support::TempDir home_;
  testing_support::FakeClock clock_;  // 22:13:20 on 14 November 2023, UTC
  std::map<std::string, std::string> variables_;
  // What the network answers; nothing is there until a test says so.
  std::function<FakeAnswer(const SentRequest&)> network_ = [](const SentRequest&) {
    return FakeAnswer{0, "", {}, true};
  };
  FakeTransport* transport_ = nullptr;
  CredentialHttp http_{[this]() -> base::Result<std::unique_ptr<HttpTransport>> {
                         auto transport = std::make_unique<FakeTransport>(
                             [this](const SentRequest& request) { return network_(request); });
                         transport_ = transport.get();
                         return std::unique_ptr<HttpTransport>(std::move(transport));
                       },
                       clock_};
};

// What AWS's services answer with (from their documentation).
inline constexpr const char* kRoleKeys = R"({"Code": "Success", "Type": "AWS-HMAC",
  "AccessKeyId": "ASIAROLE", "SecretAccessKey": "rolesecret", "Token": "roletoken",
  "LastUpdated": "2023-11-14T22:00:00Z", "Expiration": "2023-11-14T23:13:20Z"})";
inline std::string StsAnswer(const std::string& action) {
  return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action +
         "Result><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser>"
         "<Credentials><AccessKeyId>ASIASTS</AccessKeyId>"
         "<SecretAccessKey>stssecret</SecretAccessKey><SessionToken>ststoken</SessionToken>"
         "<Expiration>2023-11-14T23:13:20Z</Expiration></Credentials></" +
         action + "Result></" + action + "Response>";
}

}  // namespace objclient
