// Buckets that others write to: listing, refreshing, escapes, objects that change under a reader.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <string>

#include "tests/fs/ops/expect.h"
#include "tests/fs/ops/volume.h"

namespace fs {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing_support::Fault;
using testing_support::Verb;

class RefresherTest : public ::testing::Test {
 protected:
  std::string Loaded(const std::string& path) {
    const auto content = volume_.Load(path);
    return content.ok() ? *content : content.error().ToString();
  }
  std::vector<std::string> Listed(const std::string& path) {
    const auto names = volume_.List(path);
    return names.ok() ? *names : std::vector<std::string>{names.error().ToString()};
  }
  void Later() { volume_.clock.Shift(std::chrono::minutes(2)); }
  Volume volume_;
};

class Kernel final : public KernelNotifier {
 public:
  void InvalidateEntry(meta::InodeId, const std::string& name) override {
    const base::MutexLock lock(mutex_);
    names_.push_back(name);
  }
  void InvalidateInode(meta::InodeId) override { ++inodes_; }
  std::vector<std::string> names() const {
    const base::MutexLock lock(mutex_);
    return names_;
  }
  int inodes() const { return inodes_; }

 private:
  mutable base::Mutex mutex_;
  std::vector<std::string> names_ GUARDED_BY(mutex_);
  std::atomic<int> inodes_{0};
};

TEST_F(RefresherTest, AnExistingBucketIsThereAtOnce) {
  volume_.BucketPut("top", "1");
  volume_.BucketPut("d/x", "22");
  volume_.BucketPut("d/e/y", "333");
  volume_.BucketPut("marker/", "");
  volume_.Mount();
  EXPECT_THAT(Listed(""), ElementsAre("d", "marker", "top"));
  EXPECT_THAT(Listed("d"), ElementsAre("e", "x"));
  EXPECT_THAT(Listed("marker"), IsEmpty());
  EXPECT_EQ(Loaded("d/e/y"), "333");
  EXPECT_EQ(volume_.Stat("d/x")->size, 2u);
  EXPECT_EQ(volume_.Stat("d/x")->mode & 07777, 0644u);
  EXPECT_ERRNO(volume_.Stat("d/missing"), ENOENT);
}

TEST_F(RefresherTest, WhatOthersDoAppearsAfterTheRefreshTime) {
  volume_.BucketPut("kept", "k");
  volume_.BucketPut("changed", "old");
  volume_.BucketPut("removed", "r");
  volume_.Mount();
  EXPECT_THAT(Listed(""), ElementsAre("changed", "kept", "removed"));
  Kernel kernel;
  volume_.filesystem().SetNotifier(&kernel);
  volume_.BucketPut("added", "a");
  volume_.BucketPut("changed", "newer");
  ASSERT_OK(volume_.bucket().Delete("removed", ""));
  EXPECT_THAT(Listed(""), ElementsAre("changed", "kept", "removed"));
  Later();
  EXPECT_EQ(Loaded("added"), "a");  // a lookup of a missing name asks as well
  EXPECT_THAT(Listed(""), ElementsAre("added", "changed", "kept"));
  EXPECT_EQ(Loaded("changed"), "newer");
  EXPECT_THAT(kernel.names(), Contains("added"));
  EXPECT_THAT(kernel.names(), Contains("removed"));
  EXPECT_GE(kernel.inodes(), 1);
  volume_.filesystem().SetNotifier(nullptr);
}

TEST_F(RefresherTest, TheFirstOpenAfterTheRefreshTimeSeesWhatOthersWrote) {
  volume_.BucketPut("f", "old");
  volume_.Mount();
  EXPECT_EQ(Loaded("f"), "old");
  volume_.BucketPut("f", "newer");
  Later();
  EXPECT_EQ(Loaded("f"), "newer");
}

TEST_F(RefresherTest, NeverMeansOnce) {
  volume_.options.refresh_s = -1;
  volume_.Mount();
  EXPECT_THAT(Listed(""), IsEmpty());
  volume_.BucketPut("f", "x");
  volume_.clock.Shift(std::chrono::hours(1000));
  EXPECT_THAT(Listed(""), IsEmpty());
}

TEST_F(RefresherTest, AReaderOfAReplacedObjectIsToldAndANewOneSeesTheNewBytes) {
  volume_.BucketPut("f", std::string(5 << 20, 'o'));
  volume_.Mount();
  const auto reader = volume_.Open("f", O_RDONLY);
  ASSERT_OK(reader);
  volume_.BucketPut("f", "new");
  EXPECT_ERRNO(volume_.Read(*reader, 4 << 20, 10), ESTALE);
  EXPECT_TRUE(volume_.Await([&] { return volume_.Stat("f")->size == 3; }));
  EXPECT_ERRNO(volume_.Read(*reader, 0, 10), ESTALE);
  EXPECT_EQ(Loaded("f"), "new");
  volume_.Release(*reader);
}

TEST_F(RefresherTest, AWriterOfAReplacedObjectDoesNotPatchTheNewOne) {
  volume_.BucketPut("f", "old old");
  volume_.Mount();
  const auto writer = volume_.Open("f", O_RDWR);
  ASSERT_OK(writer);
  volume_.BucketPut("f", "new new!");
  Later();
  EXPECT_THAT(Listed(""), ElementsAre("f"));
  ASSERT_TRUE(volume_.Await([&] { return volume_.Stat("f")->size == 8; }));
  EXPECT_ERRNO(volume_.Write(*writer, 4, "mix"), ESTALE);
  ASSERT_OK(volume_.Close(*writer));
  EXPECT_EQ(volume_.BucketGet("f"), "new new!");
}

TEST_F(RefresherTest, AWriterOfAVanishedFileIsTold) {
  volume_.BucketPut("f", "x");
  volume_.Mount();
  const auto writer = volume_.Open("f", O_RDWR);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.bucket().Delete("f", ""));
  Later();
  EXPECT_THAT(Listed(""), IsEmpty());
  EXPECT_ERRNO(volume_.Write(*writer, 0, "lost"), ESTALE);
  volume_.Release(*writer);
}

