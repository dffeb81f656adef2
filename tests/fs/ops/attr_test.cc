// Attributes, special files, links and extended attributes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/fs/ops/expect.h"
#include "tests/fs/ops/volume.h"

namespace fs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Caller kCaller{.uid = 7, .gid = 8, .pid = 1, .umask = 022};

class AttrTest : public ::testing::Test {
 protected:
  void SetUp() override { volume_.Mount(); }
  Filesystem& fs() { return volume_.filesystem(); }
  base::Result<meta::Inode> MakeNode(const std::string& name, mode_t mode) {
    std::optional<base::Result<meta::Inode>> made;
    // Inline: the root was listed.
    EXPECT_OK(volume_.List(""));
    fs().MakeNode(kCaller, meta::kRootInode, name, mode, 0,
                  [&](base::Result<meta::Inode> inode) { made = std::move(inode); });
    return *made;
  }
  Volume volume_;
};

TEST_F(AttrTest, NewInodesBelongToTheCallerAndFollowTheUmask) {
  const auto fifo = MakeNode("fifo", S_IFIFO | 0666);
  ASSERT_OK(fifo);
  EXPECT_EQ(fifo->mode, S_IFIFO | 0644u);
  EXPECT_EQ(fifo->uid, 7u);
  EXPECT_EQ(fifo->gid, 8u);
  EXPECT_ERRNO(MakeNode("fifo", S_IFIFO | 0666), EEXIST);
}

TEST_F(AttrTest, ASetGroupDirectoryHandsItsGroupDown) {
  ASSERT_OK(volume_.MakeDir("shared"));
  meta::AttrChange change;
  change.mode = 02775;
  change.gid = 4242;
  const auto parent = volume_.SetAttr("shared", change);
  ASSERT_OK(parent);
  EXPECT_EQ(parent->mode & 07777, 02775u);
  ASSERT_OK(volume_.MakeDir("shared/sub"));
  ASSERT_OK(volume_.Save("shared/file", "x"));
  EXPECT_EQ(volume_.Stat("shared/sub")->gid, 4242u);
  EXPECT_EQ(volume_.Stat("shared/sub")->mode & 07777, 02755u);
  EXPECT_EQ(volume_.Stat("shared/file")->gid, 4242u);
}

TEST_F(AttrTest, AFileMadeByMknodReachesTheBucket) {
  ASSERT_OK(MakeNode("made", S_IFREG | 0600));
  EXPECT_TRUE(volume_.Await([&] { return volume_.BucketGet("made") == ""; }));
  ASSERT_OK(volume_.Unmount());
}

TEST_F(AttrTest, ChangingTheOwnerTakesSetIdBitsAway) {
  ASSERT_OK(volume_.Save("tool", "x"));
  meta::AttrChange mode;
  mode.mode = 06755;
  ASSERT_OK(volume_.SetAttr("tool", mode));
  meta::AttrChange owner;
  owner.uid = 1;
  const auto changed = volume_.SetAttr("tool", owner);
  ASSERT_OK(changed);
  EXPECT_EQ(changed->mode & 07777, 0755u);
  EXPECT_EQ(changed->uid, 1u);
  mode.mode = 02644;  // no group execute: the bit means mandatory locking
  mode.uid = 2;
  const auto both = volume_.SetAttr("tool", mode);
  ASSERT_OK(both);
  EXPECT_EQ(both->mode & 07777, 02644u);
  EXPECT_EQ(volume_.SetAttr("tool", owner)->mode & 07777, 02644u);
}

TEST_F(AttrTest, TruncateIsForFiles) {
  ASSERT_OK(volume_.MakeDir("d"));
  EXPECT_ERRNO(volume_.SetAttr("d", {}, 0), EISDIR);
  ASSERT_OK(MakeNode("fifo", S_IFIFO | 0644));
  EXPECT_ERRNO(volume_.SetAttr("fifo", {}, 0), EINVAL);
}

TEST_F(AttrTest, TruncateToTheSameSizeSendsNothingButTouchesTheTimes) {
  ASSERT_OK(volume_.Save("f", "abc"));
  meta::AttrChange past;
  past.mtime_ns = 5;
  ASSERT_OK(volume_.SetAttr("f", past));
  const auto before = volume_.bucket().Head("f");
  ASSERT_OK(before);
  const auto same = volume_.SetAttr("f", {}, 3);
  ASSERT_OK(same);
  EXPECT_GT(same->mtime_ns, 5);
  EXPECT_EQ(volume_.bucket().Head("f")->etag, before->etag);
}

