// Names: lookup, create, link, unlink, mkdir, rmdir, readdir, paths, totals.
#include <gmock/gmock.h>

#include <cerrno>

#include "tests/meta/catalog_suite.h"

namespace meta {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(CatalogSuite, ANewVolumeHasARootAndNothingElse) {
  const Inode root = Get(kRootInode);
  EXPECT_TRUE(root.is_dir());
  EXPECT_EQ(root.nlink, 2u);
  EXPECT_THAT(Names(kRootInode), IsEmpty());
  EXPECT_EQ(Must(catalog().Parent(kRootInode)), kRootInode);
  EXPECT_THAT(Keys(kRootInode), ElementsAre(""));
  const Totals totals = Must(catalog().GetTotals());
  EXPECT_EQ(totals.files, 0u);
  EXPECT_EQ(totals.directories, 1u);
  EXPECT_EQ(totals.bytes, 0u);
}

TEST_P(CatalogSuite, CreateMakesWhatItIsAskedFor) {
  NewInode what = What(S_IFREG | 04640);
  const Inode made = Must(catalog().Create(kRootInode, "f", what));
  const Inode file = Must(catalog().Lookup(kRootInode, "f"));
  EXPECT_EQ(file.id, made.id);
  EXPECT_EQ(file.mode, S_IFREG | 04640u);
  EXPECT_EQ(file.uid, 1000u);
  EXPECT_EQ(file.gid, 1001u);
  EXPECT_EQ(file.nlink, 1u);
  EXPECT_EQ(file.size, 0u);
  EXPECT_EQ(file.atime_ns, what.now_ns);
  EXPECT_EQ(file.mtime_ns, what.now_ns);
  EXPECT_EQ(file.ctime_ns, what.now_ns);

  what = What(S_IFLNK | 0777);
  what.symlink_target = "to/somewhere";
  const Inode link = Must(catalog().Create(kRootInode, "l", what));
  EXPECT_EQ(Get(link.id).symlink_target, "to/somewhere");
  EXPECT_EQ(Get(link.id).size, 12u);

  what = What(S_IFCHR | 0600);
  what.rdev = 0x0103;
  EXPECT_EQ(Get(Must(catalog().Create(kRootInode, "c", what)).id).rdev, 0x0103u);
  EXPECT_EQ(Get(Must(catalog().Create(kRootInode, "p", What(S_IFIFO | 0600))).id).mode,
            S_IFIFO | 0600u);
  EXPECT_EQ(ErrnoOf(catalog().Create(kRootInode, "x", What(0644))), EINVAL);
}

TEST_P(CatalogSuite, CreateTouchesItsParent) {
  const Inode directory = MakeDir(kRootInode, "d");
  EXPECT_EQ(directory.nlink, 2u);
  EXPECT_EQ(Get(kRootInode).nlink, 3u);
  EXPECT_EQ(Get(kRootInode).mtime_ns, directory.ctime_ns);
  EXPECT_EQ(Get(kRootInode).ctime_ns, directory.ctime_ns);
  const Inode file = MakeFile(directory.id, "f");
  EXPECT_EQ(Get(directory.id).mtime_ns, file.ctime_ns);
  EXPECT_EQ(Get(directory.id).ctime_ns, file.ctime_ns);
  EXPECT_EQ(Get(directory.id).nlink, 2u);
}

TEST_P(CatalogSuite, CreateRefusesBadNamesAndPlaces) {
  const Inode file = MakeFile(kRootInode, "f");
  EXPECT_EQ(ErrnoOf(catalog().Create(kRootInode, "f", What(S_IFREG))), EEXIST);
  EXPECT_EQ(ErrnoOf(catalog().Create(file.id, "x", What(S_IFREG))), ENOTDIR);
  EXPECT_EQ(ErrnoOf(catalog().Create(InodeId{999}, "x", What(S_IFREG))), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().Create(kRootInode, std::string(256, 'n'), What(S_IFREG))),
            ENAMETOOLONG);
  EXPECT_EQ(ErrnoOf(catalog().Create(kRootInode, std::string(255, 'n'), What(S_IFREG))), 0);
  EXPECT_EQ(ErrnoOf(catalog().Create(kRootInode, "a/b", What(S_IFREG))), EINVAL);
  EXPECT_EQ(ErrnoOf(catalog().Create(kRootInode, "..", What(S_IFREG))), EINVAL);
  EXPECT_EQ(ErrnoOf(catalog().Create(kRootInode, "", What(S_IFREG))), ENOENT);
}

