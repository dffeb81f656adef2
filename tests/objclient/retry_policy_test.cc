#include "objclient/retry_policy.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const base::Error kError(base::ErrorClass::kUnavailable, "gone");

TEST(RetryPolicy, DelaysDoubleUpToTheMaximum) {
  const RetryPolicy policy;
  const double all = 0.999999999;
  const auto near = [](std::chrono::nanoseconds delay) {
    return std::chrono::round<milliseconds>(delay);
  };
  EXPECT_EQ(near(*policy.NextDelay(1, {}, kError, all)), milliseconds(100));
  EXPECT_EQ(near(*policy.NextDelay(2, {}, kError, all)), milliseconds(200));
  EXPECT_EQ(near(*policy.NextDelay(5, {}, kError, all)), milliseconds(1600));
  EXPECT_EQ(near(*policy.NextDelay(7, {}, kError, all)), seconds(5));
  EXPECT_EQ(near(*policy.NextDelay(99, {}, kError, all)), seconds(5));
}

TEST(RetryPolicy, JitterIsFull) {
  const RetryPolicy policy;
  EXPECT_EQ(*policy.NextDelay(3, {}, kError, 0.0), milliseconds(0));
  EXPECT_EQ(*policy.NextDelay(3, {}, kError, 0.5), milliseconds(200));
}

TEST(RetryPolicy, AttemptsAreBounded) {
  const RetryPolicy policy{.attempts = 3};
  EXPECT_TRUE(policy.NextDelay(2, {}, kError, 0.5));
  EXPECT_FALSE(policy.NextDelay(3, {}, kError, 0.5));
  EXPECT_FALSE(RetryPolicy{.attempts = 1}.NextDelay(1, {}, kError, 0.5));
}

TEST(RetryPolicy, NoAttemptStartsAfterTheTimeLimit) {
  const RetryPolicy policy{.time_limit = seconds(10)};
  EXPECT_EQ(*policy.NextDelay(9, seconds(2), kError, 0.5), milliseconds(2500));
  EXPECT_EQ(*policy.NextDelay(9, seconds(8), kError, 0.5), seconds(1)) << "in what is left";
  EXPECT_LE(*policy.NextDelay(9, milliseconds(9900), kError, 0.999), milliseconds(100));
  EXPECT_FALSE(policy.NextDelay(9, milliseconds(9901), kError, 0.0));
}

TEST(RetryPolicy, TimeDecidesAndNotTheCount) {
  const RetryPolicy policy;
  for (const double random : {0.1, 0.5, 0.9}) {
    std::chrono::nanoseconds elapsed(0);
    std::uint32_t attempt = 1;
    while (const auto delay = policy.NextDelay(attempt, elapsed, kError, random)) {
      elapsed += *delay;
      ++attempt;
    }
    EXPECT_GE(elapsed, seconds(19)) << random;
    EXPECT_LE(elapsed, policy.time_limit) << random;
    EXPECT_LT(attempt, policy.attempts) << random;
  }
}

TEST(RetryPolicy, RetryAfterIsTheLeast) {
  const RetryPolicy policy;
  const base::Error busy = kError.WithRetryAfterMs(3000);
  EXPECT_EQ(*policy.NextDelay(1, {}, busy, 0.0), seconds(3));
  EXPECT_EQ(*policy.NextDelay(1, {}, busy, 0.5), milliseconds(3050));
  EXPECT_EQ(*policy.NextDelay(9, seconds(16), busy, 0.5), milliseconds(3500));
  EXPECT_FALSE(policy.NextDelay(1, {}, kError.WithRetryAfterMs(60'000), 0.0));
}

}  // namespace
}  // namespace objclient
