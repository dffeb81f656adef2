// Rename, and what the settler and the deleter make of it in the bucket.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/fs/ops/expect.h"
#include "tests/fs/ops/volume.h"

namespace fs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using testing_support::Verb;

constexpr unsigned kNoReplace = 1;
constexpr unsigned kExchange = 2;

class RenameTest : public ::testing::Test {
 protected:
  void SetUp() override { volume_.Mount(); }
  std::string Loaded(const std::string& path) {
    const auto content = volume_.Load(path);
    return content.ok() ? *content : content.error().ToString();
  }
  // Everything is where it belongs; seen by a second mount as well.
  void Settle() {
    ASSERT_OK(volume_.Unmount());
    volume_.Mount();
  }
  Volume volume_;
};

TEST_F(RenameTest, SaveRenameRestore) {
  ASSERT_OK(volume_.Save("ckpt.tmp", "weights"));
  ASSERT_OK(volume_.Rename("ckpt.tmp", "ckpt"));
  EXPECT_EQ(Loaded("ckpt"), "weights");
  EXPECT_ERRNO(volume_.Stat("ckpt.tmp"), ENOENT);
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("ckpt"));
  EXPECT_EQ(volume_.BucketGet("ckpt"), "weights");
  EXPECT_EQ(Loaded("ckpt"), "weights");
}

TEST_F(RenameTest, ReplacingShowsOthersTheOldObjectOrTheNewOneAlways) {
  ASSERT_OK(volume_.Save("ckpt", "old"));
  bool gap = false;
  volume_.PlanFaults([&](Verb, const auto&) {
    if (!volume_.BucketGet("ckpt")) gap = true;
    return std::nullopt;
  });
  ASSERT_OK(volume_.Save("ckpt.tmp", "new"));
  ASSERT_OK(volume_.Rename("ckpt.tmp", "ckpt"));
  EXPECT_EQ(Loaded("ckpt"), "new");
  Settle();
  EXPECT_FALSE(gap);
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("ckpt"));
  EXPECT_EQ(volume_.BucketGet("ckpt"), "new");
}

TEST_F(RenameTest, AReplacedFileStaysReadableWhereItIsOpen) {
  ASSERT_OK(volume_.Save("f", "old"));
  ASSERT_OK(volume_.Save("g", "new"));
  const auto reader = volume_.Open("f", O_RDONLY);
  ASSERT_OK(reader);
  ASSERT_OK(volume_.Rename("g", "f"));
  const auto read = volume_.Read(*reader, 0, 10);
  ASSERT_OK(read);
  EXPECT_EQ(*read, "old");
  EXPECT_EQ(Loaded("f"), "new");
  volume_.Release(*reader);
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("f"));
}

TEST_F(RenameTest, ADirectoryMovesWithAllThatIsInIt) {
  ASSERT_OK(volume_.MakeDir("step1"));
  ASSERT_OK(volume_.MakeDir("step1/sub"));
  ASSERT_OK(volume_.Save("step1/a", "A"));
  ASSERT_OK(volume_.Save("step1/sub/b", "B"));
  ASSERT_OK(volume_.Rename("step1", "final"));
  EXPECT_EQ(Loaded("final/a"), "A");
  EXPECT_EQ(Loaded("final/sub/b"), "B");
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("final/a", "final/sub/b"));
  EXPECT_EQ(Loaded("final/sub/b"), "B");
}

TEST_F(RenameTest, TheFilesOfADirectoryThatAreStillToBeMovedAreCounted) {
  constexpr std::uint64_t kFiles = 9;
  ASSERT_OK(volume_.MakeDir("from"));
  for (std::uint64_t i = 0; i < kFiles; ++i) {
    ASSERT_OK(volume_.Save("from/" + std::to_string(i), "x"));
  }
  std::atomic<bool> held{true};
  volume_.PlanFaults([&](Verb verb, const auto&) -> std::optional<testing_support::Fault> {
    if (verb == Verb::kCopy) held.wait(true);
    return std::nullopt;
  });
  ASSERT_OK(volume_.Rename("from", "to"));
  const auto moves = [this] { return volume_.filesystem().GetProgress().moves; };
  const bool counted = volume_.Await([&] { return moves() == kFiles; });
  held = false;
  held.notify_all();
  ASSERT_TRUE(counted);
  EXPECT_TRUE(volume_.Await([&] { return moves() == 0; }));
}

