#include "objclient/auth/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace objclient {
namespace {

TEST(ProcessEnvironment, GivesWhatIsSet) {
  ASSERT_EQ(setenv("CAIRNFS_ENVIRONMENT_TEST", "value", 1), 0);
  EXPECT_EQ(ProcessEnvironment()("CAIRNFS_ENVIRONMENT_TEST"), "value");
}

TEST(ProcessEnvironment, EmptyIsUnset) {
  ASSERT_EQ(setenv("CAIRNFS_ENVIRONMENT_TEST", "", 1), 0);
  EXPECT_EQ(ProcessEnvironment()("CAIRNFS_ENVIRONMENT_TEST"), std::nullopt);
  ASSERT_EQ(unsetenv("CAIRNFS_ENVIRONMENT_TEST"), 0);
  EXPECT_EQ(ProcessEnvironment()("CAIRNFS_ENVIRONMENT_TEST"), std::nullopt);
}

TEST(IsSwitchedOnTest, KnowsTheWordsForYes) {
  std::string value;
  const Environment environment = [&](const std::string&) { return std::optional(value); };
  for (const char* yes : {"true", "TRUE", "Yes", "on", "1"}) {
    value = yes;
    EXPECT_TRUE(IsSwitchedOn(environment, "X")) << yes;
  }
  for (const char* no : {"false", "0", "no", "", "truely"}) {
    value = no;
    EXPECT_FALSE(IsSwitchedOn(environment, "X")) << no;
  }
}

}  // namespace
}  // namespace objclient
