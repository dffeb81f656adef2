// Saving, reading back, truncating, appending; what other handles see meanwhile.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "tests/fs/ops/expect.h"
#include "tests/fs/ops/volume.h"

namespace fs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing_support::Fault;
using testing_support::Verb;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override { volume_.Mount(); }
  std::string Loaded(const std::string& path) {
    const auto content = volume_.Load(path);
    return content.ok() ? *content : content.error().ToString();
  }
  std::uint64_t SizeOf(const std::string& path) {
    const auto inode = volume_.Stat(path);
    return inode.ok() ? inode->size : ~0ull;
  }
  Volume::Handle Opened(const std::string& path, int flags) {
    const auto handle = volume_.Open(path, flags);
    EXPECT_TRUE(handle.ok()) << ErrorText(handle);
    return handle.ok() ? *handle : Volume::Handle{};
  }
  Volume volume_;
};

TEST_F(FileTest, AClosedFileIsAPlainObject) {
  ASSERT_OK(volume_.Save("model.bin", "weights"));
  EXPECT_EQ(volume_.BucketGet("model.bin"), "weights");
  EXPECT_EQ(Loaded("model.bin"), "weights");
  EXPECT_EQ(SizeOf("model.bin"), 7u);
}

TEST_F(FileTest, BytesJustSavedAreReadWithoutAGet) {
  ASSERT_OK(volume_.Save("f", std::string(3 << 20, 'x')));
  volume_.PlanFaults([](testing_support::Verb verb, const auto&) {
    return verb == testing_support::Verb::kGet
               ? std::optional(testing_support::Fault{
                     base::Error(base::ErrorClass::kUnavailable, "no GET expected")})
               : std::nullopt;
  });
  EXPECT_EQ(Loaded("f"), std::string(3 << 20, 'x'));
}

TEST_F(FileTest, AnEmptyFileIsAnEmptyObject) {
  ASSERT_OK(volume_.Save("empty", ""));
  EXPECT_EQ(volume_.BucketGet("empty"), "");
  ASSERT_OK(volume_.Save("empty", "no more"));
  EXPECT_EQ(volume_.BucketGet("empty"), "no more");
  ASSERT_OK(volume_.Save("empty", ""));
  EXPECT_EQ(volume_.BucketGet("empty"), "");
  EXPECT_EQ(SizeOf("empty"), 0u);
}

TEST_F(FileTest, UnsentBytesAreVisibleToEverybodyAtOnce) {
  const auto writer = Opened("f", O_WRONLY | O_CREAT);
  const auto reader = Opened("f", O_RDONLY);
  ASSERT_OK(volume_.Write(writer, 0, "hello"));
  EXPECT_EQ(SizeOf("f"), 5u);
  auto read = volume_.Read(reader, 0, 100);
  ASSERT_OK(read);
  EXPECT_EQ(*read, "hello");
  EXPECT_FALSE(volume_.BucketGet("f"));
  ASSERT_OK(volume_.Close(writer));
  read = volume_.Read(reader, 1, 3);
  ASSERT_OK(read);
  EXPECT_EQ(*read, "ell");
  volume_.Release(reader);
}

TEST_F(FileTest, FsyncSendsWhatIsThereAndWritingGoesOn) {
  const auto writer = Opened("f", O_WRONLY | O_CREAT);
  ASSERT_OK(volume_.Write(writer, 0, "one"));
  ASSERT_OK(volume_.Fsync(writer));
  EXPECT_EQ(volume_.BucketGet("f"), "one");
  ASSERT_OK(volume_.Write(writer, 3, "two"));
  EXPECT_EQ(Loaded("f"), "onetwo");
  ASSERT_OK(volume_.Close(writer));
  EXPECT_EQ(volume_.BucketGet("f"), "onetwo");
}

TEST_F(FileTest, PatchesKeepTheRest) {
  ASSERT_OK(volume_.Save("f", "0123456789"));
  const auto writer = Opened("f", O_RDWR);
  ASSERT_OK(volume_.Write(writer, 4, "xy"));
  ASSERT_OK(volume_.Close(writer));
  EXPECT_EQ(volume_.BucketGet("f"), "0123xy6789");
  EXPECT_EQ(Loaded("f"), "0123xy6789");
}