TEST_F(RefresherTest, AnOpenFileWhoseObjectVanishedIsReleasedWithItsLastClose) {
  volume_.BucketPut("f", "x");
  volume_.Mount();
  const auto reader = volume_.Open("f", O_RDONLY);
  ASSERT_OK(reader);
  ASSERT_OK(volume_.bucket().Delete("f", ""));
  Later();
  EXPECT_THAT(Listed(""), IsEmpty());
  EXPECT_THAT(*volume_.catalog().Orphans(), ElementsAre(reader->inode));
  volume_.Release(*reader);
  EXPECT_THAT(*volume_.catalog().Orphans(), IsEmpty());
}

TEST_F(RefresherTest, UnsentChangesAreNotUndoneByAListing) {
  volume_.BucketPut("f", "base");
  volume_.Mount();
  const auto writer = volume_.Open("f", O_WRONLY);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 4, " and ours"));
  const auto fresh = volume_.Open("new", O_WRONLY | O_CREAT);
  ASSERT_OK(fresh);
  ASSERT_OK(volume_.bucket().Delete("f", ""));
  Later();
  EXPECT_THAT(Listed(""), ElementsAre("f", "new"));
  EXPECT_EQ(volume_.Stat("f")->size, 13u);
  volume_.Release(*fresh);
  volume_.Release(*writer);
}

