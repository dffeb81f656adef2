// What is particular to a folder; the common behaviour is in tests/conformance.
#include "objclient/local/local_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

using base::ErrorClass;
namespace stdfs = std::filesystem;

class LocalStoreTest : public testing::Test {
 protected:
  LocalStoreTest() : store_(*LocalStore::Open(dir_.path(), base::SystemClock())) {}

  base::Result<ObjectHead> Put(const std::string& key, const std::string& text) {
    PutRequest request;
    request.key = key;
    request.body.pieces = {std::as_bytes(std::span(text))};
    return PutAndWait(*store_, request);
  }
  base::Result<std::string> Get(const std::string& key, std::size_t size,
                                const std::string& if_match = "") {
    std::string text(size, '\0');
    GetRequest request;
    request.key = key;
    request.range = {0, size};
    request.if_match = if_match;
    request.into = {std::as_writable_bytes(std::span(text))};
    const auto head = GetAndWait(*store_, request);
    if (!head.ok()) return head.error();
    return text;
  }
  std::size_t TempFiles() const {
    const stdfs::directory_iterator files(dir_ / ".cairnfs/tmp");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }

  const testing_support::TempDir dir_;
  std::unique_ptr<LocalStore> store_;
};

TEST_F(LocalStoreTest, ObjectIsAPlainFile) {
  ASSERT_TRUE(Put("a/b.txt", "hello").ok());
  EXPECT_EQ(*base::ReadSmallFile(dir_ / "a/b.txt"), "hello");
  struct stat status;
  ASSERT_EQ(::stat((dir_ / "a/b.txt").c_str(), &status), 0);
  EXPECT_NE(status.st_mode & S_IRUSR, 0u);
  EXPECT_EQ(status.st_mode & S_IWOTH, 0u);
  EXPECT_EQ(TempFiles(), 0u);
}

TEST_F(LocalStoreTest, FileOfAnotherToolIsAnObject) {
  dir_.Write("other/file", "written elsewhere");
  const auto head = store_->Head("other/file");
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->size, 17u);
  EXPECT_EQ(*Get("other/file", 17, head->etag), "written elsewhere");
}

TEST_F(LocalStoreTest, EditInPlaceIsAnotherVersion) {
  const auto put = Put("k", "old");
  ASSERT_TRUE(put.ok());
  std::ofstream(dir_ / "k") << "new";
  EXPECT_EQ(Get("k", 3, put->etag).error().error_class(), ErrorClass::kConflict);
  EXPECT_EQ(*Get("k", 3), "new");
}

TEST_F(LocalStoreTest, ReaderOfAReplacedFileKeepsItsVersion) {
  constexpr std::size_t kSize = 3 * base::kMiB;
  const auto put = Put("k", std::string(kSize, 'a'));
  ASSERT_TRUE(put.ok());
  std::string text(kSize, '\0');
  GetRequest request;
  request.key = "k";
  request.range = {0, kSize};
  request.into = {std::as_writable_bytes(std::span(text))};
  request.progress = [&, first = true](std::uint64_t) mutable {
    if (std::exchange(first, false)) {
      EXPECT_TRUE(Put("k", std::string(kSize, 'b')).ok());
    }
  };
  ASSERT_TRUE(GetAndWait(*store_, request).ok());
  EXPECT_EQ(text, std::string(kSize, 'a'));
}

TEST_F(LocalStoreTest, ReaderOfAFileEditedInPlaceFails) {
  constexpr std::size_t kSize = 3 * base::kMiB;
  ASSERT_TRUE(Put("k", std::string(kSize, 'a')).ok());
  std::string text(kSize, '\0');
  std::uint64_t announced = 0;
  GetRequest request;
  request.key = "k";
  request.range = {0, kSize};
  request.into = {std::as_writable_bytes(std::span(text))};
  request.progress = [&](std::uint64_t bytes) {
    if (announced == 0) {
      std::fstream file(dir_ / "k", std::ios::in | std::ios::out);
      file.seekp(2 * base::kMiB);
      file << "edited";
    }
    announced = bytes;
  };
  EXPECT_EQ(GetAndWait(*store_, request).error().error_class(), ErrorClass::kConflict);
  EXPECT_EQ(text.substr(0, announced), std::string(announced, 'a'));
  EXPECT_LT(announced, 2 * base::kMiB);
}