TEST_F(FileTest, AppendGoesToTheEndWhateverTheOffset) {
  ASSERT_OK(volume_.Save("log", "a"));
  const auto one = Opened("log", O_WRONLY | O_APPEND);
  const auto two = Opened("log", O_WRONLY | O_APPEND);
  ASSERT_OK(volume_.Write(one, 0, "b"));
  ASSERT_OK(volume_.Write(two, 0, "c"));
  ASSERT_OK(volume_.Close(one));
  ASSERT_OK(volume_.Write(two, 0, "d"));
  ASSERT_OK(volume_.Close(two));
  EXPECT_EQ(volume_.BucketGet("log"), "abcd");
}

TEST_F(FileTest, SparseFilesReadAsZeros) {
  const auto writer = Opened("sparse", O_WRONLY | O_CREAT);
  ASSERT_OK(volume_.SetAttr("sparse", {}, 10, writer));
  ASSERT_OK(volume_.Write(writer, 4, "xx"));
  ASSERT_OK(volume_.Close(writer));
  EXPECT_EQ(Loaded("sparse"), std::string("\0\0\0\0xx\0\0\0\0", 10));
}

TEST_F(FileTest, TruncateByPathIsCommittedWhenItAnswers) {
  ASSERT_OK(volume_.Save("f", "0123456789"));
  auto cut = volume_.SetAttr("f", {}, 4);
  ASSERT_OK(cut);
  EXPECT_EQ(cut->size, 4u);
  EXPECT_EQ(volume_.BucketGet("f"), "0123");
  ASSERT_OK(volume_.SetAttr("f", {}, 6));
  EXPECT_EQ(volume_.BucketGet("f"), std::string("0123\0\0", 6));
}

TEST_F(FileTest, TruncateOfAnOpenFileIsStaged) {
  ASSERT_OK(volume_.Save("f", "0123456789"));
  const auto writer = Opened("f", O_WRONLY);
  ASSERT_OK(volume_.SetAttr("f", {}, 4, writer));
  EXPECT_EQ(SizeOf("f"), 4u);
  EXPECT_EQ(volume_.BucketGet("f"), "0123456789");
  ASSERT_OK(volume_.Close(writer));
  EXPECT_EQ(volume_.BucketGet("f"), "0123");
}

TEST_F(FileTest, ReplacingInPlaceShowsOthersTheOldObjectUntilTheClose) {
  ASSERT_OK(volume_.Save("latest", "old"));
  const auto writer = Opened("latest", O_WRONLY | O_TRUNC);
  EXPECT_EQ(volume_.BucketGet("latest"), "old");
  ASSERT_OK(volume_.Write(writer, 0, "newer"));
  EXPECT_EQ(volume_.BucketGet("latest"), "old");
  ASSERT_OK(volume_.Close(writer));
  EXPECT_EQ(volume_.BucketGet("latest"), "newer");
}

TEST_F(FileTest, ALargeFileGoesInParts) {
  std::string content(20 << 20, '\0');
  for (std::size_t at = 0; at < content.size(); at += 4096) {
    content[at] = static_cast<char>('a' + at / 4096 % 26);
  }
  ASSERT_OK(volume_.Save("large", content));
  EXPECT_TRUE(volume_.BucketGet("large") == content);
  ASSERT_OK(volume_.Unmount());
  volume_.Mount();
  EXPECT_TRUE(Loaded("large") == content);
}

// The bucket has the new object before the view does: bytes that were not patched are read by then.
TEST_F(FileTest, AReadInTheMidstOfACommitIsAnswered) {
  volume_.BucketPut("f", std::string(20 << 20, 'o'));
  const auto file = Opened("f", O_RDWR);
  ASSERT_OK(volume_.Write(file, 0, std::string(8 << 20, 'n')));
  std::promise<void> replaced, missed;
  std::atomic<int> heads{0}, gets{0};
  volume_.PlanFaults([&](Verb verb, const std::string&) -> std::optional<Fault> {
    if (verb == Verb::kCompleteMultipart) {
      return Fault{base::Error(base::ErrorClass::kTimeout, "the answer is lost"), true};
    }
    if (verb == Verb::kHead && ++heads == 1) {
      replaced.set_value();
      missed.get_future().wait();
    }
    if (verb == Verb::kGet && ++gets == 1) missed.set_value();
    return std::nullopt;
  });
  std::thread committer([&] { EXPECT_OK(volume_.Fsync(file)); });
  replaced.get_future().wait();
  const auto bytes = volume_.Read(file, 15 << 20, 5);
  EXPECT_TRUE(bytes.ok() && *bytes == "ooooo") << ErrorText(bytes);
  committer.join();
  volume_.PlanFaults(nullptr);
  EXPECT_GE(gets, 1);
  ASSERT_OK(volume_.Close(file));
}