TEST_F(RenameTest, ADirectoryThatWasNeverLookedIntoMovesWhole) {
  volume_.BucketPut("data/x/1", "one");
  volume_.BucketPut("data/y", "two");
  volume_.BucketPut("data/", "");
  ASSERT_OK(volume_.Rename("data", "moved"));
  EXPECT_EQ(Loaded("moved/x/1"), "one");
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("moved/x/1", "moved/y"));
  volume_.clock.Shift(std::chrono::hours(1));
  const auto names = volume_.List("");
  ASSERT_OK(names);
  EXPECT_THAT(*names, ElementsAre("moved"));
}

TEST_F(RenameTest, AnOpenFileIsSentBeforeItsNewNameIsDurable) {
  const auto writer = volume_.Open("f.tmp", O_WRONLY | O_CREAT);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "so far"));
  ASSERT_OK(volume_.Rename("f.tmp", "f"));
  EXPECT_EQ(Loaded("f"), "so far");
  volume_.Crash();
  volume_.Mount();
  EXPECT_EQ(Loaded("f"), "so far");
}

TEST_F(RenameTest, WritingGoesOnUnderTheNewName) {
  const auto writer = volume_.Open("f.tmp", O_WRONLY | O_CREAT);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "one"));
  ASSERT_OK(volume_.Rename("f.tmp", "f"));
  ASSERT_OK(volume_.Write(*writer, 3, "two"));
  ASSERT_OK(volume_.Close(*writer));
  EXPECT_EQ(Loaded("f"), "onetwo");
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("f"));
  EXPECT_EQ(volume_.BucketGet("f"), "onetwo");
}

TEST_F(RenameTest, ANewFileTakesTheOldNameBeforeTheOldOneIsMoved) {
  volume_.options.settle_delay_ms = 3600 * 1000;  // the settler sleeps
  Settle();
  ASSERT_OK(volume_.Save("log", "yesterday"));
  ASSERT_OK(volume_.Rename("log", "log.1"));
  ASSERT_OK(volume_.Save("log", "today"));
  EXPECT_EQ(Loaded("log"), "today");
  EXPECT_EQ(Loaded("log.1"), "yesterday");
  EXPECT_EQ(volume_.BucketGet("log"), "yesterday");
  EXPECT_THAT(volume_.BucketKeys().front(), StartsWith(".cairnfs/objects/"));
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("log", "log.1"));
  EXPECT_EQ(volume_.BucketGet("log"), "today");
  EXPECT_EQ(volume_.BucketGet("log.1"), "yesterday");
}

TEST_F(RenameTest, TwoFilesChangePlaces) {
  ASSERT_OK(volume_.Save("a", "A"));
  ASSERT_OK(volume_.Save("b", "B"));
  ASSERT_OK(volume_.Rename("a", "b", kExchange));
  EXPECT_EQ(Loaded("a"), "B");
  EXPECT_EQ(Loaded("b"), "A");
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("a", "b"));
  EXPECT_EQ(volume_.BucketGet("a"), "B");
  EXPECT_EQ(volume_.BucketGet("b"), "A");
}

TEST_F(RenameTest, FlagsAndErrors) {
  ASSERT_OK(volume_.Save("a", "A"));
  ASSERT_OK(volume_.Save("b", "B"));
  ASSERT_OK(volume_.MakeDir("d"));
  ASSERT_OK(volume_.MakeDir("d/e"));
  EXPECT_ERRNO(volume_.Rename("a", "b", kNoReplace), EEXIST);
  EXPECT_ERRNO(volume_.Rename("a", "c", kExchange), ENOENT);
  EXPECT_ERRNO(volume_.Rename("a", "b", 4), EINVAL);
  EXPECT_ERRNO(volume_.Rename("missing", "b"), ENOENT);
  EXPECT_ERRNO(volume_.Rename("a", "d"), EISDIR);
  EXPECT_ERRNO(volume_.Rename("d", "a"), ENOTDIR);
  EXPECT_ERRNO(volume_.Rename("d", "d/e/f"), EINVAL);
  EXPECT_ERRNO(volume_.Rename("a", ".cairnfs"), EPERM);
  EXPECT_ERRNO(volume_.Rename("a", "@cairnfs=f=x"), EPERM);
}

