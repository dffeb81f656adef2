#include "fs/fuse/reply.h"

#include <gtest/gtest.h>

namespace fs {
namespace {

meta::Inode File(std::uint64_t size) {
  meta::Inode inode;
  inode.id = meta::InodeId{7};
  inode.mode = S_IFREG | 0640;
  inode.nlink = 2;
  inode.uid = 3;
  inode.gid = 4;
  inode.size = size;
  inode.generation = 9;
  return inode;
}

TEST(ToStat, CarriesEveryAttribute) {
  meta::Inode inode = File(1025);
  inode.atime_ns = 1'500'000'001;
  inode.mtime_ns = 2'000'000'000;
  inode.ctime_ns = 3'999'999'999;
  const struct stat out = ToStat(inode);
  EXPECT_EQ(out.st_ino, 7u);
  EXPECT_EQ(out.st_mode, static_cast<mode_t>(S_IFREG | 0640));
  EXPECT_EQ(out.st_nlink, 2u);
  EXPECT_EQ(out.st_uid, 3u);
  EXPECT_EQ(out.st_gid, 4u);
  EXPECT_EQ(out.st_size, 1025);
  EXPECT_EQ(out.st_blocks, 3);
  EXPECT_EQ(out.st_blksize, 256 << 10);
  EXPECT_EQ(out.st_atim.tv_sec, 1);
  EXPECT_EQ(out.st_atim.tv_nsec, 500'000'001);
  EXPECT_EQ(out.st_mtim.tv_sec, 2);
  EXPECT_EQ(out.st_ctim.tv_nsec, 999'999'999);
}

TEST(ToStat, TimesBefore1970CountUpwardsFromTheSecondBelow) {
  meta::Inode inode = File(0);
  inode.mtime_ns = -1;
  const struct stat out = ToStat(inode);
  EXPECT_EQ(out.st_mtim.tv_sec, -1);
  EXPECT_EQ(out.st_mtim.tv_nsec, 999'999'999);
  EXPECT_EQ(out.st_blocks, 0);
}

TEST(ToStat, ASymbolicLinkIsAsLongAsItsTarget) {
  meta::Inode inode = File(0);
  inode.mode = S_IFLNK | 0777;
  inode.symlink_target = "../target";
  EXPECT_EQ(ToStat(inode).st_size, 9);
}

TEST(ToEntry, CarriesTimeoutsAndGeneration) {
  const fuse_entry_param entry = ToEntry(File(1), {.entry = 2, .attr = 3, .negative = 4});
  EXPECT_EQ(entry.ino, 7u);
  EXPECT_EQ(entry.generation, 9u);
  EXPECT_EQ(entry.entry_timeout, 2);
  EXPECT_EQ(entry.attr_timeout, 3);
}

}  // namespace
}  // namespace fs
