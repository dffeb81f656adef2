#include "objclient/retry_budget.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class RetryBudgetTest : public testing::Test {
 protected:
  int TakeAll(std::int64_t now_ns) {
    int taken = 0;
    while (budget_.TryTake(now_ns)) ++taken;
    return taken;
  }

  base::Counter level_;
  RetryBudget budget_{
      {.tokens_max = 5, .per_second = 2, .per_success = 0.25}, 10 * kSecond, level_};
};

TEST_F(RetryBudgetTest, FullAtFirstThenEmpty) {
  EXPECT_EQ(level_.value(), 5u);
  EXPECT_EQ(TakeAll(10 * kSecond), 5);
  EXPECT_EQ(level_.value(), 0u);
}

TEST_F(RetryBudgetTest, TimeBringsATrickleAndNoMoreThanTheMost) {
  TakeAll(10 * kSecond);
  EXPECT_EQ(TakeAll(10 * kSecond + kSecond / 4), 0);
  EXPECT_EQ(TakeAll(10 * kSecond + kSecond / 2), 1) << "asking does not throw fractions away";
  EXPECT_EQ(TakeAll(12 * kSecond + kSecond / 2), 4);
  EXPECT_EQ(TakeAll(1000 * kSecond), 5);
}

TEST_F(RetryBudgetTest, TimeThatGoesBackChangesNothing) {
  TakeAll(10 * kSecond);
  EXPECT_EQ(TakeAll(9 * kSecond), 0);
  EXPECT_EQ(TakeAll(11 * kSecond), 2);
}

TEST_F(RetryBudgetTest, SuccessGivesBackWhatWasTakenAndALittle) {
  TakeAll(10 * kSecond);
  for (int i = 0; i < 3; ++i) budget_.Succeeded(0);
  EXPECT_EQ(TakeAll(10 * kSecond), 0);
  budget_.Succeeded(0);
  EXPECT_EQ(TakeAll(10 * kSecond), 1);
  budget_.Succeeded(3);
  EXPECT_EQ(TakeAll(10 * kSecond), 3);
  budget_.Succeeded(100);
  EXPECT_EQ(level_.value(), 5u);
}

}  // namespace
}  // namespace objclient
