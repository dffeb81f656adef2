// Reconcile: what listings bring, change and take away, and what they must leave alone.
#include <gmock/gmock.h>

#include <cerrno>

#include "tests/meta/catalog_suite.h"

namespace meta {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_P(CatalogSuite, AListingBringsFilesAndDirectories) {
  EXPECT_FALSE(Must(catalog().ListedAt(kRootInode)).has_value());
  const auto result = List(
      kRootInode, {{Listed("f", "f", "e", 10), Listed("empty", "empty", "e0", 0)}, {{"d", ""}}});
  EXPECT_THAT(result.changed_names, UnorderedElementsAre("d", "empty", "f"));
  EXPECT_THAT(Names(kRootInode), ElementsAre("d", "empty", "f"));
  const Inode file = Must(catalog().Lookup(kRootInode, "f"));
  EXPECT_EQ(file.mode, S_IFREG | 0644u);
  EXPECT_EQ(file.uid, 1000u);
  EXPECT_EQ(file.gid, 1001u);
  EXPECT_EQ(file.size, 10u);
  EXPECT_EQ(file.nlink, 1u);
  EXPECT_EQ(file.mtime_ns, Listed("", "", "").mtime_ns);
  EXPECT_THAT(Content(file.id), ElementsAre("f@e"));
  const Inode directory = Must(catalog().Lookup(kRootInode, "d"));
  EXPECT_EQ(directory.mode, S_IFDIR | 0755u);
  EXPECT_EQ(directory.nlink, 2u);
  EXPECT_EQ(Get(kRootInode).nlink, 3u);
  const Totals totals = Must(catalog().GetTotals());
  EXPECT_EQ(totals.files, 2u);
  EXPECT_EQ(totals.directories, 2u);
  EXPECT_EQ(totals.bytes, 10u);
  EXPECT_EQ(Must(catalog().FindKey("empty"))->inode,
            Must(catalog().Lookup(kRootInode, "empty")).id);
  EXPECT_TRUE(Must(catalog().ListedAt(kRootInode)).has_value());
  EXPECT_FALSE(Must(catalog().ListedAt(directory.id)).has_value());
}

TEST_P(CatalogSuite, TheSameListingChangesNothing) {
  const ListedDirectory listing{{Listed("f", "f", "e")}, {{"d", ""}}};
  List(kRootInode, listing);
  const Inode before = Get(kRootInode);
  const auto again = List(kRootInode, listing);
  EXPECT_THAT(again.changed_names, IsEmpty());
  EXPECT_THAT(again.changed_inodes, IsEmpty());
  EXPECT_THAT(again.orphans, IsEmpty());
  EXPECT_EQ(Get(kRootInode).ctime_ns, before.ctime_ns);
}

TEST_P(CatalogSuite, NamesThatTheBucketSpellsOtherwiseKeepTheirKeys) {
  ListedObject file = Listed("escaped", "d//x", "e");
  file.key_name = "/x";
  List(kRootInode, {{}, {{"dir-escaped", "d"}}});
  const Inode directory = Must(catalog().Lookup(kRootInode, "dir-escaped"));
  List(directory.id, {{file}, {}});
  const Inode inode = Must(catalog().Lookup(directory.id, "escaped"));
  EXPECT_THAT(Keys(inode.id), ElementsAre("d//x"));
  EXPECT_EQ(Must(catalog().Paths(inode.id))[0].path, "dir-escaped/escaped");
  EXPECT_THAT(Keys(directory.id), ElementsAre("d"));
  // A file saved over it (temporary name, rename) takes its key.
  const Inode temporary = MakeFile(directory.id, "tmp");
  Must(catalog().Rename(directory.id, "tmp", directory.id, "escaped", {}, Now()));
  EXPECT_THAT(Keys(temporary.id), ElementsAre("d//x"));
}

TEST_P(CatalogSuite, AnotherVersionIsNewContentOfTheSameInode) {
  List(kRootInode, {{Listed("f", "f", "e1", 10)}, {}});
  const Inode file = Must(catalog().Lookup(kRootInode, "f"));
  const ObjectId old = Must(catalog().GetExtents(file.id))[0].object.id;
  const auto result = List(kRootInode, {{Listed("f", "f", "e2", 30)}, {}});
  EXPECT_THAT(result.changed_names, IsEmpty());
  EXPECT_THAT(result.changed_inodes, ElementsAre(file.id));
  EXPECT_THAT(Content(file.id), ElementsAre("f@e2"));
  EXPECT_NE(Must(catalog().GetExtents(file.id))[0].object.id, old);
  EXPECT_EQ(Get(file.id).size, 30u);
  EXPECT_GT(Get(file.id).ctime_ns, file.ctime_ns);
  EXPECT_EQ(Must(catalog().GetTotals()).bytes, 30u);
  EXPECT_THAT(Intents(IntentKind::kDelete), IsEmpty());
}

TEST_P(CatalogSuite, AVanishedFileBecomesAnOrphanWhoseObjectIsNotDeleted) {
  List(kRootInode, {{Listed("f", "f", "e")}, {}});
  const Inode file = Must(catalog().Lookup(kRootInode, "f"));
  const auto result = List(kRootInode, {});
  EXPECT_THAT(result.changed_names, ElementsAre("f"));
  EXPECT_THAT(result.orphans, ElementsAre(file.id));
  EXPECT_THAT(Names(kRootInode), IsEmpty());
  EXPECT_THAT(Content(file.id), ElementsAre("f@e")) << "who has it open can go on reading";
  EXPECT_FALSE(Must(catalog().FindKey("f")).has_value()) << "the key is free";
  EXPECT_EQ(Must(catalog().GetTotals()).files, 0u);

  // It comes back while the orphan is still open: another inode.
  List(kRootInode, {{Listed("f", "f", "e2")}, {}});
  const Inode again = Must(catalog().Lookup(kRootInode, "f"));
  EXPECT_NE(again.id, file.id);
  Must(catalog().ReleaseOrphan(file.id));
  EXPECT_THAT(Intents(IntentKind::kDelete), IsEmpty());
  EXPECT_THAT(Content(again.id), ElementsAre("f@e2"));
}

TEST_P(CatalogSuite, AVanishedFileTakesAllItsNamesAlong) {
  List(kRootInode, {{Listed("f", "f", "e")}, {}});
  const Inode directory = MakeDir(kRootInode, "d");
  const Inode file = Must(catalog().Lookup(kRootInode, "f"));
  Must(catalog().Link(file.id, directory.id, "second", Now()));
  List(kRootInode, {});
  EXPECT_THAT(Names(kRootInode), ElementsAre("d"));
  EXPECT_THAT(Names(directory.id), IsEmpty());
  EXPECT_EQ(Get(file.id).nlink, 0u);
  EXPECT_EQ(Must(catalog().GetTotals()).files, 0u);
}

TEST_P(CatalogSuite, ListingsLeaveLocalWorkAlone) {
  const Inode fresh = MakeFile(kRootInode, "fresh");  // nothing uploaded yet
  MakeDir(kRootInode, "made");
  NewInode what = What(S_IFLNK | 0777);
  what.symlink_target = "x";
  Must(catalog().Create(kRootInode, "link", what));
  const Inode uploading = MakeCommitted("uploading");
  Intent upload;
  upload.inode = uploading.id;
  upload.key = "uploading";
  Must(catalog().AddIntent(upload, Durability::kAsync));
  const Inode busy = MakeCommitted("busy");
  const Inode moved = MakeCommitted("moved-from");
  Must(catalog().Rename(kRootInode, "moved-from", kRootInode, "moved-to", {}, Now()));

  const std::vector<std::string> names = Names(kRootInode);
  EXPECT_THAT(List(kRootInode, {}, {"busy"}).changed_names, IsEmpty());
  EXPECT_EQ(Names(kRootInode), names);
  const auto result = List(kRootInode,
                           {{Listed("fresh", "fresh", "other"), Listed("made", "made", "other"),
                             Listed("link", "link", "other"), Listed("busy", "busy", "other"),
                             Listed("uploading", "uploading", "other"),
                             Listed("moved-from", "moved-from", "etag-moved-from")},
                            {}},
                           {"busy"});
  EXPECT_THAT(result.changed_names, IsEmpty());
  EXPECT_THAT(result.changed_inodes, IsEmpty());
  EXPECT_EQ(Names(kRootInode), names);
  EXPECT_THAT(Content(fresh.id), IsEmpty());
  EXPECT_THAT(Content(busy.id), ElementsAre("busy@etag-busy"));
  EXPECT_THAT(Content(moved.id), ElementsAre("moved-from@etag-moved-from"));
}

TEST_P(CatalogSuite, ListingsDoNotBringBackWhatIsBeingDeletedOrMade) {
  const Inode file = MakeCommitted("f");
  Must(catalog().Unlink(kRootInode, "f", Now()));
  EXPECT_THAT(List(kRootInode, {{Listed("f", "f", "etag-f")}, {}}).changed_names, IsEmpty());
  Must(catalog().ReleaseOrphan(file.id));
  EXPECT_THAT(List(kRootInode, {{Listed("f", "f", "etag-f")}, {}}).changed_names, IsEmpty());
  EXPECT_THAT(List(kRootInode, {{Listed("g", "g", "e")}, {}}, {"g"}).changed_names, IsEmpty());
  Intent upload;
  upload.key = "h";
  Must(catalog().AddIntent(upload, Durability::kAsync));
  EXPECT_THAT(List(kRootInode, {{Listed("h", "h", "e")}, {}}).changed_names, IsEmpty());
  // The delete is done: whoever puts it there again is seen.
  Must(catalog().RemoveIntent(Intents(IntentKind::kDelete).at(0).id));
  EXPECT_THAT(List(kRootInode, {{Listed("f", "f", "new")}, {}}).changed_names, ElementsAre("f"));
}

TEST_P(CatalogSuite, WhatAMoveMayHaveBroughtIsNoFileOfItsOwn) {
  const Inode file = MakeCommitted("f");
  Intent move;
  move.kind = IntentKind::kMove;
  move.inode = file.id;
  for (const std::string key : {"g", "d/g"}) {
    move.key = key;
    Must(catalog().AddIntent(move, Durability::kAsync));
  }
  // Under yet another name by now, or under none.
  Must(catalog().Rename(kRootInode, "f", kRootInode, "h", {}, Now()));
  const auto listed = [this] {
    return List(kRootInode, {{Listed("g", "g", "etag-f")}, {{"d", ""}}}).changed_names;
  };
  EXPECT_THAT(listed(), IsEmpty());
  EXPECT_THAT(Names(kRootInode), ElementsAre("h"));
  for (const Intent& done : Intents(IntentKind::kMove)) Must(catalog().RemoveIntent(done.id));
  EXPECT_THAT(listed(), ElementsAre("d", "g"));
}

TEST_P(CatalogSuite, AMovedDirectoryDoesNotComeBackBeforeItIsSettled) {
  const Inode directory = MakeDir(kRootInode, "d");
  const Inode file = MakeFile(directory.id, "f");
  CommitAs(file.id, "d/f", "e", 10);
  Must(catalog().Rename(kRootInode, "d", kRootInode, "moved", {}, Now()));
  EXPECT_THAT(List(kRootInode, {{}, {{"d", ""}}}).changed_names, IsEmpty());
  EXPECT_THAT(Names(kRootInode), ElementsAre("moved"));
  // Nor is what it holds taken away because its new place in the bucket is still empty.
  EXPECT_THAT(List(directory.id, {}).changed_names, IsEmpty());
  EXPECT_THAT(Names(directory.id), ElementsAre("f"));
  // New things there are seen.
  EXPECT_THAT(List(directory.id, {{Listed("n", "moved/n", "e")}, {}}).changed_names,
              ElementsAre("n"));

  const Object object = Must(catalog().GetExtents(file.id))[0].object;
  Must(catalog().MoveObject(file.id, object.id, "moved/f", "e2"));
  Must(catalog().RemoveIntent(Intents(IntentKind::kSettle).at(0).id));
  EXPECT_THAT(List(kRootInode, {{}, {{"d", ""}, {"moved", ""}}}).changed_names, IsEmpty())
      << "its delete is still to be done";
  Must(catalog().RemoveIntent(Intents(IntentKind::kDelete).at(0).id));
  EXPECT_THAT(List(kRootInode, {{}, {{"d", ""}, {"moved", ""}}}).changed_names, ElementsAre("d"));
}

TEST_P(CatalogSuite, AVanishedPrefixTakesItsTreeAlong) {
  List(kRootInode, {{}, {{"d", ""}}});
  const Inode d = Must(catalog().Lookup(kRootInode, "d"));
  List(d.id, {{Listed("f", "d/f", "e")}, {{"sub", ""}}});
  const Inode sub = Must(catalog().Lookup(d.id, "sub"));
  List(sub.id, {{Listed("g", "d/sub/g", "e")}, {}});
  EXPECT_THAT(List(kRootInode, {}, {"d/sub/g"}).changed_names, IsEmpty()) << "one of it is busy";
  const auto result = List(kRootInode, {});
  EXPECT_THAT(result.changed_names, ElementsAre("d"));
  EXPECT_EQ(result.orphans.size(), 4u);
  EXPECT_EQ(Get(kRootInode).nlink, 2u);
  EXPECT_EQ(Get(sub.id).nlink, 0u);
  const Totals totals = Must(catalog().GetTotals());
  EXPECT_EQ(totals.files, 0u);
  EXPECT_EQ(totals.directories, 1u);
  EXPECT_EQ(totals.bytes, 0u);
  for (const InodeId orphan : result.orphans) Must(catalog().ReleaseOrphan(orphan));
  EXPECT_THAT(Must(catalog().Orphans()), IsEmpty());
  EXPECT_THAT(Intents(IntentKind::kDelete), IsEmpty());
}

TEST_P(CatalogSuite, ADirectoryWithLocalContentStays) {
  List(kRootInode, {{}, {{"d", ""}, {"e", ""}}});
  const Inode d = Must(catalog().Lookup(kRootInode, "d"));
  List(d.id, {{Listed("f", "d/f", "e")}, {{"sub", ""}}});
  MakeFile(Must(catalog().Lookup(d.id, "sub")).id, "local");
  const Inode e = Must(catalog().Lookup(kRootInode, "e"));
  MakeDir(e.id, "made");
  EXPECT_THAT(List(kRootInode, {}).changed_names, IsEmpty());
  EXPECT_THAT(Names(kRootInode), ElementsAre("d", "e"));
}

TEST_P(CatalogSuite, ADirectoryEmptiedHereStays) {
  List(kRootInode, {{}, {{"d", ""}}});
  const Inode d = Must(catalog().Lookup(kRootInode, "d"));
  List(d.id, {{Listed("f", "d/f", "e")}, {}});
  const Removed removed = Must(catalog().Unlink(d.id, "f", Now()));
  Must(catalog().ReleaseOrphan(removed.inode));
  // The prefix is still there until the delete is done, and then it is not.
  List(kRootInode, {{}, {{"d", ""}}});
  Must(catalog().RemoveIntent(Intents(IntentKind::kDelete).at(0).id));
  EXPECT_THAT(List(kRootInode, {}).changed_names, IsEmpty());
  EXPECT_THAT(Names(kRootInode), ElementsAre("d"));
}

TEST_P(CatalogSuite, AMadeDirectoryThatTheBucketShowedVanishesWithItsPrefix) {
  const Inode d = MakeDir(kRootInode, "d");
  const Inode file = MakeFile(d.id, "f");
  CommitAs(file.id, "d/f", "e", 10);
  EXPECT_THAT(List(kRootInode, {}).changed_names, IsEmpty()) << "never seen in a listing";
  List(kRootInode, {{}, {{"d", ""}}});
  EXPECT_THAT(List(kRootInode, {}).changed_names, ElementsAre("d"));
}

TEST_P(CatalogSuite, AFileThatBecameADirectoryAndBack) {
  List(kRootInode, {{Listed("x", "x", "e")}, {}});
  const Inode file = Must(catalog().Lookup(kRootInode, "x"));
  auto result = List(kRootInode, {{}, {{"x", ""}}});
  EXPECT_THAT(result.orphans, ElementsAre(file.id));
  const Inode directory = Must(catalog().Lookup(kRootInode, "x"));
  EXPECT_TRUE(directory.is_dir());
  result = List(kRootInode, {{Listed("x", "x", "e2")}, {}});
  EXPECT_THAT(result.orphans, ElementsAre(directory.id));
  EXPECT_TRUE(Must(catalog().Lookup(kRootInode, "x")).is_file());
  EXPECT_EQ(Get(kRootInode).nlink, 2u);
}

TEST_P(CatalogSuite, AFileThatGetsAPrefixOfItsNameIsGivenAnother) {
  List(kRootInode, {{Listed("x", "x", "e")}, {}});
  ListedObject renamed = Listed("x%file", "x", "e");
  renamed.key_name = "x";
  List(kRootInode, {{renamed}, {{"x", ""}}});
  EXPECT_THAT(Names(kRootInode), ElementsAre("x", "x%file"));
  EXPECT_TRUE(Must(catalog().Lookup(kRootInode, "x")).is_dir());
  EXPECT_THAT(Content(Must(catalog().Lookup(kRootInode, "x%file")).id), ElementsAre("x@e"));
}

TEST_P(CatalogSuite, ReconcileRefusals) {
  const Inode file = MakeFile(kRootInode, "f");
  const auto nothing_busy = [](const objclient::ObjectKey&) { return false; };
  EXPECT_EQ(ErrnoOf(catalog().Reconcile(file.id, {}, {}, nothing_busy, Now())), ENOTDIR);
  EXPECT_EQ(ErrnoOf(catalog().Reconcile(InodeId{999}, {}, {}, nothing_busy, Now())), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().ListedAt(InodeId{999})), ENOENT);
}

TEST_P(CatalogSuite, ALargeListing) {
  constexpr std::size_t kFiles = 20000;
  ListedDirectory listing;
  for (std::size_t i = 0; i < kFiles; ++i) {
    const std::string name = "file-" + std::to_string(i);
    listing.files.push_back(Listed(name, name, "e", 1));
  }
  EXPECT_EQ(List(kRootInode, listing).changed_names.size(), kFiles);
  EXPECT_EQ(Must(catalog().GetTotals()).files, kFiles);
  listing.files.resize(kFiles / 2);
  listing.files[0].etag = "e2";
  const auto result = List(kRootInode, listing);
  EXPECT_EQ(result.changed_names.size(), kFiles / 2);
  EXPECT_EQ(result.changed_inodes.size(), 1u);
  EXPECT_EQ(Must(catalog().GetTotals()).bytes, kFiles / 2);
}

}  // namespace
}  // namespace meta