TEST_F(RefresherTest, AListingThatIsOlderThanASaveDoesNotUndoIt) {
  constexpr int kOverOnePage = 1001;
  for (int i = 0; i < kOverOnePage; ++i) volume_.BucketPut("z" + std::to_string(i), "");
  volume_.Mount();
  ASSERT_OK(volume_.Save("f", "one"));
  const auto writer = volume_.Open("f", O_WRONLY | O_TRUNC);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "two"));
  Later();
  // The first page shows the old object; before the second one is asked for, a save goes through.
  std::atomic<int> pages{0};
  volume_.PlanFaults([&](Verb verb, const auto&) -> std::optional<Fault> {
    if (verb == Verb::kList && ++pages == 2) EXPECT_OK(volume_.Close(*writer));
    return std::nullopt;
  });
  EXPECT_EQ(Listed("").size(), kOverOnePage + 1u);
  EXPECT_EQ(pages, 2);
  EXPECT_EQ(Loaded("f"), "two");
  EXPECT_EQ(volume_.Stat("f")->size, 3u);
}

TEST_F(RefresherTest, NamesThatPosixCannotHoldAreReachable) {
  volume_.BucketPut("a", "file a");
  volume_.BucketPut("a/b", "below a");
  volume_.BucketPut("d//deep", "below nothing");
  volume_.BucketPut("d/.", "dot");
  volume_.BucketPut("/rooted", "slash");
  volume_.Mount();
  EXPECT_EQ(Loaded("@cairnfs=f=a"), "file a");
  EXPECT_EQ(Loaded("a/b"), "below a");
  EXPECT_EQ(Loaded("d/@cairnfs=d=/deep"), "below nothing");
  EXPECT_EQ(Loaded("d/@cairnfs=f=."), "dot");
  EXPECT_EQ(Loaded("@cairnfs=d=/rooted"), "slash");
  ASSERT_OK(volume_.Save("d/@cairnfs=d=/deep", "changed"));
  ASSERT_OK(volume_.Save("d/@cairnfs=d=/new", "made"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_EQ(volume_.BucketGet("d//deep"), "changed");
  EXPECT_EQ(volume_.BucketGet("d//new"), "made");
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("/rooted", "a", "a/b", "d/.", "d//deep", "d//new"));
}

TEST_F(RefresherTest, WhatIsOursIsHiddenAndCannotBeMade) {
  volume_.BucketPut(".cairnfs/objects/x", "hidden");
  volume_.Mount();
  EXPECT_THAT(Listed(""), IsEmpty());
  EXPECT_ERRNO(volume_.Stat(".cairnfs"), ENOENT);
  EXPECT_ERRNO(volume_.MakeDir(".cairnfs"), EPERM);
  EXPECT_ERRNO(volume_.Open(".cairnfs", O_CREAT | O_WRONLY), EPERM);
}

TEST_F(RefresherTest, ABucketThatCannotBeListedIsAnErrorNotAnEmptyDirectory) {
  volume_.BucketPut("d/x", "1");
  volume_.Mount();
  EXPECT_THAT(Listed(""), ElementsAre("d"));
  volume_.PlanFaults([](Verb verb, const auto&) -> std::optional<Fault> {
    if (verb != Verb::kList) return std::nullopt;
    return Fault{base::Error(base::ErrorClass::kUnavailable, "no answer")};
  });
  EXPECT_ERRNO(volume_.List("d"), EIO);
  EXPECT_ERRNO(volume_.Stat("d/x"), EIO);
  Later();
  EXPECT_THAT(Listed(""), ElementsAre("d"));  // what was known before is better than nothing
  volume_.PlanFaults(nullptr);
  EXPECT_EQ(Loaded("d/x"), "1");
}

TEST_F(RefresherTest, ADirectoryOfTheBucketIsRemovedOnlyWhenItIsEmptyThere) {
  volume_.BucketPut("d/x", "1");
  volume_.BucketPut("e/", "");
  volume_.Mount();
  EXPECT_THAT(Listed(""),
              ElementsAre("d", "e"));  // the kernel looks a name up before it removes it
  EXPECT_ERRNO(volume_.RemoveDir("d"), ENOTEMPTY);
  ASSERT_OK(volume_.RemoveDir("e"));
  ASSERT_OK(volume_.Unlink("d/x"));
  ASSERT_OK(volume_.RemoveDir("d"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(volume_.BucketKeys(), IsEmpty());
}

}  // namespace
}  // namespace fs
