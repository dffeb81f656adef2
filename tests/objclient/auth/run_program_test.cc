#include "objclient/auth/run_program.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

using base::ErrorClass;
constexpr std::chrono::seconds kPlenty{60};

TEST(RunProgramTest, TakesWhatItPrints) {
  const auto text = RunProgram("it", "printf '%s' \"a 'b'\"; cat", kPlenty);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->reveal(), "a 'b'");  // and its input is empty
}

TEST(RunProgramTest, FailuresShowNoOutput) {
  const auto failed = RunProgram("the program", "echo s3cr3t; exit 3", kPlenty);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().error_class(), ErrorClass::kAuth);
  EXPECT_EQ(failed.error().message(), "the program ended with status 3");
  EXPECT_EQ(RunProgram("it", "kill -9 $$", kPlenty).error().message(), "it was killed by signal 9");
  EXPECT_EQ(RunProgram("it", "/nonexistent/program 2>/dev/null", kPlenty).error().message(),
            "it ended with status 127");
}

TEST(RunProgramTest, IsKilledWithItsChildrenWhenItsTimeIsOver) {
  const auto slow = RunProgram("it", "sleep 1000 & sleep 1000", std::chrono::milliseconds(1));
  EXPECT_EQ(slow.error().error_class(), ErrorClass::kTimeout);
  const auto silent = RunProgram("it", "exec >&-; sleep 1000", std::chrono::milliseconds(1));
  EXPECT_EQ(silent.error().error_class(), ErrorClass::kTimeout);
}

TEST(RunProgramTest, OutputIsBounded) {
  const auto long_one = RunProgram("it", "head -c 1000000 /dev/zero; sleep 1000", kPlenty);
  EXPECT_EQ(long_one.error().error_class(), ErrorClass::kInvalid);
}

}  // namespace
}  // namespace objclient
