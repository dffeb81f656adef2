#include "objclient/auth/key_document.h"

#include <gtest/gtest.h>

#include "objclient/http/http_date.h"
#include "tests/support/fake_clock.h"

namespace objclient {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;  // where the fake clock stands

TEST(ParseExpirationTest, TakesEveryFormInUse) {
  const auto at = ParseIsoDate("2026-11-25T17:56:00Z");
  ASSERT_TRUE(at.has_value());
  EXPECT_EQ(ParseExpiration("2026-11-25T17:56:00Z"), at);
  EXPECT_EQ(ParseExpiration("2026-11-25T17:56:00.123456Z"), at);
  EXPECT_EQ(ParseExpiration("2026-11-25T17:56:00+00:00"), at);
  EXPECT_EQ(ParseExpiration("2026-11-25T19:26:00.5+01:30"), at);
  EXPECT_EQ(ParseExpiration("2026-11-25T07:56:00-10:00"), at);
  for (const char* bad : {"", "soon", "2026-11-25", "2026-11-25T17:56:00+0000", "+01:00",
                          "2026-11-25T17:56:00+xx:00"}) {
    EXPECT_FALSE(ParseExpiration(bad).has_value()) << bad;
  }
}

TEST(EndOnClockTest, TheServersClockCounts) {
  testing_support::FakeClock clock;
  const std::int64_t now_ns = clock.MonotonicNs();
  EXPECT_EQ(EndOnClock(kNow + 100, "", clock), now_ns + 100'000'000'000);
  // Its clock is a year before ours.
  const std::string date = FormatHttpDate(kNow - 31'536'000);
  EXPECT_EQ(EndOnClock(kNow - 31'536'000 + 100, date, clock), now_ns + 100'000'000'000);
  EXPECT_EQ(EndOnClock(kNow - 5, "", clock), now_ns);  // ended
  EXPECT_GT(EndOnClock(INT64_MAX, "", clock), now_ns);
}

base::Result<Credentials> Parse(const char* text) {
  testing_support::FakeClock clock;
  return ParseKeyDocument(base::Secret(text), "Token", "", clock);
}

TEST(ParseKeyDocumentTest, TakesTheKeys) {
  const auto keys = Parse(R"({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T",
                              "Expiration": "2023-11-14T22:13:21Z", "More": {"x": 1}})");
  ASSERT_TRUE(keys.ok());
  EXPECT_EQ(keys->access_key_id, "A");
  EXPECT_EQ(keys->secret_access_key.reveal(), "S");
  EXPECT_EQ(keys->session_token.reveal(), "T");
  EXPECT_TRUE(keys->expires_ns.has_value());
  const auto lasting = Parse(R"({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": null})");
  ASSERT_TRUE(lasting.ok());
  EXPECT_TRUE(lasting->session_token.empty());
  EXPECT_FALSE(lasting->expires_ns.has_value());
}

TEST(ParseKeyDocumentTest, SaysWhatIsMissingAndShowsNothing) {
  for (const char* text :
       {"", "[]", "not json s3cr3t", R"({"SecretAccessKey": "s3cr3t"})",
        R"({"AccessKeyId": "A", "SecretAccessKey": 5, "Token": "s3cr3t"})",
        R"({"AccessKeyId": "A\r\nx: y", "SecretAccessKey": "s3cr3t"})",
        R"({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "s3cr3t\n"})",
        R"({"AccessKeyId": "A", "SecretAccessKey": "s3cr3t", "Expiration": "s3cr3t"})"}) {
    const auto keys = Parse(text);
    ASSERT_FALSE(keys.ok()) << text;
    EXPECT_EQ(keys.error().error_class(), base::ErrorClass::kInvalid);
    EXPECT_EQ(keys.error().message().find("s3cr3t"), std::string::npos);
  }
}

TEST(ParseKeyXml, TakesTheKeysWhereverTheyAre) {
  testing_support::FakeClock clock;
  const auto keys = ParseKeyXml(
      base::Secret("<a:R xmlns:a='x'><a:Result><a:Credentials><a:AccessKeyId>A</a:AccessKeyId>"
                   "<a:SecretAccessKey>S</a:SecretAccessKey><a:SessionToken>T</a:SessionToken>"
                   "<a:Expiration>2023-11-14T22:18:20Z</a:Expiration></a:Credentials></a:Result>"
                   "</a:R>"),
      "Tue, 14 Nov 2023 22:13:20 GMT", clock);
  ASSERT_TRUE(keys.ok()) << keys.error().ToString();
  EXPECT_EQ(keys->access_key_id, "A");
  EXPECT_EQ(keys->secret_access_key.reveal(), "S");
  EXPECT_EQ(keys->session_token.reveal(), "T");
  EXPECT_EQ(keys->expires_ns, clock.MonotonicNs() + 300'000'000'000);
}

TEST(ParseKeyXml, SaysWhatIsMissingAndShowsNothing) {
  testing_support::FakeClock clock;
  for (const char* text :
       {"", "s3cr3t", "<R><Credentials><AccessKeyId>A</AccessKeyId></Credentials></R>",
        "<R><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s3cr3t</SecretAccessKey>"
        "</Credentials></R>"}) {
    const auto keys = ParseKeyXml(base::Secret(text), "", clock);
    ASSERT_FALSE(keys.ok()) << text;
    EXPECT_EQ(keys.error().message().find("s3cr3t"), std::string::npos);
  }
}

}  // namespace
}  // namespace objclient