TEST_F(AttrTest, SymlinksHoldTheirTarget) {
  EXPECT_OK(volume_.List(""));
  fs().Symlink(kCaller, "some/where", meta::kRootInode, "link",
               [](const auto& made) { ASSERT_OK(made); });
  const auto link = volume_.Stat("link");
  ASSERT_OK(link);
  EXPECT_EQ(link->mode, S_IFLNK | 0777u);
  const auto target = fs().ReadLink(link->id);
  ASSERT_OK(target);
  EXPECT_EQ(*target, "some/where");
  EXPECT_ERRNO(fs().ReadLink(meta::kRootInode), EINVAL);
}

TEST_F(AttrTest, XattrsAreKeptAndOursAreNot) {
  ASSERT_OK(volume_.Save("f", "x"));
  const meta::InodeId inode = volume_.Stat("f")->id;
  EXPECT_OK(fs().SetXattr(inode, "user.color", "red", 0));
  EXPECT_EQ(*fs().GetXattr(inode, "user.color"), "red");
  EXPECT_ERRNO(fs().SetXattr(inode, "user.color", "blue", XATTR_CREATE), EEXIST);
  EXPECT_ERRNO(fs().SetXattr(inode, "user.size", "big", XATTR_REPLACE), ENODATA);
  EXPECT_THAT(*fs().ListXattrs(inode), ElementsAre("user.color"));
  EXPECT_OK(fs().RemoveXattr(inode, "user.color"));
  EXPECT_ERRNO(fs().GetXattr(inode, "user.color"), ENODATA);
  EXPECT_ERRNO(fs().SetXattr(inode, "user.cairnfs.durable", "x", 0), EPERM);
  EXPECT_ERRNO(fs().RemoveXattr(inode, "user.cairnfs.durable"), EPERM);
  EXPECT_ERRNO(fs().SetXattr(inode, "system.posix_acl_access", "x", 0), EOPNOTSUPP);
  EXPECT_ERRNO(fs().GetXattr(inode, "user.cairnfs.status"), ENODATA);
  EXPECT_ERRNO(fs().GetXattr(meta::kRootInode, "user.cairnfs.durable"), ENODATA);
}

TEST_F(AttrTest, TheRootTellsHowThingsStand) {
  ASSERT_OK(volume_.Unmount());
  volume_.options.url = "mem://test";
  volume_.options.state_directory = "/state";
  volume_.options.version = "1.2";
  volume_.Mount();
  const auto writer = volume_.Open("f", O_WRONLY | O_CREAT);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "12345"));
  const auto text = fs().GetXattr(meta::kRootInode, "user.cairnfs.status");
  ASSERT_OK(text);
  const auto status = nlohmann::json::parse(*text);
  EXPECT_EQ(status["pid"], getpid());
  EXPECT_EQ(status["url"], "mem://test");
  EXPECT_EQ(status["state_directory"], "/state");
  EXPECT_EQ(status["version"], "1.2");
  EXPECT_EQ(status["conditional_writes"], "store");
  EXPECT_EQ(status["uploads"], 1);
  EXPECT_EQ(status["upload_bytes"], 5);
  volume_.Release(*writer);
}

TEST_F(AttrTest, TotalsCountFilesAndBytes) {
  ASSERT_OK(volume_.Save("f", "12345"));
  const auto totals = fs().StatFs();
  ASSERT_OK(totals);
  EXPECT_EQ(totals->files, 1u);
  EXPECT_EQ(totals->bytes, 5u);
}

TEST_F(AttrTest, DirectoriesKnowTheirParent) {
  ASSERT_OK(volume_.MakeDir("d"));
  const auto parent = fs().Parent(volume_.Stat("d")->id);
  ASSERT_OK(parent);
  EXPECT_EQ(*parent, meta::kRootInode);
  EXPECT_OK(fs().FsyncDir(meta::kRootInode));
  EXPECT_ERRNO(volume_.MakeDir("d"), EEXIST);
  EXPECT_ERRNO(volume_.Unlink("d"), EISDIR);
  EXPECT_ERRNO(volume_.RemoveDir("missing"), ENOENT);
}

}  // namespace
}  // namespace fs