TEST_F(RenameTest, AnEmptyFileMovesInTheBucketAsWell) {
  ASSERT_OK(volume_.Save("__init__.tmp", ""));
  ASSERT_OK(volume_.Rename("__init__.tmp", "__init__.py"));
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("__init__.py"));
}

TEST_F(RenameTest, SomebodyElsesObjectAtTheTargetIsKept) {
  ASSERT_OK(volume_.Save("a", "ours"));
  ASSERT_OK(volume_.List(""));
  volume_.BucketPut("b", "theirs");  // not seen by the mount
  ASSERT_OK(volume_.Rename("a", "b"));
  Settle();
  EXPECT_EQ(volume_.BucketGet("b"), "ours");
  const auto keys = volume_.BucketKeys();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_THAT(keys[1], StartsWith("b.conflict-"));
  EXPECT_EQ(volume_.BucketGet(keys[1]), "theirs");
}

TEST_F(RenameTest, AReaderFollowsTheObjectThatTheSettlerMoved) {
  ASSERT_OK(volume_.Save("a", std::string(9 << 20, 'r')));
  ASSERT_OK(volume_.Unmount());
  volume_.options.settle_delay_ms = 0;
  volume_.Mount();
  const auto reader = volume_.Open("a", O_RDONLY);
  ASSERT_OK(reader);
  ASSERT_OK(volume_.Rename("a", "b"));
  ASSERT_TRUE(volume_.Await([&] { return !volume_.BucketGet("a"); }));
  const auto read = volume_.Read(*reader, 5 << 20, 3);
  ASSERT_OK(read);
  EXPECT_EQ(*read, "rrr");
  volume_.Release(*reader);
}

TEST_F(RenameTest, TheSettlerTriesAgain) {
  ASSERT_OK(volume_.Save("a", "A"));
  std::atomic<int> copies{0};
  volume_.PlanFaults([&](Verb verb, const auto&) -> std::optional<testing_support::Fault> {
    if (verb != Verb::kCopy || copies++ > 0) return std::nullopt;
    return testing_support::Fault{base::Error(base::ErrorClass::kUnavailable, "no copy today")};
  });
  ASSERT_OK(volume_.Rename("a", "b"));
  ASSERT_TRUE(volume_.Await([&] { return copies > 0; }));
  EXPECT_EQ(Loaded("b"), "A");
  volume_.clock.Shift(std::chrono::minutes(2));
  Settle();
  EXPECT_GE(copies, 2);
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("b"));
}

TEST_F(RenameTest, ACopyWhoseAnswerWasLostIsRecognised) {
  ASSERT_OK(volume_.Save("a", "A"));
  std::atomic<bool> failed{false};
  volume_.PlanFaults([&](Verb verb, const auto&) -> std::optional<testing_support::Fault> {
    if (verb != Verb::kCopy || failed.exchange(true)) return std::nullopt;
    return testing_support::Fault{base::Error(base::ErrorClass::kTimeout, "lost"), true};
  });
  ASSERT_OK(volume_.Rename("a", "b"));
  ASSERT_TRUE(volume_.Await([&] { return failed.load(); }));
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("b"));
}

TEST_F(RenameTest, ACopyThatCameTooLateIsNobodyElsesObject) {
  ASSERT_OK(volume_.Save("a", "A"));
  std::atomic<bool> removed{false};
  volume_.PlanFaults([&](Verb verb, const auto&) -> std::optional<testing_support::Fault> {
    if (verb == Verb::kCopy && !removed.exchange(true)) EXPECT_OK(volume_.Unlink("b"));
    return std::nullopt;
  });
  ASSERT_OK(volume_.Rename("a", "b"));
  ASSERT_TRUE(
      volume_.Await([&] { return removed && volume_.filesystem().GetProgress().settles == 0; }));
  ASSERT_OK(volume_.Save("b", "B"));
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("b"));
  EXPECT_EQ(volume_.BucketGet("b"), "B");
}

