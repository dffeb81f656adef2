#include "fs/ops/file_inode.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace fs {
namespace {

// A stage that only remembers its size.
class SmallStage final : public cache::StagedFile {
 public:
  const std::string& name() const override { return name_; }
  std::uint64_t size() const override { return size_; }
  bool dirty() const override { return dirty_; }
  base::Status Write(std::uint64_t offset, std::span<const std::byte> data) override {
    size_ = std::max(size_, offset + data.size());
    dirty_ = true;
    return base::Ok();
  }
  base::Status Truncate(std::uint64_t size) override {
    size_ = size;
    dirty_ = true;
    return base::Ok();
  }
  std::optional<cache::PinnedBytes> Read(base::ByteRange, cache::ReadDone) override {
    return cache::PinnedBytes{};
  }
  std::vector<base::ByteRange> DataRanges() const override { return {}; }
  base::Result<objclient::ObjectHead> Commit(const objclient::Precondition*) override {
    return objclient::ObjectHead{};
  }
  base::SharedPieceSums Sums() override { return nullptr; }
  void Adopt(const cache::ObjectRef&) override {}
  base::Result<std::string> Persist() override { return std::string(); }
  void Discard() override {}
  std::uint64_t bytes_to_send() const override { return size_; }
  std::vector<cache::ObjectRef> BaseObjects() const override { return {}; }
  base::Result<std::vector<base::ByteRange>> SetAside(const std::filesystem::path&) override {
    return std::vector<base::ByteRange>{};
  }

 private:
  const std::string name_ = "stage";
  std::uint64_t size_ = 0;
  bool dirty_ = false;
};

ContentPtr ContentOf(std::int64_t object) {
  auto content = std::make_shared<Content>();
  content->size = 1;
  content->objects.push_back({object, "key", "etag", 1});
  return content;
}

class FileInodeTest : public ::testing::Test {
 protected:
  std::shared_ptr<SmallStage> Begin() {
    auto stage = std::make_shared<SmallStage>();
    const FileInode::Turn turn = file_.TakeAll();
    file_.BeginStage(stage, {}, 100, 100);
    return stage;
  }
  FileInode::Join Join(DoneStatus done = [](const base::Status&) {}) {
    remembered_.reset();
    return file_.JoinCommit(std::move(done), &remembered_);
  }

