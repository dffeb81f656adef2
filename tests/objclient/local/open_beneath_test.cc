// Both ways of opening below a directory, with the same answers.
#include "objclient/local/open_beneath.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

using ::testing::AnyOf;

class OpenBeneathTest : public ::testing::TestWithParam<decltype(&OpenBeneath)> {
 protected:
  void SetUp() override {
    const auto top = directory_.path();
    std::filesystem::create_directories(top / "root/d");
    std::ofstream(top / "outside") << "outside";
    std::ofstream(top / "root/d/file") << "inside";
    std::filesystem::create_symlink("../outside", top / "root/away");
    std::filesystem::create_symlink("d", top / "root/link");
    root_ = *base::OpenFile(top / "root", O_RDONLY | O_DIRECTORY);
  }
  base::Result<base::UniqueFd> Open(const std::string& path, int flags = O_RDONLY) {
    return GetParam()(root_.get(), path, flags);
  }
  int ErrnoOf(const std::string& path, int flags = O_RDONLY) {
    const auto opened = Open(path, flags);
    return opened.ok() ? 0 : opened.error().errno_value();
  }
  testing_support::TempDir directory_;
  base::UniqueFd root_;
};

TEST_P(OpenBeneathTest, OpensFilesAndDirectories) {
  const auto file = Open("d/file");
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  std::string content(6, '\0');
  ASSERT_TRUE(base::ReadFull(file->get(), 0, std::as_writable_bytes(std::span(content))).ok());
  EXPECT_EQ(content, "inside");
  EXPECT_TRUE(Open("", O_RDONLY | O_DIRECTORY).ok());
  EXPECT_TRUE(Open("d", O_RDONLY | O_DIRECTORY).ok());
}

TEST_P(OpenBeneathTest, NeverLeavesTheDirectory) {
  EXPECT_EQ(ErrnoOf("../outside"), EXDEV);
  EXPECT_EQ(ErrnoOf("d/../../outside"), EXDEV);
  EXPECT_EQ(ErrnoOf("away"), ELOOP);
  EXPECT_THAT(ErrnoOf("link/file"), AnyOf(ELOOP, ENOTDIR));
  EXPECT_THAT(ErrnoOf("link", O_RDONLY | O_DIRECTORY), AnyOf(ELOOP, ENOTDIR));
}

TEST_P(OpenBeneathTest, SaysWhatIsWrong) {
  EXPECT_EQ(ErrnoOf("none"), ENOENT);
  EXPECT_EQ(ErrnoOf("none/file"), ENOENT);
  EXPECT_EQ(ErrnoOf("d/file/below"), ENOTDIR);
  EXPECT_EQ(ErrnoOf("d/file", O_RDONLY | O_DIRECTORY), ENOTDIR);
  EXPECT_EQ(ErrnoOf(std::string(5000, 'a')), ENAMETOOLONG);
}

INSTANTIATE_TEST_SUITE_P(Ways, OpenBeneathTest, ::testing::Values(&OpenBeneath, &OpenByComponents),
                         [](const auto& tested) {
                           return tested.param == &OpenBeneath ? "OneCall" : "ByComponents";
                         });

}  // namespace
}  // namespace objclient
