// A volume on a store that keeps directories and moves objects in one step: AzureStore over an
// account with a hierarchical name space, whose answers are written from the documentation
// (tests/objclient/azure/hierarchical_account.h).
#include "fs/ops/mover.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <latch>
#include <memory>
#include <thread>

#include "objclient/azure/azure_store.h"
#include "tests/fs/ops/expect.h"
#include "tests/fs/ops/volume.h"
#include "tests/objclient/azure/hierarchical_account.h"

namespace fs {
namespace {

using objclient::SentRequest;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;
using testing_support::Fault;
using testing_support::Verb;

bool IsRename(const SentRequest& sent) {
  return sent.headers.Find("x-ms-rename-source") != nullptr;
}

const objclient::FakeAnswer kForbidden = {
    403, "", {{"x-ms-error-code", "AuthorizationPermissionMismatch"}}, false};

class MoverTest : public ::testing::Test {
 protected:
  void SetUp() override { volume_.Mount(); }

  std::unique_ptr<objclient::ObjectStore> Open(Volume& volume) {
    auto session = std::make_unique<objclient::AzureSession>(
        std::make_unique<objclient::FakeTransport>([this](const SentRequest& sent) {
          if (sent.headers.Find("x-ms-copy-source") != nullptr) ++copies_;
          if (forbids_moves_ && IsRename(sent)) return kForbidden;
          return account_.Answer(sent);
        }),
        objclient::LocateContainer("", "acct", "box").value(),
        objclient::AccountKeyCredentials("acct", base::Secret("c2VjcmV0"), "a test").value(),
        volume.clock);
    auto store = std::make_unique<objclient::AzureStore>(std::move(session), "", volume.clock);
    EXPECT_OK(store->Discover());
    azure_ = store.get();
    return store;
  }

  // Moves take effect from now on, but nobody learns of it, nor anything else of the bucket.
  void LoseTouchAtTheNextMove() {
    volume_.PlanFaults([this](Verb verb, const std::string&) -> std::optional<Fault> {
      const bool first = verb == Verb::kMove && !lost_.exchange(true);
      if (!lost_) return std::nullopt;
      return Fault{base::Error(base::ErrorClass::kUnavailable, "no answer"), first};
    });
  }

  // The object of "a" moves to "b", and nobody sees the end of it.
  void RenameUnseen() {
    LoseTouchAtTheNextMove();
    ASSERT_OK(volume_.Rename("a", "b"));
    ASSERT_TRUE(volume_.Await([&] { return account_.EtagOf("a").empty(); }));
  }

  void ForgetCachedBytes() {
    ASSERT_OK(volume_.Unmount());
    std::filesystem::remove_all(volume_.directory() / "cache");
    volume_.Mount();
  }

  // The same, and a byte of it is changed by somebody who has it open.
  base::Result<Volume::Handle> PatchUnseen(int flags) {
    ForgetCachedBytes();
    RenameUnseen();
    auto handle = volume_.Open("b", flags);
    if (handle.ok()) EXPECT_OK(volume_.Write(*handle, 3, "X"));
    return handle;
  }

