#include "base/check.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Check, ATrueConditionIsEvaluatedOnce) {
  int evaluations = 0;
  CHECK(++evaluations == 1);
  EXPECT_EQ(evaluations, 1);
}

TEST(CheckDeathTest, AFalseConditionStopsTheProcessAndSaysWhere) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(CHECK(2 + 2 == 5), "CHECK failed: 2 \\+ 2 == 5 at .*check_test.cc:[0-9]+");
}

}  // namespace
}  // namespace base
