// Commits that fail, conflicts, and what the next mount makes of what the last one left.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <span>
#include <string>

#include "base/digest/digest.h"
#include "tests/fs/ops/failing_volume.h"

namespace fs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using testing_support::Verb;

using CommitterTest = FailingVolumeTest;

base::PieceSums SumsOf(const std::string& content) {
  base::PieceSums sums;
  for (std::size_t at = 0; at < content.size(); at += base::kSummedPieceSize) {
    const std::string piece = content.substr(at, base::kSummedPieceSize);
    sums.push_back(base::Crc32c(0, std::as_bytes(std::span(piece))));
  }
  return sums;
}

TEST_F(CommitterTest, AFailedCloseSaysSoKeepsTheBytesAndSendsThemWhenAskedAgain) {
  ASSERT_OK(volume_.Save("f", "old"));
  EXPECT_EQ(Durable("f"), "object");
  StoreIsDown();
  const auto writer = volume_.Open("f", O_RDWR);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "new"));
  EXPECT_EQ(Durable("f"), "memory");
  EXPECT_ERRNO(volume_.Flush(*writer), EIO);
  EXPECT_EQ(Durable("f"), "local");
  EXPECT_EQ(Loaded("f"), "new");
  EXPECT_EQ(volume_.BucketGet("f"), "old");
  const Progress progress = volume_.filesystem().GetProgress();
  EXPECT_EQ(progress.uploads, 1u);
  EXPECT_THAT(progress.last_error, HasSubstr("the network is down"));

  StoreIsBack();
  EXPECT_OK(volume_.Fsync(*writer));
  EXPECT_EQ(Durable("f"), "object");
  EXPECT_EQ(volume_.BucketGet("f"), "new");
  EXPECT_EQ(volume_.filesystem().GetProgress().uploads, 0u);
  volume_.Release(*writer);
}

TEST_F(CommitterTest, AFailedCommitIsTriedAgainByItself) {
  volume_.options.retry_pending_ms = 10;
  ASSERT_OK(volume_.Unmount());
  volume_.Mount();
  StoreIsDown();
  EXPECT_ERRNO(volume_.Save("f", "bytes"), EIO);
  StoreIsBack();
  EXPECT_TRUE(volume_.Await([&] { return volume_.BucketGet("f") == "bytes"; }));
  EXPECT_TRUE(volume_.Await([&] { return Durable("f") == "object"; }));
}

TEST_F(CommitterTest, TheNextMountSendsWhatAFailedCloseKept) {
  ASSERT_OK(volume_.Save("f", "old"));
  StoreIsDown();
  EXPECT_ERRNO(volume_.Save("f", "kept"), EIO);
  EXPECT_ERRNO(volume_.Save("g", std::string(10 << 20, 'g')), EIO);
  volume_.Crash();
  StoreIsBack();
  volume_.Mount();
  EXPECT_EQ(Loaded("f"), "kept");
  EXPECT_TRUE(volume_.Await([&] { return Durable("f") == "object" && Durable("g") == "object"; }));
  EXPECT_EQ(volume_.BucketGet("f"), "kept");
  EXPECT_TRUE(volume_.BucketGet("g") == std::string(10 << 20, 'g'));
}

TEST_F(CommitterTest, TheSumsOfWhatWasWrittenAreKept) {
  const auto expect_sums = [&](const std::string& path, const std::string& content) {
    const auto inode = volume_.Stat(path);
    ASSERT_OK(inode);
    const auto extents = volume_.catalog().GetExtents(inode->id);
    ASSERT_OK(extents);
    ASSERT_EQ(extents->size(), 1u);
    ASSERT_NE(extents->front().object.sums, nullptr);
    EXPECT_EQ(*extents->front().object.sums, SumsOf(content)) << path;
  };
  std::string content(10 << 20, 'a');
  content.replace(300000, 5, "bytes");
  ASSERT_OK(volume_.Save("f", content));
  expect_sums("f", content);
  ASSERT_OK(volume_.Rename("f", "g"));
  ASSERT_OK(volume_.Unmount());
  volume_.Mount();
  EXPECT_EQ(volume_.BucketGet("f"), std::nullopt);
  expect_sums("g", content);

  // A close that failed: the next mount sends the bytes, and what they were written over.
  StoreIsDown();
  const auto writer = volume_.Open("g", O_WRONLY);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 9 << 20, "patch"));
  content.replace(9 << 20, 5, "patch");
  EXPECT_ERRNO(volume_.Close(*writer), EIO);
  EXPECT_ERRNO(volume_.Save("new", "small"), EIO);
  volume_.Crash();
  StoreIsBack();
  volume_.Mount();
  EXPECT_TRUE(
      volume_.Await([&] { return Durable("g") == "object" && Durable("new") == "object"; }));
  EXPECT_TRUE(volume_.BucketGet("g") == content);
  expect_sums("g", content);
  expect_sums("new", "small");
}

