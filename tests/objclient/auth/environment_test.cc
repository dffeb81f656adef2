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

}  // namespace
}  // namespace objclient