TEST_P(CatalogSuite, SetgidDirectoriesHandTheirGroupDown) {
  const Inode directory = Must(catalog().Create(kRootInode, "d", What(S_IFDIR | 0755)));
  AttrChange change;
  change.mode = 02755;
  change.gid = 7;
  Must(catalog().SetAttr(directory.id, change, Now()));
  const Inode file = MakeFile(directory.id, "f");
  EXPECT_EQ(file.gid, 7u);
  EXPECT_EQ(file.mode & S_ISGID, 0u);
  const Inode below = MakeDir(directory.id, "below");
  EXPECT_EQ(below.gid, 7u);
  EXPECT_EQ(below.mode, S_IFDIR | 02755u);
}

TEST_P(CatalogSuite, LookupSaysWhyItFoundNothing) {
  const Inode file = MakeFile(kRootInode, "f");
  EXPECT_EQ(ErrnoOf(catalog().Lookup(kRootInode, "g")), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().Lookup(file.id, "g")), ENOTDIR);
  EXPECT_EQ(ErrnoOf(catalog().Lookup(InodeId{999}, "g")), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().Lookup(kRootInode, std::string(256, 'n'))), ENAMETOOLONG);
  EXPECT_EQ(ErrnoOf(catalog().GetInode(InodeId{999})), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().GetExtents(InodeId{999})), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().Parent(file.id)), ENOTDIR);
  EXPECT_EQ(ErrnoOf(catalog().ReadDir(file.id, "", 10)), ENOTDIR);
  EXPECT_EQ(ErrnoOf(catalog().ReadDir(InodeId{999}, "", 10)), ENOENT);
}

TEST_P(CatalogSuite, NamesAreBytes) {
  const std::string name = "caf\xff\xc3\x28 \x01";
  const Inode file = MakeFile(kRootInode, name);
  EXPECT_EQ(Must(catalog().Lookup(kRootInode, name)).id, file.id);
  EXPECT_THAT(Names(kRootInode), ElementsAre(name));
}

TEST_P(CatalogSuite, ReadDirPagesInByteOrder) {
  for (const char* name : {"b", "a", "\xff", "C", "ab"}) MakeFile(kRootInode, name);
  EXPECT_THAT(Names(kRootInode), ElementsAre("C", "a", "ab", "b", "\xff"));
  std::vector<std::string> paged;
  std::string after;
  for (;;) {
    const auto page = Must(catalog().ReadDir(kRootInode, after, 2));
    if (page.empty()) break;
    for (const DirEntry& entry : page) paged.push_back(entry.name);
    after = page.back().name;
  }
  EXPECT_EQ(paged, Names(kRootInode));
}

TEST_P(CatalogSuite, LinkAddsAName) {
  const Inode file = MakeFile(kRootInode, "f");
  const Inode directory = MakeDir(kRootInode, "d");
  const std::int64_t now = Now();
  const Inode linked = Must(catalog().Link(file.id, directory.id, "g", now));
  EXPECT_EQ(linked.nlink, 2u);
  EXPECT_EQ(Get(file.id).nlink, 2u);
  EXPECT_EQ(Get(file.id).ctime_ns, now);
  EXPECT_EQ(Get(file.id).mtime_ns, file.mtime_ns);
  EXPECT_EQ(Get(directory.id).mtime_ns, now);
  EXPECT_EQ(Get(directory.id).ctime_ns, now);
  EXPECT_EQ(Must(catalog().Lookup(directory.id, "g")).id, file.id);
  EXPECT_THAT(Keys(file.id), ElementsAre("f", "d/g"));
  EXPECT_EQ(Must(catalog().GetTotals()).files, 1u);
}

