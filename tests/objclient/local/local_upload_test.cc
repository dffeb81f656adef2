// What an upload in a folder does beyond the conformance suite: where its bytes lie, and what a new
// process finds of it.
#include "objclient/local/local_upload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

namespace stdfs = std::filesystem;

class LocalUploadTest : public testing::Test {
 protected:
  LocalUploadTest() : tree_(*LocalTree::Open(dir_.path())) { Create(); }

  void Create() {
    auto created = LocalUpload::Create(*tree_, {"d/k", "00ff", 1}, {{"a", "1"}});
    ASSERT_TRUE(created.ok()) << created.error().ToString();
    upload_ = *created;
  }
  // As a new process does.
  void Reload() {
    upload_.reset();
    auto loaded = LocalUpload::Load(*tree_, "00ff");
    ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
    upload_ = *loaded;
  }
  base::Result<PartInfo> Write(std::uint32_t number, const std::string& text) {
    PartInfo part;
    part.number = number;
    part.size = text.size();
    return upload_->WritePart(part, [&](int fd, std::uint64_t offset) {
      return base::WriteFull(fd, offset, std::as_bytes(std::span(text)));
    });
  }
  std::string Finish(const std::vector<PartInfo>& parts) {
    const auto head = upload_->Complete(*tree_, parts, {});
    if (!head.ok()) return head.error().ToString();
    return *base::ReadSmallFile(dir_ / "d/k");
  }
  std::filesystem::path Directory() const { return dir_ / ".cairnfs/uploads/00ff"; }
  std::size_t SeparateFiles() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        stdfs::directory_iterator(Directory()),
        [](const auto& entry) { return entry.path().filename().string().starts_with("part-"); }));
  }

  const testing_support::TempDir dir_;
  const std::unique_ptr<LocalTree> tree_;
  std::shared_ptr<LocalUpload> upload_;
};

TEST_F(LocalUploadTest, UniformPartsLieWhereTheyStay) {
  const auto three = Write(3, "c"), one = Write(1, "aaa"), two = Write(2, "bbb");
  ASSERT_TRUE(one.ok() && two.ok() && three.ok());
  EXPECT_EQ(SeparateFiles(), 2u) << "part 3 came first and is shorter: its guess was wrong";
  EXPECT_EQ(Finish({*one, *two, *three}), "aaabbbc");
}

TEST_F(LocalUploadTest, PartsInOrderNeedNoSeparateFile) {
  const auto two = Write(2, "bbb"), one = Write(1, "aaa"), three = Write(3, "c");
  ASSERT_TRUE(one.ok() && two.ok() && three.ok());
  EXPECT_EQ(SeparateFiles(), 0u);
  EXPECT_EQ(Finish({*one, *two, *three}), "aaabbbc");
}

TEST_F(LocalUploadTest, FailedWriteLeavesNoPart) {
  PartInfo part;
  part.number = 1;
  part.size = 3;
  const auto written = upload_->WritePart(part, [](int, std::uint64_t) -> base::Status {
    return base::Error::FromErrno(ENOSPC, "write");
  });
  EXPECT_EQ(written.error().error_class(), base::ErrorClass::kNoSpace);
  EXPECT_TRUE(upload_->Parts().empty());
  const auto again = Write(1, "aaa");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(SeparateFiles(), 0u) << "its room was given back";
  EXPECT_EQ(Finish({*again}), "aaa");
}

TEST_F(LocalUploadTest, NewProcessGoesOn) {
  const auto one = Write(1, "aaa"), old = Write(2, "xxx"), two = Write(2, "bbb");
  ASSERT_TRUE(one.ok() && old.ok() && two.ok());
  Reload();
  EXPECT_EQ(upload_->about().key, "d/k");
  const auto parts = upload_->Parts();
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[1].etag, two->etag);
  const auto three = Write(3, "ccc");
  ASSERT_TRUE(three.ok());
  EXPECT_EQ(Finish({*one, *two, *three}), "aaabbbccc");
}

TEST_F(LocalUploadTest, TornLastLineIsSkipped) {
  const auto one = Write(1, "aaa");
  ASSERT_TRUE(one.ok());
  upload_.reset();
  std::ofstream(Directory() / "parts", std::ios::app) << "part 2 3 3 00";
  Reload();
  EXPECT_EQ(upload_->Parts().size(), 1u);
  const auto two = Write(2, "bbb");
  ASSERT_TRUE(two.ok());
  Reload();
  EXPECT_EQ(upload_->Parts().size(), 2u);
  EXPECT_EQ(Finish({*one, *two}), "aaabbb");
}

TEST_F(LocalUploadTest, PartsDoNotSurviveAReboot) {
  ASSERT_TRUE(Write(1, "aaa").ok());
  upload_.reset();
  std::string record = *base::ReadSmallFile(Directory() / "upload");
  const std::size_t at = record.find('\n') + 1;
  record.replace(at, record.find('\n', at) - at, "another-boot");
  std::ofstream(Directory() / "upload") << record;
  Reload();
  EXPECT_TRUE(upload_->Parts().empty());
  const auto one = Write(1, "new");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(Finish({*one}), "new");
}

TEST_F(LocalUploadTest, FailedCompleteMayBeTriedAgain) {
  const auto three = Write(3, "c"), one = Write(1, "aaa"), two = Write(2, "bbb");
  ASSERT_TRUE(one.ok() && two.ok() && three.ok());
  const std::vector<PartInfo> parts = {*one, *two, *three};
  const Precondition wrong{.if_absent = false, .if_match = "x"};
  EXPECT_FALSE(upload_->Complete(*tree_, parts, wrong).ok());
  EXPECT_FALSE(upload_->Complete(*tree_, {*two, *one}, {}).ok());
  EXPECT_FALSE(upload_->Complete(*tree_, {}, {}).ok());
  EXPECT_FALSE(stdfs::exists(dir_ / "d/k"));
  EXPECT_EQ(Finish(parts), "aaabbbc");
}

TEST_F(LocalUploadTest, RemoveLeavesNothing) {
  ASSERT_TRUE(Write(1, "aaa").ok());
  ASSERT_TRUE(upload_->Remove(*tree_).ok());
  EXPECT_FALSE(stdfs::exists(Directory()));
  EXPECT_EQ(LocalUpload::Load(*tree_, "00ff").error().error_class(), base::ErrorClass::kNotFound);
}

}  // namespace
}  // namespace objclient
