#include "objclient/local/local_uploads.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

namespace stdfs = std::filesystem;

class LocalUploadsTest : public testing::Test {
 protected:
  LocalUploadsTest() : tree_(*LocalTree::Open(dir_.path())) {}
  std::filesystem::path Directory(const std::string& id) const {
    return dir_ / (".cairnfs/uploads/" + id);
  }

  const testing_support::TempDir dir_;
  const std::unique_ptr<LocalTree> tree_;
};

TEST_F(LocalUploadsTest, NewProcessFindsThem) {
  const std::string id = *LocalUploads(*tree_).Create("d/k", {}, 7);
  LocalUploads uploads(*tree_);
  const auto list = uploads.List("d/");
  ASSERT_TRUE(list.ok()) << list.error().ToString();
  ASSERT_EQ(list->size(), 1u);
  EXPECT_EQ((*list)[0].upload_id, id);
  EXPECT_EQ((*list)[0].initiated_ns, 7);
  const auto one = uploads.Find("d/k", id);
  const auto two = uploads.Find("d/k", id);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(*one, *two) << "one state, however often it is asked for";
  EXPECT_FALSE(uploads.Find("other", id).ok());
}

TEST_F(LocalUploadsTest, IdsAreNoPaths) {
  LocalUploads uploads(*tree_);
  dir_.Write("x/upload", "");
  for (const char* id : {"", "..", "../../x", "/", "a/b"}) {
    EXPECT_EQ(uploads.Find("k", id).error().error_class(), base::ErrorClass::kNotFound) << id;
  }
}

TEST_F(LocalUploadsTest, SweepTakesWhatIsNoUploadAnyMore) {
  LocalUploads uploads(*tree_);
  const std::string whole = *uploads.Create("a", {}, 1);
  const std::string aborted = *uploads.Create("b", {}, 1);
  const std::string completed = *uploads.Create("c", {}, 1);
  const std::string young = *uploads.Create("d", {}, 1);
  stdfs::remove(Directory(aborted) / "upload");
  stdfs::remove(Directory(completed) / "data");
  stdfs::remove(Directory(young) / "data");
  struct stat status;
  ASSERT_EQ(::stat(Directory(whole).c_str(), &status), 0);
  const std::int64_t now_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  const timespec old{1000, 0};
  const timespec times[2] = {old, old};
  for (const std::string& id : {whole, aborted, completed}) {
    ASSERT_EQ(::utimensat(AT_FDCWD, Directory(id).c_str(), times, 0), 0);
  }
  uploads.Sweep(now_ns);
  EXPECT_TRUE(stdfs::exists(Directory(whole)));
  EXPECT_FALSE(stdfs::exists(Directory(aborted)));
  EXPECT_FALSE(stdfs::exists(Directory(completed)));
  EXPECT_TRUE(stdfs::exists(Directory(young)));
}

}  // namespace
}  // namespace objclient