TEST_P(CatalogSuite, LinkRefusals) {
  const Inode file = MakeFile(kRootInode, "f");
  const Inode directory = MakeDir(kRootInode, "d");
  EXPECT_EQ(ErrnoOf(catalog().Link(directory.id, kRootInode, "x", Now())), EPERM);
  EXPECT_EQ(ErrnoOf(catalog().Link(file.id, kRootInode, "d", Now())), EEXIST);
  EXPECT_EQ(ErrnoOf(catalog().Link(file.id, file.id, "x", Now())), ENOTDIR);
  EXPECT_EQ(ErrnoOf(catalog().Link(InodeId{999}, kRootInode, "x", Now())), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().Link(file.id, kRootInode, std::string(256, 'n'), Now())),
            ENAMETOOLONG);
  Must(catalog().Unlink(kRootInode, "f", Now()));
  EXPECT_EQ(ErrnoOf(catalog().Link(file.id, kRootInode, "x", Now())), ENOENT);
}

TEST_P(CatalogSuite, UnlinkTouchesParentAndInode) {
  const Inode file = MakeFile(kRootInode, "f");
  Must(catalog().Link(file.id, kRootInode, "g", Now()));
  const std::int64_t now = Now();
  const Removed removed = Must(catalog().Unlink(kRootInode, "f", now));
  EXPECT_EQ(removed.inode, file.id);
  EXPECT_EQ(removed.nlink, 1u);
  EXPECT_FALSE(removed.is_dir);
  EXPECT_EQ(Get(file.id).ctime_ns, now);
  EXPECT_EQ(Get(file.id).nlink, 1u);
  EXPECT_EQ(Get(kRootInode).mtime_ns, now);
  EXPECT_EQ(Get(kRootInode).ctime_ns, now);
  EXPECT_THAT(Must(catalog().Orphans()), IsEmpty());
}

TEST_P(CatalogSuite, UnlinkRefusals) {
  const Inode file = MakeFile(kRootInode, "f");
  MakeDir(kRootInode, "d");
  EXPECT_EQ(ErrnoOf(catalog().Unlink(kRootInode, "x", Now())), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().Unlink(kRootInode, "d", Now())), EISDIR);
  EXPECT_EQ(ErrnoOf(catalog().Unlink(file.id, "x", Now())), ENOTDIR);
}

TEST_P(CatalogSuite, AnUnlinkedFileIsAnOrphanUntilReleased) {
  const Inode file = MakeCommitted("f", 10);
  EXPECT_EQ(Must(catalog().Unlink(kRootInode, "f", Now())).nlink, 0u);
  EXPECT_EQ(ErrnoOf(catalog().Lookup(kRootInode, "f")), ENOENT);
  EXPECT_EQ(Get(file.id).nlink, 0u);
  EXPECT_THAT(Content(file.id), ElementsAre("f@etag-f"));
  EXPECT_THAT(Keys(file.id), IsEmpty());
  EXPECT_EQ(Must(catalog().GetTotals()).bytes, 0u);
  Reopen();
  EXPECT_THAT(Must(catalog().Orphans()), ElementsAre(file.id));
  EXPECT_THAT(Intents(IntentKind::kDelete), IsEmpty());
  Must(catalog().ReleaseOrphan(file.id));
  EXPECT_THAT(Must(catalog().Orphans()), IsEmpty());
  EXPECT_EQ(ErrnoOf(catalog().GetInode(file.id)), ENOENT);
  ASSERT_EQ(Intents(IntentKind::kDelete).size(), 1u);
  EXPECT_EQ(Intents(IntentKind::kDelete)[0].key, "f");
  EXPECT_EQ(Intents(IntentKind::kDelete)[0].etag, "etag-f");
  Must(catalog().ReleaseOrphan(file.id));  // again is fine
}

