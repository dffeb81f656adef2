#include "objclient/azure/azure_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace objclient {
namespace {

using base::ErrorClass;

base::Error Of(int status, const std::string& code) {
  HttpResponse response;
  response.status = status;
  if (!code.empty()) response.headers.Add("x-ms-error-code", code);
  return ToAzureError(ReadAzureRefusal(response, ""), "PUT az://a/b/k");
}

TEST(ToAzureError, TheCodeDecidesBeforeTheStatus) {
  EXPECT_EQ(Of(404, "BlobNotFound").error_class(), ErrorClass::kNotFound);
  EXPECT_EQ(Of(409, "BlobAlreadyExists").error_class(), ErrorClass::kConflict);
  EXPECT_EQ(Of(412, "ConditionNotMet").error_class(), ErrorClass::kConflict);
  EXPECT_EQ(Of(400, "InvalidBlockList").error_class(), ErrorClass::kNotFound);
  EXPECT_EQ(Of(409, "ContainerBeingDeleted").error_class(), ErrorClass::kUnavailable);
  EXPECT_EQ(Of(503, "ServerBusy").error_class(), ErrorClass::kThrottled);
  EXPECT_EQ(Of(500, "OperationTimedOut").error_class(), ErrorClass::kUnavailable);
  EXPECT_EQ(Of(403, "AuthenticationFailed").errno_value(), EACCES);
  EXPECT_EQ(Of(409, "BlobArchived").errno_value(), EACCES);
  EXPECT_EQ(Of(400, "Crc64Mismatch").error_class(), ErrorClass::kCorrupt);
  EXPECT_EQ(Of(400, "OutOfRangeInput").errno_value(), ENAMETOOLONG);
  EXPECT_EQ(Of(409, "BlobImmutableDueToPolicy").errno_value(), EROFS);
}

TEST(ToAzureError, HeadHasNoBodyAndStillACode) {
  EXPECT_NE(Of(404, "ContainerNotFound").message().find("check the URL"), std::string::npos);
  EXPECT_NE(Of(403, "").message().find("not allowed"), std::string::npos);
}

TEST(ReadAzureRefusal, TakesHeadersAndTheFirstLine) {
  HttpResponse response;
  response.status = 503;
  response.headers.Add("x-ms-request-id", "r-1");
  response.headers.Add("x-ms-retry-after-ms", "1500");
  const Refusal refusal = ReadAzureRefusal(
      response,
      "<Error><Code>ServerBusy</Code><Message>Slow down.\nRequestId:r-1</Message></Error>");
  EXPECT_EQ(refusal.code, "ServerBusy");
  EXPECT_EQ(refusal.message, "Slow down.");
  const base::Error error = ToAzureError(refusal, "GET x");
  EXPECT_EQ(error.retry_after_ms(), 1500u);
  EXPECT_EQ(error.request_id(), "r-1");
}

TEST(MeansStaleAzureCredentials, NotWhatIsMerelyForbidden) {
  const auto stale = [](int status, const std::string& code) {
    Refusal refusal;
    refusal.status = status;
    refusal.code = code;
    return MeansStaleAzureCredentials(refusal);
  };
  EXPECT_TRUE(stale(401, ""));
  EXPECT_TRUE(stale(403, "AuthenticationFailed"));
  EXPECT_FALSE(stale(403, "AuthorizationPermissionMismatch"));
  EXPECT_FALSE(stale(403, ""));
}

}  // namespace
}  // namespace objclient