  objclient::HierarchicalAccount account_;
  std::atomic<int> copies_ = 0;
  std::atomic<bool> lost_ = false;
  std::atomic<bool> forbids_moves_ = false;
  objclient::AzureStore* azure_ = nullptr;  // owned by the volume
  Volume volume_{[this](Volume& volume) { return Open(volume); }};
};

TEST_F(MoverTest, ARenameMovesTheObjectAndCopiesNothing) {
  ASSERT_OK(volume_.Save("a", "content"));
  const std::string etag = account_.EtagOf("a");
  ASSERT_OK(volume_.MakeDir("d"));
  ASSERT_OK(volume_.Rename("a", "d/b"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), ElementsAre("d/", "d/b"));
  EXPECT_EQ(account_.EtagOf("d/b"), etag);
  EXPECT_EQ(copies_, 0);
  std::filesystem::remove_all(volume_.directory() / "cache");
  volume_.Mount();
  EXPECT_EQ(*volume_.Load("d/b"), "content");
}

TEST_F(MoverTest, ADirectoryMovesWithEverythingBelowItAndLeavesNothing) {
  ASSERT_OK(volume_.MakeDir("t"));
  ASSERT_OK(volume_.MakeDir("t/s"));
  ASSERT_OK(volume_.Save("t/s/f", "1"));
  ASSERT_OK(volume_.Save("t/g", "2"));
  ASSERT_OK(volume_.Rename("t", "u"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), ElementsAre("u/", "u/g", "u/s/", "u/s/f"));
  EXPECT_EQ(copies_, 0);
}

TEST_F(MoverTest, ARemovedTreeLeavesNoDirectories) {
  ASSERT_OK(volume_.MakeDir("d"));
  ASSERT_OK(volume_.MakeDir("d/e"));
  ASSERT_OK(volume_.Save("d/e/f", "x"));
  ASSERT_OK(volume_.Unlink("d/e/f"));
  ASSERT_OK(volume_.RemoveDir("d/e"));
  ASSERT_OK(volume_.RemoveDir("d"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), IsEmpty());
}

TEST_F(MoverTest, DirectoriesOfOthersAreDirectories) {
  account_.MakeDirectory("empty");
  account_.PutBlob("full/file", "x");
  EXPECT_THAT(*volume_.List(""), ElementsAre("empty", "full"));
  EXPECT_TRUE(volume_.Stat("empty")->is_dir());
  EXPECT_THAT(*volume_.List("empty"), IsEmpty());
  EXPECT_ERRNO(volume_.RemoveDir("full"), ENOTEMPTY);
  EXPECT_OK(volume_.RemoveDir("empty"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), ElementsAre("full/", "full/file"));
}

TEST_F(MoverTest, ADirectoryThatIsMadeAgainStays) {
  account_.MakeDirectory("d");
  EXPECT_THAT(*volume_.List(""), ElementsAre("d"));
  ASSERT_OK(volume_.RemoveDir("d"));
  ASSERT_OK(volume_.MakeDir("d"));
  ASSERT_OK(volume_.Save("d/f", "x"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), ElementsAre("d/", "d/f"));
}

TEST_F(MoverTest, AFileTakesTheNameOfADirectoryThatIsStillThere) {
  ASSERT_OK(volume_.MakeDir("x"));
  ASSERT_OK(volume_.Save("x/f", "below"));
  ASSERT_OK(volume_.Unlink("x/f"));
  ASSERT_OK(volume_.RemoveDir("x"));
  ASSERT_OK(volume_.Save("x", "file now"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), Contains("x"));
  EXPECT_THAT(account_.Paths(), Not(Contains("x/")));
  EXPECT_EQ(volume_.BucketGet("x"), "file now");
}

TEST_F(MoverTest, AnotherWritersObjectAtTheTargetIsKept) {
  ASSERT_OK(volume_.Save("a", "ours"));
  account_.PutBlob("b", "theirs");
  ASSERT_OK(volume_.Rename("a", "b"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_EQ(volume_.BucketGet("b"), "ours");
  EXPECT_THAT(account_.Paths(), ElementsAre("b", StartsWith("b.conflict-")));
}

TEST_F(MoverTest, AMoveWhoseAnswerIsLostIsFoundByLooking) {
  std::atomic<int> renames = 0;
  account_.LoseAnswers([&](const SentRequest& sent) { return IsRename(sent) && ++renames == 1; });
  ASSERT_OK(volume_.Save("a", "content"));
  ASSERT_OK(volume_.Rename("a", "b"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_EQ(renames, 1);
  EXPECT_THAT(account_.Paths(), ElementsAre("b"));
  volume_.Mount();
  EXPECT_EQ(*volume_.Load("b"), "content");
}

TEST_F(MoverTest, ACrashAfterTheMoveIsMadeUpForAtTheNextMount) {
  ASSERT_OK(volume_.Save("a", "content"));
  RenameUnseen();
  // The catalog goes on without knowing where the object is.
  ASSERT_OK(volume_.Rename("b", "c"));
  volume_.Crash();
  EXPECT_THAT(account_.Paths(), ElementsAre("b"));
  volume_.PlanFaults(nullptr);
  std::filesystem::remove_all(volume_.directory() / "cache");
  volume_.Mount();
  EXPECT_EQ(*volume_.Load("c"), "content");
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), ElementsAre("c"));
}

TEST_F(MoverTest, AMoveThatNobodySawIsFoundThoughMovesAreForbiddenSince) {
  ASSERT_OK(volume_.Save("a", "content"));
  ForgetCachedBytes();
  RenameUnseen();
  forbids_moves_ = true;
  EXPECT_FALSE(azure_->Move({"x", "", "y", {}, {}}).ok());
  ASSERT_FALSE(azure_->capabilities().moves);
  volume_.PlanFaults(nullptr);
  EXPECT_TRUE(volume_.Await([&] {
    const auto bytes = volume_.Load("b");
    return bytes.ok() && *bytes == "content";
  }));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), ElementsAre("b"));
}

TEST_F(MoverTest, AFileThatWasRemovedBeforeItsMoveWasKnownLeavesNothing) {
  ASSERT_OK(volume_.Save("a", "content"));
  RenameUnseen();
  ASSERT_OK(volume_.Unlink("b"));
  volume_.Crash();
  volume_.PlanFaults(nullptr);
  volume_.Mount();
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), IsEmpty());
}

