#include "objclient/local/temp_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

constexpr std::int64_t kHourNs = 3600ll * 1'000'000'000;
constexpr std::int64_t kNowNs = 1'700'000'000'000'000'000;

class TempFileTest : public testing::Test {
 protected:
  TempFileTest() : tree_(*LocalTree::Open(dir_.path())) {}

  std::filesystem::path PathOf(const std::string& name) const {
    return dir_ / ".cairnfs/tmp" / name;
  }
  void SetAge(const std::filesystem::path& path, std::int64_t age_ns) const {
    const std::int64_t at = kNowNs - age_ns;
    const timespec time{at / 1'000'000'000, at % 1'000'000'000};
    const timespec times[2] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  const testing_support::TempDir dir_;
  const std::unique_ptr<LocalTree> tree_;
};

TEST_F(TempFileTest, GoesWithItsOwner) {
  std::filesystem::path path;
  {
    const auto file = TempFile::Create(*tree_);
    ASSERT_TRUE(file.ok()) << file.error().ToString();
    path = PathOf(file->name());
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(TempFileTest, SweepTakesWhatNobodyHolds) {
  const auto held = TempFile::Create(*tree_);
  ASSERT_TRUE(held.ok());
  SetAge(PathOf(held->name()), kHourNs);
  dir_.Write(".cairnfs/tmp/dead", "half an object");
  SetAge(PathOf("dead"), kHourNs);
  dir_.Write(".cairnfs/tmp/new", "being made");
  SetAge(PathOf("new"), 0);
  TempFile::Sweep(*tree_, kNowNs);
  EXPECT_TRUE(std::filesystem::exists(PathOf(held->name()))) << "its owner lives";
  EXPECT_FALSE(std::filesystem::exists(PathOf("dead")));
  EXPECT_TRUE(std::filesystem::exists(PathOf("new"))) << "its owner may not have locked it yet";
}

TEST_F(TempFileTest, SweepTakesWhatIsOlderThanADay) {
  const auto held = TempFile::Create(*tree_);
  ASSERT_TRUE(held.ok());
  SetAge(PathOf(held->name()), 25 * kHourNs);
  TempFile::Sweep(*tree_, kNowNs);
  EXPECT_FALSE(std::filesystem::exists(PathOf(held->name())));
}

TEST_F(TempFileTest, SweepOfNothing) {
  TempFile::Sweep(*tree_, kNowNs);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(TempFileTest, LinkIsAnotherName) {
  const auto fd = base::OpenFile(dir_.Write("file", "content"), O_RDONLY);
  ASSERT_TRUE(fd.ok());
  const auto link = TempFile::CreateLink(*tree_, fd->get());
  ASSERT_TRUE(link.ok()) << link.error().ToString();
  EXPECT_TRUE(std::filesystem::equivalent(PathOf(link->name()), dir_ / "file"));
}

}  // namespace
}  // namespace objclient