TEST_F(LocalStoreTest, FailedPutLeavesNothing) {
  PutRequest request;
  request.key = "k";
  request.metadata = {{"too-large", std::string(3000, 'x')}};
  EXPECT_EQ(PutAndWait(*store_, request).error().error_class(), ErrorClass::kInvalid);
  EXPECT_EQ(TempFiles(), 0u);
  EXPECT_FALSE(stdfs::exists(dir_ / "k"));
}

TEST_F(LocalStoreTest, BytesOnADirectoryKeyAreRefused) {
  EXPECT_EQ(Put("d/", "x").error().error_class(), ErrorClass::kInvalid);
  EXPECT_EQ(store_->CreateMultipart("d/", {}).error().error_class(), ErrorClass::kInvalid);
}

TEST_F(LocalStoreTest, CopyWithItsMetadataCostsNoBytes) {
  const auto put = Put("a", "content");
  ASSERT_TRUE(put.ok());
  const auto copied = store_->Copy({"a", put->etag, "d/b", {}, {}});
  ASSERT_TRUE(copied.ok()) << copied.error().ToString();
  EXPECT_TRUE(stdfs::equivalent(dir_ / "a", dir_ / "d/b"));
  ASSERT_TRUE(Put("a", "other").ok());
  EXPECT_EQ(*Get("d/b", 7, copied->etag), "content");
  EXPECT_EQ(TempFiles(), 0u);
}

TEST_F(LocalStoreTest, ZerosOfASparseFileTakeNoRoom) {
  const std::string zeros(128u << 10, '\0');
  const std::string noise(128u << 10, 'n');
  const auto upload = store_->CreateMultipart("sparse", {});
  ASSERT_TRUE(upload.ok());
  PartRequest request{.key = "sparse", .upload_id = *upload, .number = 1, .body = {}};
  std::string expected;
  for (int i = 0; i < 32; ++i) {
    const std::string& piece = i % 16 == 3 ? noise : zeros;
    request.body.pieces.push_back(std::as_bytes(std::span(piece)));
    expected += piece;
  }
  const auto part = UploadPartAndWait(*store_, request);
  ASSERT_TRUE(part.ok()) << part.error().ToString();
  ASSERT_TRUE(store_->CompleteMultipart("sparse", *upload, {*part}, {}).ok());
  EXPECT_TRUE(*Get("sparse", expected.size()) == expected);
  struct stat status;
  ASSERT_EQ(::stat((dir_ / "sparse").c_str(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, 1 << 20);
}

TEST_F(LocalStoreTest, AnObjectThatEndsInZerosHasItsSize) {
  const std::string zeros(128u << 10, '\0');
  PutRequest request;
  request.key = "k";
  request.body.pieces = {std::as_bytes(std::span(zeros)), {}};
  ASSERT_TRUE(PutAndWait(*store_, request).ok());
  EXPECT_EQ(store_->Head("k")->size, zeros.size());
  EXPECT_TRUE(*Get("k", zeros.size()) == zeros);
}

TEST_F(LocalStoreTest, PartNumbersAreBounded) {
  const auto id = store_->CreateMultipart("k", {});
  ASSERT_TRUE(id.ok());
  PartRequest part;
  part.key = "k";
  part.upload_id = *id;
  for (const std::uint32_t number : {0u, 10'001u}) {
    part.number = number;
    EXPECT_EQ(UploadPartAndWait(*store_, part).error().error_class(), ErrorClass::kInvalid);
  }
}

TEST_F(LocalStoreTest, UnwritableBucket) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everything";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0555), 0);
  const auto put = Put("k", "x");
  ::chmod(dir_.path().c_str(), 0755);
  ASSERT_FALSE(put.ok());
  EXPECT_EQ(put.error().errno_value(), EACCES);
  EXPECT_EQ(put.error().error_class(), ErrorClass::kAuth);
}

// Deletes take empty directories away while puts need them: every answered put must be there.
TEST_F(LocalStoreTest, PutsAndDeletesInOneDirectory) {
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      const std::string key = "deep/er/" + std::to_string(thread);
      for (int round = 0; round < 25; ++round) {
        if (!Put(key, "x").ok() || !store_->Head(key).ok() || !store_->Delete(key, "").ok()) {
          ++failed;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_FALSE(stdfs::exists(dir_ / "deep"));
}

}  // namespace
}  // namespace objclient