TEST_F(FileTest, AFailedSaveIsWholeAfterMoreWritesAndACrash) {
  volume_.PlanFaults([](Verb verb, const std::string&) -> std::optional<Fault> {
    if (verb != Verb::kPut && verb != Verb::kCreateMultipart) return std::nullopt;
    return Fault{base::Error(base::ErrorClass::kUnavailable, "the bucket is away")};
  });
  const auto file = Opened("f", O_CREAT | O_RDWR);
  const std::string saved(9 << 20, 's');
  const std::string later(9 << 20, 'l');
  ASSERT_OK(volume_.Write(file, 0, saved));
  EXPECT_ERRNO(volume_.Fsync(file), EIO);
  ASSERT_OK(volume_.Write(file, 0, later));  // the staging disk gets most of it
  volume_.Crash();
  volume_.PlanFaults(nullptr);
  volume_.Mount();
  // A retry in the background may have kept the later bytes.
  EXPECT_TRUE(volume_.Await([&] {
    const auto content = volume_.BucketGet("f");
    return content == saved || content == later;
  }));
}

TEST_F(FileTest, AnUnlinkedFileLivesUntilItsLastClose) {
  ASSERT_OK(volume_.Save("f", "bytes"));
  const auto reader = Opened("f", O_RDONLY);
  ASSERT_OK(volume_.Unlink("f"));
  EXPECT_ERRNO(volume_.Stat("f"), ENOENT);
  const auto read = volume_.Read(reader, 0, 10);
  ASSERT_OK(read);
  EXPECT_EQ(*read, "bytes");
  EXPECT_TRUE(volume_.BucketGet("f"));
  volume_.Release(reader);
  EXPECT_TRUE(volume_.Await([&] { return !volume_.BucketGet("f"); }));
}

TEST_F(FileTest, AnUnlinkedDirtyFileIsNeverSent) {
  const auto writer = Opened("tmp", O_RDWR | O_CREAT);
  ASSERT_OK(volume_.Write(writer, 0, "scratch"));
  ASSERT_OK(volume_.Unlink("tmp"));
  ASSERT_OK(volume_.Write(writer, 7, " more"));
  const auto read = volume_.Read(writer, 0, 100);
  ASSERT_OK(read);
  EXPECT_EQ(*read, "scratch more");
  ASSERT_OK(volume_.Close(writer));
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(volume_.BucketKeys(), IsEmpty());
}

TEST_F(FileTest, AnOpenUnlinkedFileKeepsItsKeyFromANewOne) {
  ASSERT_OK(volume_.Save("f", "old"));
  const auto reader = Opened("f", O_RDONLY);
  ASSERT_OK(volume_.Unlink("f"));
  ASSERT_OK(volume_.Save("f", "new"));
  EXPECT_EQ(volume_.BucketGet("f"), "old");
  EXPECT_EQ(Loaded("f"), "new");
  volume_.Release(reader);
  ASSERT_OK(volume_.Unmount());
  EXPECT_EQ(volume_.BucketGet("f"), "new");
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("f"));
}

TEST_F(FileTest, TimesSetAfterTheLastWriteSurviveTheCommit) {
  const auto writer = Opened("f", O_WRONLY | O_CREAT);
  ASSERT_OK(volume_.Write(writer, 0, "x"));
  meta::AttrChange past;
  past.mtime_ns = 12345;
  past.mode = 0600;
  ASSERT_OK(volume_.SetAttr("f", past));
  ASSERT_OK(volume_.Close(writer));
  auto inode = volume_.Stat("f");
  ASSERT_OK(inode);
  EXPECT_EQ(inode->mtime_ns, 12345);
  EXPECT_EQ(inode->mode & 07777, 0600u);

  const auto again = Opened("f", O_WRONLY);
  ASSERT_OK(volume_.SetAttr("f", past));
  ASSERT_OK(volume_.Write(again, 0, "y"));
  ASSERT_OK(volume_.Close(again));
  inode = volume_.Stat("f");
  ASSERT_OK(inode);
  EXPECT_GT(inode->mtime_ns, 12345);
}

