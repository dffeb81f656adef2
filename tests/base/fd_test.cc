#include "base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "tests/support/temp_dir.h"

namespace base {
namespace {

using testing_support::TempDir;

TEST(UniqueFd, ClosesWhatItOwnsAndHandsOver) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const UniqueFd reader(pipe_ends[0]);
  {
    UniqueFd a(pipe_ends[1]);
    UniqueFd b = std::move(a);
    EXPECT_EQ(b.get(), pipe_ends[1]);
    EXPECT_NE(::fcntl(pipe_ends[1], F_GETFD), -1);
  }
  char byte = 0;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0) << "the writing end is closed";
}

TEST(OpenFile, IsCloseOnExecAndNamesThePath) {
  const TempDir dir;
  const Result<UniqueFd> file = OpenFile(dir / "f", O_RDWR | O_CREAT);
  ASSERT_TRUE(file.ok());
  EXPECT_NE(::fcntl(file->get(), F_GETFD) & FD_CLOEXEC, 0);
  const Result<UniqueFd> missing = OpenFile(dir / "absent", O_RDONLY);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().error_class(), ErrorClass::kNotFound);
  EXPECT_NE(missing.error().message().find((dir / "absent").string()), std::string::npos);
}

TEST(ReadWriteFull, MovesEveryByteAtItsOffset) {
  const TempDir dir;
  const Result<UniqueFd> file = OpenFile(dir / "f", O_RDWR | O_CREAT);
  ASSERT_TRUE(file.ok());
  std::vector<std::byte> written(300'000);
  for (std::size_t i = 0; i < written.size(); ++i) written[i] = static_cast<std::byte>(i * 7);
  ASSERT_TRUE(WriteFull(file->get(), 1000, written).ok());
  std::vector<std::byte> read(written.size());
  ASSERT_TRUE(ReadFull(file->get(), 1000, read).ok());
  EXPECT_EQ(read, written);
}

TEST(ReadFull, AShortFileIsCorrupt) {
  const TempDir dir;
  const Result<UniqueFd> file = OpenFile(dir.Write("f", "0123456789"), O_RDONLY);
  ASSERT_TRUE(file.ok());
  std::vector<std::byte> target(8);
  EXPECT_TRUE(ReadFull(file->get(), 2, target).ok());
  const Status status = ReadFull(file->get(), 3, target);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().error_class(), ErrorClass::kCorrupt);
}

TEST(WriteFull, AFullDiskIsNoSpace) {
  const Result<UniqueFd> full = OpenFile("/dev/full", O_WRONLY);
  ASSERT_TRUE(full.ok());
  const std::vector<std::byte> source(10);
  const Status status = WriteFull(full->get(), 0, source);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().error_class(), ErrorClass::kNoSpace);
}

TEST(SyncDirectory, WorksOnDirectoriesOnly) {
  const TempDir dir;
  EXPECT_TRUE(SyncDirectory(dir.path()).ok());
  EXPECT_EQ(SyncDirectory(dir.Write("f", "")).error().errno_value(), ENOTDIR);
}

TEST(MakeDirectories, MakesTheWholePathWithItsMode) {
  const TempDir dir;
  ASSERT_TRUE(MakeDirectories(dir / "a/b/c", 0750).ok());
  struct stat status = {};
  ASSERT_EQ(::stat((dir / "a/b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0750u);
  EXPECT_TRUE(MakeDirectories(dir / "a/b/c").ok()) << "again is fine";
  EXPECT_TRUE(MakeDirectories("/proc").ok()) << "and so is what exists and cannot be written";
}

TEST(MakeDirectories, AFileInTheWayIsAnError) {
  const TempDir dir;
  dir.Write("f", "");
  EXPECT_EQ(MakeDirectories(dir / "f").error().errno_value(), ENOTDIR);
  EXPECT_EQ(MakeDirectories(dir / "f/g").error().errno_value(), ENOTDIR);
}

TEST(ReadSmallFile, ReadsUpToTheLimit) {
  const TempDir dir;
  const std::string text(10'000, 'x');
  EXPECT_EQ(ReadSmallFile(dir.Write("f", text), 10'000).value(), text);
  EXPECT_EQ(ReadSmallFile(dir / "f", 9'999).error().error_class(), ErrorClass::kInvalid);
  EXPECT_EQ(ReadSmallFile(dir / "absent").error().error_class(), ErrorClass::kNotFound);
  EXPECT_FALSE(ReadSmallFile("/proc/self/status").value().empty()) << "a file of size 0 by stat";
}

}  // namespace
}  // namespace base