  FileInode file_{meta::InodeId{7}};
  std::optional<base::Error> remembered_;
};

TEST_F(FileInodeTest, CleanHasNothingToSayAndNothingToCommit) {
  EXPECT_EQ(file_.state(), FileInode::State::kClean);
  EXPECT_FALSE(file_.overlay());
  EXPECT_EQ(Join(), FileInode::Join::kNothing);
}

TEST_F(FileInodeTest, OverlayFollowsTheStage) {
  const auto stage = Begin();
  ASSERT_TRUE(stage->Truncate(42).ok());
  file_.Touch(200);
  auto overlay = file_.overlay();
  ASSERT_TRUE(overlay);
  EXPECT_EQ(overlay->size, 42u);
  EXPECT_EQ(overlay->mtime_ns, 200);
  file_.SetMtime(50, 300);
  overlay = file_.overlay();
  EXPECT_EQ(overlay->mtime_ns, 50);
  EXPECT_EQ(overlay->ctime_ns, 300);

  meta::Inode inode;
  inode.ctime_ns = 999;
  overlay->ApplyTo(inode);
  EXPECT_EQ(inode.size, 42u);
  EXPECT_EQ(inode.mtime_ns, 50);
  EXPECT_EQ(inode.ctime_ns, 999);  // never goes back
}

TEST_F(FileInodeTest, CommitIsSharedByThoseWhoAskBeforeItEnds) {
  const auto stage = Begin();
  ASSERT_TRUE(stage->Truncate(1).ok());
  int answered = 0;
  EXPECT_EQ(Join([&](const base::Status&) { ++answered; }), FileInode::Join::kStart);
  EXPECT_EQ(Join([&](const base::Status&) { ++answered; }), FileInode::Join::kJoined);
  {
    const FileInode::Turn turn = file_.TakeAll();
    file_.BeginCommit();
    EXPECT_EQ(Join([&](const base::Status&) { ++answered; }), FileInode::Join::kJoined);
    auto content = std::make_shared<Content>();
    content->size = 1;
    const auto dropped = file_.CommitDone(content);
    EXPECT_EQ(dropped.stage, stage);
    for (const auto& done : file_.TakeWaiters(base::Ok())) done(base::Ok());
  }
  EXPECT_EQ(answered, 3);
  EXPECT_EQ(file_.state(), FileInode::State::kClean);
  EXPECT_EQ(file_.view().content->size, 1u);
}

TEST_F(FileInodeTest, FailedCommitKeepsTheStageAndIsTriedAgain) {
  const auto stage = Begin();
  ASSERT_TRUE(stage->Truncate(1).ok());
  EXPECT_EQ(Join(nullptr), FileInode::Join::kStart);
  {
    const FileInode::Turn turn = file_.TakeAll();
    file_.BeginCommit();
    file_.CommitFailed(true);
    const base::Error error(base::ErrorClass::kUnavailable, "no net");
    EXPECT_TRUE(file_.TakeWaiters(error).empty());
  }
  EXPECT_TRUE(file_.persisted());
  EXPECT_EQ(file_.view().stage, stage);
  EXPECT_EQ(file_.failures(), 1u);
  EXPECT_EQ(Join(), FileInode::Join::kStart);
  EXPECT_FALSE(remembered_);  // the new commit says how it went
  const FileInode::Turn turn = file_.TakeAll();
  file_.Touch(1);
  EXPECT_EQ(file_.state(), FileInode::State::kDirty);
  EXPECT_FALSE(file_.persisted());
}

TEST_F(FileInodeTest, AnErrorNobodyWaitedForIsGivenOutOnce) {
  Begin();
  file_.TakeWaiters(base::Error(base::ErrorClass::kIo, "lost"));
  EXPECT_EQ(Join(), FileInode::Join::kNothing);
  ASSERT_TRUE(remembered_);
  EXPECT_EQ(Join(), FileInode::Join::kNothing);
  EXPECT_FALSE(remembered_);
}

TEST_F(FileInodeTest, AnOrphanIsNeverCommitted) {
  const auto stage = Begin();
  ASSERT_TRUE(stage->Truncate(1).ok());
  file_.SetOrphan();
  EXPECT_EQ(Join(), FileInode::Join::kNothing);
  const auto dropped = file_.DropStage();
  EXPECT_EQ(dropped.stage, stage);
  EXPECT_EQ(file_.state(), FileInode::State::kClean);
}

TEST_F(FileInodeTest, WhoWantsToBeAloneWaitsForThoseWhoShareAndHoldsUpNewOnes) {
  std::optional<FileInode::Turn> sharing(file_.Share());
  std::atomic<int> order{0};
  int alone_at = 0;
  std::thread commit([&] {
    const FileInode::Turn turn = file_.TakeAll();
    alone_at = ++order;
  });
  int shared_at = ++order;
  sharing.reset();
  commit.join();
  const FileInode::Turn after = file_.Share();
  EXPECT_EQ(shared_at, 1);
  EXPECT_EQ(alone_at, 2);
}

TEST_F(FileInodeTest, ContentThatWasReadBeforeAChangeIsNotKept) {
  const std::uint64_t seen = file_.content_version();
  const ContentPtr newer = ContentOf(2);
  file_.ReplaceContent(newer);
  file_.OfferContent(ContentOf(1), seen);
  EXPECT_EQ(file_.view().content, newer);
  EXPECT_EQ(file_.view().epoch, 1u);
}

TEST_F(FileInodeTest, WhatACommitIsAboutToBringIsNobodyElses) {
  file_.OfferContent(ContentOf(1), file_.content_version());
  const auto stage = Begin();
  file_.NoticeReplaced(ContentOf(2));
  EXPECT_EQ(file_.view().epoch, 0u);
  file_.ReplaceContent(ContentOf(1));  // set aside: what was written is no part of it any more
  EXPECT_EQ(file_.view().epoch, 1u);
}

TEST_F(FileInodeTest, AnothersContentIsNewsOnce) {
  file_.OfferContent(ContentOf(1), file_.content_version());
  file_.NoticeReplaced(ContentOf(1));
  EXPECT_EQ(file_.view().epoch, 0u);
  const ContentPtr theirs = ContentOf(2);
  file_.NoticeReplaced(theirs);  // by an open, which came before the listing told
  file_.ReplaceContent(ContentOf(2));
  file_.NoticeReplaced(ContentOf(1));  // read before the other was there
  EXPECT_EQ(file_.view().content, theirs);
  EXPECT_EQ(file_.view().epoch, 1u);
}

}  // namespace
}  // namespace fs
