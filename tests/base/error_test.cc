#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "base/result.h"

namespace base {
namespace {

constexpr ErrorClass kAll[] = {
    ErrorClass::kNotFound,  ErrorClass::kExists,      ErrorClass::kConflict,
    ErrorClass::kThrottled, ErrorClass::kUnavailable, ErrorClass::kTimeout,
    ErrorClass::kAuth,      ErrorClass::kCorrupt,     ErrorClass::kNoSpace,
    ErrorClass::kCancelled, ErrorClass::kInvalid,     ErrorClass::kUnsupported,
    ErrorClass::kIo,        ErrorClass::kBug};

TEST(Error, EveryClassHasANameOfItsOwnAndAnErrno) {
  std::set<std::string_view> names;
  for (const ErrorClass error_class : kAll) {
    names.insert(ClassName(error_class));
    EXPECT_NE(Error(error_class, "x").errno_value(), 0) << ClassName(error_class);
  }
  EXPECT_EQ(names.size(), std::size(kAll));
}

TEST(Error, TheClassGivesTheErrnoUnlessOneIsNamed) {
  EXPECT_EQ(Error(ErrorClass::kNotFound, "x").errno_value(), ENOENT);
  EXPECT_EQ(Error(ErrorClass::kConflict, "x").errno_value(), ESTALE);
  EXPECT_EQ(Error(ErrorClass::kCorrupt, "x").errno_value(), EIO);
  EXPECT_EQ(Error(ErrorClass::kInvalid, "x", ENAMETOOLONG).errno_value(), ENAMETOOLONG);
  EXPECT_EQ(Error(ErrorClass::kIo, "x").WithErrno(EROFS).errno_value(), EROFS);
}

TEST(Error, RetryingIsDecidedByClass) {
  for (const ErrorClass error_class : kAll) {
    const bool expected = error_class == ErrorClass::kThrottled ||
                          error_class == ErrorClass::kUnavailable ||
                          error_class == ErrorClass::kTimeout;
    EXPECT_EQ(IsRetryable(Error(error_class, "x")), expected) << ClassName(error_class);
  }
}

TEST(Error, AnnotationsGoInFrontAndKeepTheRest) {
  const Error cause = Error(ErrorClass::kThrottled, "slow down", EBUSY)
                          .WithRequestId("4442587FB7D0A2F9")
                          .WithRetryAfterMs(1500);
  const Error error = cause.Annotate("PUT s3://b/k").Annotate("upload inode 7");
  EXPECT_EQ(error.message(), "upload inode 7: PUT s3://b/k: slow down");
  EXPECT_EQ(error.error_class(), ErrorClass::kThrottled);
  EXPECT_EQ(error.errno_value(), EBUSY);
  EXPECT_EQ(error.request_id(), "4442587FB7D0A2F9");
  EXPECT_EQ(error.retry_after_ms(), 1500u);
  EXPECT_EQ(error.where(), cause.where());
  EXPECT_EQ(cause.message(), "slow down") << "a value: annotating a copy leaves the original";
}

TEST(Error, SaysWhereItWasBorn) {
  const int line = __LINE__ + 1;
  const Error error(ErrorClass::kBug, "x");
  EXPECT_EQ(error.where(), "error_test.cc:" + std::to_string(line));
}

TEST(Error, FromErrnoChoosesTheClass) {
  EXPECT_EQ(Error::FromErrno(ENOENT, "open /x").error_class(), ErrorClass::kNotFound);
  EXPECT_EQ(Error::FromErrno(EPERM, "x").error_class(), ErrorClass::kAuth);
  EXPECT_EQ(Error::FromErrno(EDQUOT, "x").error_class(), ErrorClass::kNoSpace);
  EXPECT_EQ(Error::FromErrno(EISDIR, "x").error_class(), ErrorClass::kIo);
  const Error error = Error::FromErrno(EISDIR, "open /x");
  EXPECT_EQ(error.errno_value(), EISDIR);
  EXPECT_EQ(error.message(), "open /x: Is a directory");
}

TEST(Error, ToStringIsOneLineForAPerson) {
  EXPECT_EQ(Error(ErrorClass::kNotFound, "no key").ToString(), "no key [not-found errno=ENOENT]");
  EXPECT_EQ(Error(ErrorClass::kIo, "odd", 4242).WithRequestId("R1").ToString(),
            "odd [io errno=4242 request=R1]");
}

Result<int> Half(int n) {
  if (n % 2 != 0) return Error(ErrorClass::kInvalid, "odd");
  return n / 2;
}

Result<std::string> Quarter(int n) {
  TRY_ASSIGN(const int half, Half(n));
  TRY_ASSIGN(const int quarter, Half(half));
  TRY(Half(0));
  return std::to_string(quarter);
}

TEST(Result, TryPassesErrorsUpAndValuesOn) {
  EXPECT_EQ(Quarter(12).value(), "3");
  ASSERT_FALSE(Quarter(6).ok());
  EXPECT_EQ(Quarter(6).error().message(), "odd");
  EXPECT_TRUE(Ok().ok());
  EXPECT_FALSE(Status(Error(ErrorClass::kIo, "x")).ok());
}

}  // namespace
}  // namespace base