TEST_F(CommitterTest, AKilledSaveLeavesTheOldVersionWhole) {
  ASSERT_OK(volume_.Save("f", "old"));
  const auto writer = volume_.Open("f", O_WRONLY | O_TRUNC);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, std::string(20 << 20, 'n')));
  volume_.Crash();
  volume_.Mount();
  EXPECT_EQ(Loaded("f"), "old");
  EXPECT_EQ(volume_.BucketGet("f"), "old");
  const auto uploads = volume_.bucket().ListUploads("");
  ASSERT_OK(uploads);
  EXPECT_THAT(*uploads, IsEmpty());
}

TEST_F(CommitterTest, AnObjectThatTheCatalogMissedIsFoundByItsToken) {
  ASSERT_OK(volume_.Save("f", "old"));
  // The store takes the object; the process dies before the catalog hears of it.
  const auto writer = volume_.Open("f", O_WRONLY);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "new"));
  std::optional<meta::Intent> upload;
  volume_.PlanFaults([&](Verb verb, const auto&) -> std::optional<testing_support::Fault> {
    if (verb != Verb::kPut) return std::nullopt;
    const auto intents = volume_.catalog().ListIntents({}, 100);
    for (const meta::Intent& intent : *intents) {
      if (intent.kind == meta::IntentKind::kUpload) upload = intent;
    }
    return std::nullopt;
  });
  ASSERT_OK(volume_.Close(*writer));
  ASSERT_TRUE(upload);
  volume_.PlanFaults(nullptr);
  // As if the last transaction had not been: the old content, the intent still there.
  const auto inode = volume_.Stat("f");
  ASSERT_OK(inode);
  meta::Catalog::Commit undo;
  undo.inode = inode->id;
  undo.size = 3;
  undo.object = meta::Object{{}, "f", "the-old-etag", 3};
  ASSERT_OK(volume_.catalog().CommitContent(undo, meta::Durability::kSync));
  ASSERT_OK(volume_.catalog().AddIntent(*upload, meta::Durability::kSync));
  volume_.Crash();
  volume_.Mount();
  EXPECT_EQ(Loaded("f"), "new");
  const auto intents = volume_.catalog().ListIntents({}, 100);
  ASSERT_OK(intents);
  EXPECT_THAT(*intents, IsEmpty());
}

TEST_F(CommitterTest, AnotherWritersObjectIsKeptBesideOurs) {
  ASSERT_OK(volume_.Save("f", "base"));
  const auto writer = volume_.Open("f", O_WRONLY);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "ours"));
  volume_.BucketPut("f", "theirs");
  ASSERT_OK(volume_.Close(*writer));
  EXPECT_EQ(volume_.BucketGet("f"), "ours");
  const auto keys = volume_.BucketKeys();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_THAT(keys[1], StartsWith("f.conflict-"));
  EXPECT_EQ(volume_.BucketGet(keys[1]), "theirs");
  volume_.clock.Shift(std::chrono::hours(1));
  EXPECT_THAT(*volume_.List(""), ElementsAre("f", keys[1]));
  EXPECT_EQ(Loaded(keys[1]), "theirs");
}

TEST_F(CommitterTest, AnObjectThatOthersDeletedMeanwhileIsMadeAgain) {
  ASSERT_OK(volume_.Save("f", "base"));
  const auto writer = volume_.Open("f", O_WRONLY | O_TRUNC);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "ours"));
  ASSERT_OK(volume_.bucket().Delete("f", ""));
  ASSERT_OK(volume_.Close(*writer));
  EXPECT_EQ(volume_.BucketGet("f"), "ours");
}

TEST_F(CommitterTest, OrphansOfADeadProcessAreReleasedByTheNext) {
  ASSERT_OK(volume_.Save("f", "bytes"));
  const auto reader = volume_.Open("f", O_RDONLY);
  ASSERT_OK(reader);
  ASSERT_OK(volume_.catalog().Unlink(meta::kRootInode, "f", 1));
  volume_.Crash();
  volume_.Mount();
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(volume_.BucketKeys(), IsEmpty());
}

TEST_F(CommitterTest, UnlinkingAFailedFileDropsItsBytes) {
  StoreIsDown();
  EXPECT_ERRNO(volume_.Save("f", "bytes"), EIO);
  ASSERT_OK(volume_.Unlink("f"));
  EXPECT_EQ(volume_.filesystem().GetProgress().uploads, 0u);
  StoreIsBack();
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(volume_.BucketKeys(), IsEmpty());
}

TEST_F(CommitterTest, ARenameKeepsBytesThatCouldNotBeSent) {
  StoreIsDown();
  EXPECT_ERRNO(volume_.Save("f.tmp", "bytes"), EIO);
  ASSERT_OK(volume_.Rename("f.tmp", "f"));
  volume_.Crash();
  StoreIsBack();
  volume_.Mount();
  EXPECT_EQ(Loaded("f"), "bytes");
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("f"));
}

