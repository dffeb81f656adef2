#include "fs/cli/look.h"

#include <gtest/gtest.h>

#include <ctime>

#include "meta/sqlite/sqlite_catalog.h"
#include "tests/support/temp_dir.h"

namespace fs::cli {
namespace {

TEST(ModeText, ReadsLikeLs) {
  EXPECT_EQ(ModeText(S_IFREG | 0644), "-rw-r--r--");
  EXPECT_EQ(ModeText(S_IFDIR | 01777), "drwxrwxrwt");
  EXPECT_EQ(ModeText(S_IFLNK | 0777), "lrwxrwxrwx");
  EXPECT_EQ(ModeText(S_IFREG | 04755), "-rwsr-xr-x");
  EXPECT_EQ(ModeText(S_IFREG | 02644), "-rw-r-Sr--");
  EXPECT_EQ(ModeText(S_IFIFO | 0600), "prw-------");
  EXPECT_EQ(ModeText(S_IFSOCK | 0600), "srw-------");
}

TEST(TimeText, IsLocalTime) {
  const std::int64_t seconds = 1'000'000'000;
  std::time_t time = seconds;
  char expected[32];
  std::strftime(expected, sizeof(expected), "%Y-%m-%d %H:%M:%S", std::localtime(&time));
  EXPECT_EQ(TimeText(seconds * 1'000'000'000 + 999), expected);
}

class LookTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.url = "file:///bucket";
    options_.state_directory = directory_.path().string();
    meta::SqliteCatalog::Options options;
    options.volume = {.uuid = "u", .url = "file:///bucket/", .schema_version = 0, .created_ns = 1};
    auto catalog =
        meta::SqliteCatalog::Open(directory_ / "meta.db", meta::OpenMode::kCreate, options);
    ASSERT_TRUE(catalog.ok());
    meta::NewInode what;
    what.mode = S_IFDIR | 0755;
    const auto folder = (*catalog)->Create(meta::kRootInode, "a", what);
    ASSERT_TRUE(folder.ok());
    what.mode = S_IFREG | 0644;
    ASSERT_TRUE((*catalog)->Create(folder->id, "b", what).ok());
  }
  testing_support::TempDir directory_;
  VolumeOptions options_;
};

TEST_F(LookTest, WalksToAPath) {
  const auto look = OpenLook(options_, "/a//b/");
  ASSERT_TRUE(look.ok()) << look.error().ToString();
  EXPECT_TRUE(look->inode.is_file());
  EXPECT_EQ(OpenLook(options_, "")->inode.id, meta::kRootInode);
}

TEST_F(LookTest, NamesWhatIsMissing) {
  const auto look = OpenLook(options_, "a/c");
  ASSERT_FALSE(look.ok());
  EXPECT_EQ(look.error().message().find("file:///bucket a/c: No such file or directory"), 0u);
  EXPECT_EQ(look.error().message().find("inode"), std::string::npos);
}

TEST_F(LookTest, NamesWhatIsNoDirectory) {
  const auto look = OpenLook(options_, "a/b/c");
  ASSERT_FALSE(look.ok());
  EXPECT_EQ(look.error().message(), "file:///bucket a/b/c: Not a directory");
}

TEST_F(LookTest, AVolumeThatWasNeverMountedIsSaidSo) {
  options_.state_directory = (directory_ / "elsewhere").string();
  const auto look = OpenLook(options_, "");
  ASSERT_FALSE(look.ok());
  EXPECT_NE(look.error().message().find("never mounted"), std::string::npos);
}

TEST_F(LookTest, APathThatIsNotMountedIsSaidSo) {
  options_.url = directory_.path().string();
  const auto look = OpenLook(options_, "");
  ASSERT_FALSE(look.ok());
  EXPECT_NE(look.error().message().find("not below a cairnfs mount"), std::string::npos);
  EXPECT_FALSE(OpenLook(options_, "second").ok());
}

}  // namespace
}  // namespace fs::cli
