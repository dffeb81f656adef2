#include "objclient/s3/s3_error.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/objclient/s3/s3_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

S3Failure Failure(int status, const std::string& body) {
  HttpResponse response;
  response.status = status;
  return ReadFailure(response, body);
}

base::Error Of(int status, const std::string& code) {
  return ToError(Failure(status, code.empty() ? "" : ErrorXml(code)), "PUT s3://b/k");
}

TEST(ToError, ClassAndErrno) {
  struct Case {
    int status;
    std::string code;
    ErrorClass error_class;
    int errno_value;
  };
  const std::vector<Case> cases = {
      {404, "NoSuchKey", ErrorClass::kNotFound, ENOENT},
      {404, "NoSuchUpload", ErrorClass::kNotFound, ENOENT},
      {404, "", ErrorClass::kNotFound, ENOENT},
      {403, "AccessDenied", ErrorClass::kAuth, EACCES},
      {403, "", ErrorClass::kAuth, EACCES},
      {401, "", ErrorClass::kAuth, EACCES},
      {412, "PreconditionFailed", ErrorClass::kConflict, ESTALE},
      {404, "NoSuchBucket", ErrorClass::kNotFound, ENODEV},
      {409, "ConditionalRequestConflict", ErrorClass::kUnavailable, EIO},
      {409, "OperationAborted", ErrorClass::kUnavailable, EIO},
      {503, "SlowDown", ErrorClass::kThrottled, EAGAIN},
      {200, "SlowDown", ErrorClass::kThrottled, EAGAIN},
      {429, "", ErrorClass::kThrottled, EAGAIN},
      {500, "InternalError", ErrorClass::kUnavailable, EIO},
      {200, "InternalError", ErrorClass::kUnavailable, EIO},
      {502, "", ErrorClass::kUnavailable, EIO},
      {400, "RequestTimeout", ErrorClass::kUnavailable, EIO},
      {507, "InsufficientCapacity", ErrorClass::kNoSpace, ENOSPC},
      {507, "", ErrorClass::kNoSpace, ENOSPC},
      {403, "QuotaExceeded", ErrorClass::kNoSpace, EDQUOT},
      {400, "BadDigest", ErrorClass::kCorrupt, EIO},
      {501, "NotImplemented", ErrorClass::kUnsupported, ENOTSUP},
      {400, "InvalidArgument", ErrorClass::kInvalid, EINVAL},
      {400, "KeyTooLongError", ErrorClass::kInvalid, ENAMETOOLONG},
  };
  for (const auto& one : cases) {
    const base::Error error = Of(one.status, one.code);
    EXPECT_EQ(error.error_class(), one.error_class) << one.status << one.code;
    EXPECT_EQ(error.errno_value(), one.errno_value) << one.status << one.code;
  }
}

TEST(ToError, TellsVerbKeyCodeAndRequest) {
  const base::Error error = Of(404, "NoSuchBucket");
  EXPECT_EQ(error.request_id(), "req-1");
  for (const char* part : {"PUT s3://b/k", "404", "NoSuchBucket", "why", "--endpoint"}) {
    EXPECT_NE(error.message().find(part), std::string::npos) << part;
  }
}

TEST(ReadFailure, TakesRegionClockAndRetryAfter) {
  HttpResponse response;
  response.status = 301;
  response.headers.Add("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
  response.headers.Add("Retry-After", "3");
  response.headers.Add("x-amz-bucket-region", "eu-west-1");
  response.headers.Add("x-amz-request-id", "header-id");
  const S3Failure failure = ReadFailure(response, "");
  EXPECT_EQ(failure.region, "eu-west-1");
  EXPECT_EQ(failure.server_seconds, 784111777);
  EXPECT_EQ(failure.retry_after_ms, 3000u);
  EXPECT_EQ(failure.request_id, "header-id");
  EXPECT_EQ(ToError(failure, "x").retry_after_ms(), 3000u);
  EXPECT_EQ(Failure(400, ErrorXml("X", "<Region>ap-1</Region>")).region, "ap-1");
}

TEST(ReadFailure, BodiesThatAreNoXml) {
  for (const char* body : {"", "<html>502</html>", "garbage", "<Error>", "<Error/>"}) {
    EXPECT_EQ(Failure(500, body).code, "") << body;
  }
}

TEST(MeansStaleCredentials, NotEveryRefusal) {
  EXPECT_TRUE(MeansStaleCredentials(Failure(400, ErrorXml("ExpiredToken"))));
  EXPECT_TRUE(MeansStaleCredentials(Failure(403, ErrorXml("InvalidAccessKeyId"))));
  EXPECT_TRUE(MeansStaleCredentials(Failure(401, "")));
  EXPECT_FALSE(MeansStaleCredentials(Failure(403, ErrorXml("AccessDenied"))));
  EXPECT_FALSE(MeansStaleCredentials(Failure(403, "")));
}

}  // namespace
}  // namespace objclient