TEST_F(CommitterTest, WritesAfterAFailureAreSentToo) {
  StoreIsDown();
  const auto writer = volume_.Open("f", O_RDWR | O_CREAT);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "one"));
  EXPECT_ERRNO(volume_.Fsync(*writer), EIO);
  ASSERT_OK(volume_.Write(*writer, 3, "two"));
  StoreIsBack();
  ASSERT_OK(volume_.Close(*writer));
  EXPECT_EQ(volume_.BucketGet("f"), "onetwo");
  const auto intents = volume_.catalog().ListIntents({}, 100);
  ASSERT_OK(intents);
  EXPECT_THAT(*intents, IsEmpty());
}

TEST_F(CommitterTest, ShutdownSendsWhatIsOpenAndSaysWhatIsLeft) {
  const auto writer = volume_.Open("f", O_WRONLY | O_CREAT);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "open"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_EQ(volume_.BucketGet("f"), "open");

  volume_.Mount();
  StoreIsDown();
  EXPECT_ERRNO(volume_.Save("g", "bytes"), EIO);
  EXPECT_ERRNO(volume_.Unmount(50), EIO);
  StoreIsBack();
  volume_.Mount();
  ASSERT_OK(volume_.Unmount());
  EXPECT_EQ(volume_.BucketGet("g"), "bytes");
}

// A file that was patched while it was moved: its changes are to the object under the old key.
TEST_F(CommitterTest, GarbageThatARecoveredPatchBuildsOnWaitsForIt) {
  volume_.options.settle_delay_ms = 3600 * 1000;  // the test moves the object itself
  ASSERT_OK(volume_.Unmount());
  volume_.Mount();
  volume_.BucketPut("a", std::string(1000, 'b'));
  ASSERT_OK(volume_.Rename("a", "f"));
  const auto writer = volume_.Open("f", O_WRONLY);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "ours"));
  volume_.PlanFaults([](Verb verb, const std::string& key) {
    return verb == Verb::kGet || (Sends(verb) && key == "f")
               ? std::optional(testing_support::Fault{
                     base::Error(base::ErrorClass::kUnavailable, "the network is down")})
               : std::nullopt;
  });
  EXPECT_ERRNO(volume_.Close(*writer), EIO);
  const auto copied = volume_.bucket().Copy({.source = "a",
                                             .source_if_match = {},
                                             .target = "f",
                                             .precondition = {},
                                             .metadata = std::nullopt});
  ASSERT_OK(copied);
  const auto extents = volume_.catalog().GetExtents(writer->inode);
  ASSERT_OK(extents);
  ASSERT_OK(
      volume_.catalog().MoveObject(writer->inode, extents->front().object.id, "f", copied->etag));
  volume_.Crash();
  volume_.Mount();
  // The deleter comes by once more after it has met the old key.
  ASSERT_OK(volume_.Save("z", "bytes"));
  ASSERT_OK(volume_.Unlink("z"));
  ASSERT_TRUE(volume_.Await([&] { return !volume_.BucketGet("z"); }));
  EXPECT_TRUE(volume_.BucketGet("a"));
  StoreIsBack();
  ASSERT_OK(volume_.Unmount());
  EXPECT_EQ(volume_.BucketGet("f"), "ours" + std::string(996, 'b'));
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("f"));
}

TEST_F(CommitterTest, AReadOnlyMountChangesNothing) {
  ASSERT_OK(volume_.Save("f", "bytes"));
  ASSERT_OK(volume_.Unmount());
  volume_.options.read_only = true;
  volume_.Mount();
  EXPECT_EQ(Loaded("f"), "bytes");
  EXPECT_ERRNO(volume_.Open("f", O_WRONLY), EROFS);
  EXPECT_ERRNO(volume_.Open("g", O_WRONLY | O_CREAT), EROFS);
  EXPECT_ERRNO(volume_.Open("f", O_RDONLY | O_TRUNC), EROFS);
  EXPECT_ERRNO(volume_.MakeDir("d"), EROFS);
  EXPECT_ERRNO(volume_.Unlink("f"), EROFS);
  EXPECT_ERRNO(volume_.RemoveDir("f"), EROFS);
  EXPECT_ERRNO(volume_.Rename("f", "g"), EROFS);
  EXPECT_ERRNO(volume_.SetAttr("f", {}, 0), EROFS);
  const auto inode = volume_.Stat("f");
  ASSERT_OK(inode);
  EXPECT_ERRNO(volume_.filesystem().SetXattr(inode->id, "user.a", "b", 0), EROFS);
  EXPECT_ERRNO(volume_.filesystem().RemoveXattr(inode->id, "user.a"), EROFS);
  ASSERT_OK(volume_.Unmount());
}

}  // namespace
}  // namespace fs