// Another writer does something to the object of a renamed file just before it is moved.
class LostRenameTest : public RenameTest, public ::testing::WithParamInterface<bool> {
 protected:
  static bool Replaces() { return GetParam(); }
  void TakeTheObject() {
    if (Replaces()) {
      volume_.BucketPut("a", "theirs");
    } else {
      EXPECT_OK(volume_.bucket().Delete("a", ""));
    }
  }
};
INSTANTIATE_TEST_SUITE_P(By, LostRenameTest, ::testing::Values(false, true),
                         [](const auto& by) { return by.param ? "Replacing" : "Removing"; });

TEST_P(LostRenameTest, EndsForGoodAndTouchesNothingOfOthers) {
  volume_.BucketPut("a", "A");
  ASSERT_OK(volume_.List(""));
  std::atomic<bool> taken{false};
  volume_.PlanFaults([&](Verb verb, const auto&) -> std::optional<testing_support::Fault> {
    if (verb == Verb::kCopy && !taken.exchange(true)) TakeTheObject();
    return std::nullopt;
  });
  ASSERT_OK(volume_.Rename("a", "b"));
  ASSERT_TRUE(
      volume_.Await([&] { return taken && volume_.filesystem().GetProgress().settles == 0; }));
  EXPECT_THAT(volume_.filesystem().GetProgress().last_error, HasSubstr("another writer"));
  EXPECT_ERRNO(volume_.Load("b"), ESTALE);
  volume_.clock.Shift(std::chrono::hours(1));
  using Names = std::vector<std::string>;
  EXPECT_EQ(*volume_.List(""), Replaces() ? Names({"a", "b"}) : Names({"b"}));
  Settle();
  EXPECT_ERRNO(volume_.Load("b"), ESTALE);
  ASSERT_OK(volume_.Unlink("b"));
  Settle();
  EXPECT_EQ(volume_.BucketKeys(), Replaces() ? Names({"a"}) : Names());
  EXPECT_EQ(volume_.BucketGet("a").value_or(""), Replaces() ? "theirs" : "");
}

TEST_P(LostRenameTest, MayBeWrittenAnew) {
  volume_.BucketPut("a", "A");
  volume_.PlanFaults([&](Verb verb, const auto&) -> std::optional<testing_support::Fault> {
    if (verb == Verb::kCopy) TakeTheObject();
    return std::nullopt;
  });
  ASSERT_OK(volume_.Rename("a", "b"));
  ASSERT_TRUE(volume_.Await([&] { return volume_.filesystem().GetProgress().settles == 0; }));
  ASSERT_OK(volume_.Save("b", "B"));
  Settle();
  EXPECT_EQ(volume_.BucketGet("b"), "B");
  EXPECT_EQ(volume_.BucketKeys().size(), Replaces() ? 2u : 1u);
}

TEST_F(RenameTest, RemovedFilesLeaveTheBucket) {
  ASSERT_OK(volume_.MakeDir("d"));
  for (const char* name : {"d/1", "d/2", "d/3"}) ASSERT_OK(volume_.Save(name, "x"));
  for (const char* name : {"d/1", "d/2", "d/3"}) ASSERT_OK(volume_.Unlink(name));
  ASSERT_OK(volume_.RemoveDir("d"));
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), IsEmpty());
}

TEST_F(RenameTest, HardLinksShareOneObject) {
  ASSERT_OK(volume_.Save("a", "A"));
  const auto inode = volume_.Stat("a");
  ASSERT_OK(inode);
  volume_.filesystem().Link(inode->id, meta::kRootInode, "b", [](const auto& linked) {
    ASSERT_TRUE(linked.ok());
    EXPECT_EQ(linked->nlink, 2u);
  });
  EXPECT_EQ(Loaded("b"), "A");
  ASSERT_OK(volume_.Unlink("a"));
  EXPECT_EQ(Loaded("b"), "A");
}

TEST_F(RenameTest, ASecondNameDoesNotKeepAnOldObjectForEver) {
  ASSERT_OK(volume_.Save("a", "A"));
  ASSERT_OK(volume_.Save("b", "old"));
  const auto inode = volume_.Stat("a");
  ASSERT_OK(inode);
  ASSERT_OK(volume_.Unlink("b"));
  volume_.filesystem().Link(inode->id, meta::kRootInode, "b",
                            [](const auto& linked) { ASSERT_TRUE(linked.ok()); });
  Settle();
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("a"));
  EXPECT_EQ(Loaded("b"), "A");
}

}  // namespace
}  // namespace fs
