// What is special about a local folder as bucket: `a` and `a/b` cannot be there at the same time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "objclient/local/local_store.h"
#include "tests/fs/ops/expect.h"
#include "tests/fs/ops/volume.h"

namespace fs {
namespace {

using ::testing::ElementsAre;

std::unique_ptr<objclient::ObjectStore> MakeFolder(Volume& volume) {
  const std::filesystem::path folder = volume.directory() / "bucket";
  std::filesystem::create_directory(folder);
  auto store = objclient::LocalStore::Open(folder, volume.clock);
  EXPECT_TRUE(store.ok()) << ErrorText(store);
  return store.ok() ? std::move(*store) : nullptr;
}

class LocalBucketTest : public ::testing::Test {
 protected:
  void SetUp() override { volume_.Mount(); }
  Volume volume_{MakeFolder};
};

TEST_F(LocalBucketTest, SavesRenamesAndRestores) {
  ASSERT_OK(volume_.MakeDir("run"));
  ASSERT_OK(volume_.Save("run/ckpt.tmp", "weights"));
  ASSERT_OK(volume_.Rename("run/ckpt.tmp", "run/ckpt"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_TRUE(std::filesystem::is_regular_file(volume_.directory() / "bucket/run/ckpt"));
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("run/ckpt"));
  volume_.Mount();
  const auto content = volume_.Load("run/ckpt");
  ASSERT_OK(content);
  EXPECT_EQ(*content, "weights");
}

TEST_F(LocalBucketTest, AFileTakesTheNameOfADirectoryThatIsStillThere) {
  ASSERT_OK(volume_.MakeDir("a"));
  ASSERT_OK(volume_.Save("a/b", "below"));
  ASSERT_OK(volume_.Unlink("a/b"));
  ASSERT_OK(volume_.RemoveDir("a"));
  ASSERT_OK(volume_.Save("a", "file now"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("a"));
  EXPECT_EQ(volume_.BucketGet("a"), "file now");
}

TEST_F(LocalBucketTest, ADirectoryTakesTheNameOfAFileThatIsStillThere) {
  ASSERT_OK(volume_.Save("a", "file"));
  ASSERT_OK(volume_.Rename("a", "b"));
  ASSERT_OK(volume_.MakeDir("a"));
  ASSERT_OK(volume_.Save("a/c", "below"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("a/c", "b"));
  EXPECT_EQ(volume_.BucketGet("b"), "file");
}

TEST_F(LocalBucketTest, DirectoriesMadeHereStayWhenTheyAreEmpty) {
  ASSERT_OK(volume_.MakeDir("empty"));
  ASSERT_OK(volume_.Save("file", "x"));
  volume_.clock.Shift(std::chrono::hours(1));
  EXPECT_THAT(*volume_.List(""), ElementsAre("empty", "file"));
  ASSERT_OK(volume_.Unmount());
  volume_.Mount();
  volume_.clock.Shift(std::chrono::hours(1));
  EXPECT_THAT(*volume_.List(""), ElementsAre("empty", "file"));
}

}  // namespace
}  // namespace fs