TEST_F(FileTest, WritingTakesSetIdBitsAway) {
  ASSERT_OK(volume_.Save("tool", "x"));
  meta::AttrChange mode;
  mode.mode = 06755;
  ASSERT_OK(volume_.SetAttr("tool", mode));
  ASSERT_OK(volume_.Save("tool", "y"));
  EXPECT_EQ(volume_.Stat("tool")->mode & 07777, 0755u);
}

TEST_F(FileTest, SeekFindsDataAndHoles) {
  const auto writer = Opened("f", O_RDWR | O_CREAT);
  ASSERT_OK(volume_.SetAttr("f", {}, 4 << 20, writer));
  ASSERT_OK(volume_.Write(writer, 2 << 20, std::string(1 << 20, 'x')));
  Filesystem& fs = volume_.filesystem();
  const auto data = fs.Seek(writer.inode, writer.id, 0, SEEK_DATA);
  ASSERT_OK(data);
  EXPECT_EQ(*data, 2u << 20);
  const auto hole = fs.Seek(writer.inode, writer.id, 2 << 20, SEEK_HOLE);
  ASSERT_OK(hole);
  EXPECT_EQ(*hole, 3u << 20);
  EXPECT_ERRNO(fs.Seek(writer.inode, writer.id, 4 << 20, SEEK_DATA), ENXIO);
  ASSERT_OK(volume_.Close(writer));
}

TEST_F(FileTest, FallocateGrowsAndPunches) {
  const auto writer = Opened("f", O_RDWR | O_CREAT);
  ASSERT_OK(volume_.Write(writer, 0, "0123456789"));
  Filesystem& fs = volume_.filesystem();
  EXPECT_OK(fs.Fallocate(writer.inode, writer.id, 0, {0, 12}));
  EXPECT_OK(fs.Fallocate(writer.inode, writer.id, FALLOC_FL_KEEP_SIZE, {0, 100}));
  EXPECT_OK(
      fs.Fallocate(writer.inode, writer.id, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, {2, 3}));
  EXPECT_ERRNO(fs.Fallocate(writer.inode, writer.id, FALLOC_FL_COLLAPSE_RANGE, {0, 4096}),
               EOPNOTSUPP);
  ASSERT_OK(volume_.Close(writer));
  EXPECT_EQ(volume_.BucketGet("f"), std::string("01\0\0\0"
                                                "56789\0\0",
                                                12));
}

TEST_F(FileTest, HandlesSayWhatTheyMay) {
  ASSERT_OK(volume_.Save("f", "x"));
  const auto reader = Opened("f", O_RDONLY);
  EXPECT_ERRNO(volume_.Write(reader, 0, "y"), EBADF);
  const auto writer = Opened("f", O_WRONLY);
  EXPECT_ERRNO(volume_.Read(writer, 0, 1), EBADF);
  volume_.Release(reader);
  EXPECT_ERRNO(volume_.Read(reader, 0, 1), EBADF);
  ASSERT_OK(volume_.Close(writer));
  ASSERT_OK(volume_.MakeDir("d"));
  EXPECT_ERRNO(volume_.Open("d", O_RDONLY), EISDIR);
}

TEST_F(FileTest, TheKernelKeepsItsPagesWhileTheContentIsTheSame) {
  ASSERT_OK(volume_.Save("f", "x"));
  const auto inode = volume_.Stat("f");
  ASSERT_OK(inode);
  const auto keeps = [&] {
    bool keep = false;
    volume_.filesystem().Open(inode->id, O_RDONLY, [&](base::Result<fs::Opened> opened) {
      ASSERT_TRUE(opened.ok());
      keep = opened->keep_cache;
      volume_.filesystem().Release(inode->id, opened->handle);
    });
    return keep;
  };
  keeps();
  EXPECT_TRUE(keeps());
  ASSERT_OK(volume_.Save("f", "y"));
  EXPECT_FALSE(keeps());
  EXPECT_TRUE(keeps());
}

}  // namespace
}  // namespace fs
