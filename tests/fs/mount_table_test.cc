#include "fs/mount_table.h"

#include <gtest/gtest.h>

namespace fs {
namespace {

constexpr char kTable[] =
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "40 22 0:50 / /mnt/data rw,nosuid shared:7 master:2 - fuse.cairnfs s3://bucket/a rw,user_id=0\n"
    "41 22 0:51 / /mnt/with\\040space rw - fuse.cairnfs file:///srv/with\\040space rw\n"
    "42 22 0:52 / /mnt/data rw - tmpfs tmpfs rw\n"
    "broken line\n"
    "43 22 0:53 / /mnt/short rw\n";

TEST(MountTable, FindsTypeDeviceAndSourceAfterOptionalFields) {
  const auto root = FindMountEntry(kTable, "/");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->device, "254:0");
  EXPECT_EQ(root->type, "ext4");
  EXPECT_EQ(root->source, "/dev/vda");
}

TEST(MountTable, TheTopmostOfStackedMountsWins) {
  const auto data = FindMountEntry(kTable, "/mnt/data");
  ASSERT_TRUE(data);
  EXPECT_EQ(data->type, "tmpfs");
}

TEST(MountTable, EscapesAreUndone) {
  const auto space = FindMountEntry(kTable, "/mnt/with space");
  ASSERT_TRUE(space);
  EXPECT_EQ(space->source, "file:///srv/with space");
}

TEST(MountTable, UnknownAndBrokenLinesAreNothing) {
  EXPECT_FALSE(FindMountEntry(kTable, "/mnt"));
  EXPECT_FALSE(FindMountEntry(kTable, "/mnt/short"));
  EXPECT_FALSE(FindMountEntry("", "/"));
}

TEST(MountTable, ReadsTheKernelsOwn) {
  const auto text = ReadMountInfo();
  ASSERT_TRUE(text.ok());
  EXPECT_TRUE(FindMountEntry(*text, "/"));
}

}  // namespace
}  // namespace fs
