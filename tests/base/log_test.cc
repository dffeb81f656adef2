#include "base/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "tests/support/temp_dir.h"

namespace base {
namespace {

using testing_support::TempDir;

class Log : public ::testing::Test {
 protected:
  void TearDown() override {
    SetLogLevel(LogLevel::kInfo);
    EXPECT_TRUE(OpenLog({}).ok());
  }
  std::string Text() const { return ReadSmallFile(file_).value(); }
  const TempDir dir_;
  const std::filesystem::path file_ = dir_ / "log";
};

TEST_F(Log, WritesOneLineAnEventToTheFile) {
  ASSERT_TRUE(OpenLog(file_).ok());
  LOG_INFO("mounted url={} dir={}", "s3://b", "/mnt");
  LOG_ERROR("name={}", "two\nlines\x7f");
  const std::string text = Text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_NE(text.find(" mounted url=s3://b dir=/mnt\n"), std::string::npos) << text;
  EXPECT_NE(text.find("name=two\\x0alines\\x7f\n"), std::string::npos) << text;
}

TEST_F(Log, TheLevelDecidesBeforeArgumentsAreEvaluated) {
  ASSERT_TRUE(OpenLog(file_).ok());
  int evaluated = 0;
  LOG_DEBUG("{}", ++evaluated);
  EXPECT_EQ(evaluated, 0);
  SetLogLevel(LogLevel::kDebug);
  LOG_DEBUG("{}", ++evaluated);
  EXPECT_EQ(evaluated, 1);
  SetLogLevel(LogLevel::kError);
  EXPECT_FALSE(LogEnabled(LogLevel::kWarn));
  EXPECT_TRUE(LogEnabled(LogLevel::kError));
}

TEST_F(Log, ReopensForRotation) {
  ASSERT_TRUE(OpenLog(file_).ok());
  LOG_INFO("before");
  std::filesystem::rename(file_, dir_ / "log.1");
  ASSERT_TRUE(OpenLog(file_).ok());
  LOG_INFO("after");
  EXPECT_NE(Text().find("after"), std::string::npos);
  EXPECT_EQ(Text().find("before"), std::string::npos);
  ASSERT_TRUE(OpenLog(file_).ok());
  EXPECT_NE(Text().find("after"), std::string::npos) << "opening appends";
}

TEST_F(Log, AFileThatCannotBeOpenedIsAnErrorAndTheOldLogStays) {
  ASSERT_TRUE(OpenLog(file_).ok());
  const Status status = OpenLog(dir_ / "absent/log");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().error_class(), ErrorClass::kNotFound);
  LOG_INFO("still here");
  EXPECT_NE(Text().find("still here"), std::string::npos);
}

TEST_F(Log, LinesOfManyThreadsDoNotMix) {
  ASSERT_TRUE(OpenLog(file_).ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 50; ++i) LOG_INFO("<{}>", std::string(100, static_cast<char>('a' + t)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = Text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 200);
  for (int t = 0; t < 4; ++t) {
    const std::string line = "<" + std::string(100, static_cast<char>('a' + t)) + ">\n";
    int found = 0;
    for (auto at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) ++found;
    EXPECT_EQ(found, 50);
  }
}

}  // namespace
}  // namespace base