TEST_P(CatalogSuite, ReleaseLeavesNamedInodesAlone) {
  const Inode file = MakeCommitted("f");
  Must(catalog().ReleaseOrphan(file.id));
  EXPECT_THAT(Content(file.id), ElementsAre("f@etag-f"));
  EXPECT_THAT(Intents(IntentKind::kDelete), IsEmpty());
}

TEST_P(CatalogSuite, RemoveDirNeedsAnEmptyDirectory) {
  const Inode directory = MakeDir(kRootInode, "d");
  const Inode file = MakeFile(directory.id, "f");
  EXPECT_EQ(ErrnoOf(catalog().RemoveDir(kRootInode, "d", Now())), ENOTEMPTY);
  EXPECT_EQ(ErrnoOf(catalog().RemoveDir(directory.id, "f", Now())), ENOTDIR);
  EXPECT_EQ(ErrnoOf(catalog().RemoveDir(kRootInode, "x", Now())), ENOENT);
  Must(catalog().Unlink(directory.id, "f", Now()));
  const std::int64_t now = Now();
  const Removed removed = Must(catalog().RemoveDir(kRootInode, "d", now));
  EXPECT_EQ(removed.inode, directory.id);
  EXPECT_EQ(removed.nlink, 0u);
  EXPECT_TRUE(removed.is_dir);
  EXPECT_EQ(Get(kRootInode).nlink, 2u);
  EXPECT_EQ(Get(kRootInode).mtime_ns, now);
  EXPECT_EQ(Get(kRootInode).ctime_ns, now);
  EXPECT_EQ(Must(catalog().GetTotals()).directories, 1u);
  // Still open somewhere: nothing can be made in it.
  EXPECT_EQ(Get(directory.id).nlink, 0u);
  EXPECT_EQ(ErrnoOf(catalog().Create(directory.id, "x", What(S_IFREG))), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().Lookup(directory.id, "x")), ENOENT);
  Must(catalog().ReleaseOrphan(directory.id));
  Must(catalog().ReleaseOrphan(file.id));
  EXPECT_THAT(Must(catalog().Orphans()), IsEmpty());
}

TEST_P(CatalogSuite, InodeNumbersAreNeverUsedAgain) {
  const Inode first = MakeFile(kRootInode, "f");
  Must(catalog().Unlink(kRootInode, "f", Now()));
  Must(catalog().ReleaseOrphan(first.id));
  Reopen();
  EXPECT_GT(Raw(MakeFile(kRootInode, "f").id), Raw(first.id));
}

TEST_P(CatalogSuite, PathsLeadToTheRoot) {
  const Inode a = MakeDir(kRootInode, "a");
  const Inode b = MakeDir(a.id, "b");
  const Inode file = MakeFile(b.id, "f");
  EXPECT_THAT(Keys(file.id), ElementsAre("a/b/f"));
  EXPECT_THAT(Keys(b.id), ElementsAre("a/b"));
  EXPECT_EQ(Must(catalog().Paths(file.id))[0].path, "a/b/f");
  EXPECT_EQ(Must(catalog().Parent(b.id)), a.id);
  EXPECT_EQ(Must(catalog().Parent(a.id)), kRootInode);
  EXPECT_EQ(ErrnoOf(catalog().Paths(InodeId{999})), ENOENT);
}

TEST_P(CatalogSuite, EverythingIsThereAfterReopening) {
  const Inode directory = MakeDir(kRootInode, "d");
  const Inode file = MakeFile(directory.id, "f");
  CommitAs(file.id, "d/f", "e", 5);
  Must(catalog().Sync());
  const VolumeInfo before = Must(catalog().Volume());
  Reopen();
  EXPECT_EQ(Must(catalog().Volume()).uuid, before.uuid);
  EXPECT_EQ(Must(catalog().Lookup(directory.id, "f")).size, 5u);
  EXPECT_THAT(Content(file.id), ElementsAre("d/f@e"));
  EXPECT_EQ(Must(catalog().GetTotals()).bytes, 5u);
}

}  // namespace
}  // namespace meta
