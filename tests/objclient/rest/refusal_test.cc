#include "objclient/rest/refusal.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

namespace objclient {
namespace {

using base::ErrorClass;

constexpr std::array kRules = {
    RefusalRule{"Full", ErrorClass::kNoSpace, EDQUOT, "buy more"},
    RefusalRule{"Gone", ErrorClass::kNotFound, 0, ""},
    RefusalRule{"NoBucket", ErrorClass::kNotFound, kNoBucketErrno, ""},
};

base::Error Of(int status, const std::string& code = "") {
  Refusal refusal;
  refusal.status = status;
  refusal.code = code;
  return ToError(refusal, "PUT x", kRules);
}

TEST(ToError, TheStatusDecidesWhereNoRuleDoes) {
  EXPECT_EQ(Of(401).error_class(), ErrorClass::kAuth);
  EXPECT_EQ(Of(403).errno_value(), EACCES);
  EXPECT_EQ(Of(404).error_class(), ErrorClass::kNotFound);
  EXPECT_EQ(Of(407).error_class(), ErrorClass::kAuth);
  EXPECT_NE(Of(407).message().find("proxy"), std::string::npos);
  EXPECT_EQ(Of(409).error_class(), ErrorClass::kConflict);
  EXPECT_EQ(Of(412).error_class(), ErrorClass::kConflict);
  EXPECT_EQ(Of(429).error_class(), ErrorClass::kThrottled);
  EXPECT_EQ(Of(500).error_class(), ErrorClass::kUnavailable);
  EXPECT_EQ(Of(501).error_class(), ErrorClass::kUnsupported);
  EXPECT_EQ(Of(503).error_class(), ErrorClass::kThrottled);
  EXPECT_EQ(Of(507).errno_value(), ENOSPC);
  EXPECT_EQ(Of(400).error_class(), ErrorClass::kInvalid);
  EXPECT_EQ(Of(200).error_class(), ErrorClass::kUnavailable);
}

TEST(ToError, ARuleDecidesBeforeTheStatus) {
  EXPECT_EQ(Of(403, "Full").errno_value(), EDQUOT);
  EXPECT_NE(Of(403, "Full").message().find("(buy more)"), std::string::npos);
  EXPECT_EQ(Of(409, "Gone").error_class(), ErrorClass::kNotFound);
  EXPECT_NE(Of(403).message().find("(not allowed"), std::string::npos);
  EXPECT_EQ(Of(403, "Gone").message().find('('), std::string::npos) << "the code says it";
}

TEST(MeansNoKey, AMissingBucketSaysNothingOfAKey) {
  EXPECT_TRUE(MeansNoKey(Of(404)));
  EXPECT_TRUE(MeansNoKey(Of(409, "Gone")));
  EXPECT_FALSE(MeansNoKey(Of(404, "NoBucket")));
  EXPECT_FALSE(MeansNoKey(Of(409)));
}

TEST(ReadRefusal, ClockAndRetryAfter) {
  HttpResponse response;
  response.status = 503;
  response.headers.Add("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
  response.headers.Add("Retry-After", "7");
  const Refusal refusal = ReadRefusal(response);
  EXPECT_EQ(refusal.server_seconds, 784111777);
  EXPECT_EQ(ToError(refusal, "GET x", kRules).retry_after_ms(), 7000u);
}

TEST(ReadRefusal, RetryAfterADateOfTheStoresClock) {
  const auto wait_ms = [](const std::string& date, const std::string& retry_after) {
    HttpResponse response;
    response.status = 503;
    response.headers.Add("Date", date);
    response.headers.Add("Retry-After", retry_after);
    return ReadRefusal(response).retry_after_ms;
  };
  const std::string now = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(wait_ms(now, "Sun, 06 Nov 1994 08:49:52 GMT"), 15000u);
  EXPECT_EQ(wait_ms(now, "Sun, 06 Nov 1994 08:49:30 GMT"), 0u) << "past";
  EXPECT_EQ(wait_ms(now, "Mon, 07 Nov 1994 08:49:37 GMT"), 3'600'000u) << "an hour at most";
  EXPECT_EQ(wait_ms("?", "Sun, 06 Nov 1994 08:49:52 GMT"), 0u);
  EXPECT_EQ(wait_ms(now, "soon"), 0u);
}

}  // namespace
}  // namespace objclient