TEST_F(MoverTest, ChangesToAFileWhoseMoveNobodySawAreSent) {
  ASSERT_OK(volume_.Save("a", "0123456789"));
  const auto handle = PatchUnseen(O_WRONLY);
  ASSERT_OK(handle);
  volume_.PlanFaults(nullptr);
  EXPECT_OK(volume_.Close(*handle));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), ElementsAre("b"));
  EXPECT_EQ(volume_.BucketGet("b"), "012X456789");
}

TEST_F(MoverTest, SuchChangesAreSentByTheNextMount) {
  ASSERT_OK(volume_.Save("a", "0123456789"));
  const auto handle = PatchUnseen(O_WRONLY);
  ASSERT_OK(handle);
  EXPECT_FALSE(volume_.Close(*handle).ok());
  volume_.Crash();
  EXPECT_THAT(account_.Paths(), ElementsAre("b"));
  volume_.PlanFaults(nullptr);
  std::filesystem::remove_all(volume_.directory() / "cache");
  volume_.Mount();
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), ElementsAre("b"));
  EXPECT_EQ(volume_.BucketGet("b"), "012X456789");
}

TEST_F(MoverTest, ReadersOfChangesToSuchAFileGetTheRestOfIt) {
  ASSERT_OK(volume_.Save("a", "0123456789"));
  const auto handle = PatchUnseen(O_RDWR);
  ASSERT_OK(handle);
  volume_.PlanFaults(nullptr);
  EXPECT_TRUE(volume_.Await([&] {
    const auto bytes = volume_.Read(*handle, 0, 100);
    return bytes.ok() && *bytes == "012X456789";
  }));
  ASSERT_OK(volume_.Close(*handle));
}

TEST_F(MoverTest, ANewFileDoesNotTakeTheKeyThatAMoveMayHaveReached) {
  ASSERT_OK(volume_.Save("a", "content"));
  RenameUnseen();
  ASSERT_OK(volume_.Rename("b", "c"));
  const auto handle = volume_.Open("b", O_CREAT | O_WRONLY);
  ASSERT_OK(handle);
  ASSERT_OK(volume_.Write(*handle, 0, "another"));
  volume_.PlanFaults([](Verb verb, const std::string& key) -> std::optional<Fault> {
    if (verb != Verb::kHead || key != "b") return std::nullopt;
    return Fault{base::Error(base::ErrorClass::kUnavailable, "no answer"), false};
  });
  EXPECT_OK(volume_.Close(*handle));
  volume_.PlanFaults(nullptr);
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), IsSupersetOf({"b", "c"}));
  EXPECT_THAT(account_.Paths(), Not(Contains(StartsWith("b.conflict-"))));
  EXPECT_EQ(volume_.BucketGet("b"), "another");
  EXPECT_EQ(volume_.BucketGet("c"), "content");
}

TEST_F(MoverTest, TheKeyIsFreeAgainWhenTheFileIsGone) {
  ASSERT_OK(volume_.Save("a", "content"));
  RenameUnseen();
  ASSERT_OK(volume_.Unlink("b"));
  volume_.PlanFaults(nullptr);
  ASSERT_OK(volume_.Save("b", "another"));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), Contains("b"));
  EXPECT_THAT(account_.Paths(), Not(Contains(StartsWith("b.conflict-"))));
  EXPECT_EQ(volume_.BucketGet("b"), "another");
}

TEST_F(MoverTest, AReaderInTheMidstOfAMoveWaitsForItsEnd) {
  ASSERT_OK(volume_.Save("a", "content"));
  ForgetCachedBytes();
  const auto handle = volume_.Open("a", O_RDONLY);
  ASSERT_OK(handle);
  std::latch moved(1);
  std::latch go_on(1);
  account_.LoseAnswers([&](const SentRequest& sent) {
    if (!IsRename(sent)) return false;
    moved.count_down();
    go_on.wait();
    return false;
  });
  ASSERT_OK(volume_.Rename("a", "b"));
  moved.wait();
  std::optional<base::Result<std::string>> bytes;
  std::thread reader([&] { bytes = volume_.Read(*handle, 0, 100); });
  go_on.count_down();
  reader.join();
  ASSERT_OK(*bytes);
  EXPECT_EQ(**bytes, "content");
  volume_.Release(*handle);
}

TEST_F(MoverTest, AWriterInTheMidstOfAMoveBuildsOnWhatMoved) {
  ASSERT_OK(volume_.Save("a", "0123456789"));
  ForgetCachedBytes();
  const auto handle = volume_.Open("a", O_WRONLY);
  ASSERT_OK(handle);
  ASSERT_OK(volume_.Rename("a", "b"));
  ASSERT_OK(volume_.Write(*handle, 3, "X"));
  ASSERT_OK(volume_.Close(*handle));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(account_.Paths(), Not(Contains("a")));
  EXPECT_EQ(volume_.BucketGet("b"), "012X456789");
}

}  // namespace
}  // namespace fs
