#include "fs/fuse/waiting.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

namespace fs {
namespace {

// As proc(5) has them, with what else may stand there left out.
std::string Status(const std::string& own, const std::string& shared,
                   const std::string& blocked = "0000000000000000") {
  return "Name:\tSigPnd:\nPid:\t7\nSigPnd:\t" + own + "\nShdPnd:\t" + shared + "\nSigBlk:\t" +
         blocked + "\nSigIgn:\t0000000000000000\n";
}
constexpr char kNone[] = "0000000000000000";
constexpr char kKill[] = "0000000000000100";
constexpr char kTerm[] = "0000000000004000";
constexpr char kInt[] = "0000000000000002";
constexpr char kChild[] = "0000000000010000";

std::string Stat(const std::string& flags, const std::string& exit_code) {
  std::string fields;
  for (int field = 10; field < 52; ++field) fields += " 1";
  return "7 (a) 4 b) S 1 2 3 4 5 " + flags + fields + " " + exit_code + "\n";
}
const std::string kRunning = Stat("4194304", "0");

TEST(IsToldToEnd, WhoIsBeingKilledOrAskedFromTheKeyboard) {
  EXPECT_TRUE(IsToldToEnd(Status(kKill, kNone), kRunning));
  EXPECT_TRUE(IsToldToEnd(Status(kNone, kKill), kRunning));
  EXPECT_TRUE(IsToldToEnd(Status(kNone, kInt), kRunning));
}

TEST(IsToldToEnd, NotWhoHasSignalsForOtherThings) {
  EXPECT_FALSE(IsToldToEnd(Status(kNone, kNone), kRunning));
  EXPECT_FALSE(IsToldToEnd(Status(kChild, kChild), kRunning));
  EXPECT_FALSE(IsToldToEnd(Status(kNone, kTerm), kRunning)) << "it has a handler of its own";
  EXPECT_FALSE(IsToldToEnd(Status(kNone, kInt, kInt), kRunning)) << "blocked";
  EXPECT_FALSE(IsToldToEnd("", ""));
}

TEST(IsToldToEnd, WhoClosesItsFilesAsItEndsBySignalOnly) {
  EXPECT_TRUE(IsToldToEnd(Status(kNone, kNone), Stat("4194308", "15")));
  EXPECT_FALSE(IsToldToEnd(Status(kNone, kNone), Stat("4194308", "0")));
  EXPECT_FALSE(IsToldToEnd(Status(kNone, kNone), Stat("4194308", "256"))) << "exit(1)";
  EXPECT_FALSE(IsToldToEnd(Status(kNone, kNone), Stat("4194304", "15")));
}

class WaitingTest : public testing::Test {
 protected:
  static void Set(std::atomic<int>& answered) {
    answered = 1;
    answered.notify_all();
  }

  // An answer may still run when Remove has returned: what it sets outlives `waiting_`.
  std::atomic<pid_t> ending_{0};
  std::atomic<int> first_{0};
  std::atomic<int> second_{0};
  Waiting waiting_{{.ends = [this](pid_t thread) { return thread == ending_.load(); },
                    .period = std::chrono::milliseconds(1)}};
};

TEST_F(WaitingTest, AnswersHimWhoIsToldToEndAndNobodyElse) {
  waiting_.Add(&first_, 1, [this] {
    waiting_.Remove(&first_);
    Set(first_);
  });
  waiting_.Add(&second_, 2, [this] { Set(second_); });
  ending_ = 1;
  first_.wait(0);
  EXPECT_EQ(second_.load(), 0);
  // He who comes while others are looked at is looked at as well.
  ending_ = 2;
  second_.wait(0);
  waiting_.Remove(&second_);
}

TEST_F(WaitingTest, LooksAgainWhenSomebodyComesAfterAllHaveGone) {
  for (pid_t thread = 1; thread <= 3; ++thread) {
    first_ = 0;
    ending_ = thread;
    waiting_.Add(&first_, thread, [this] {
      waiting_.Remove(&first_);
      Set(first_);
    });
    first_.wait(0);
  }
}

}  // namespace
}  // namespace fs
