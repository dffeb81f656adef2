// Content: commits, moves, keys, garbage, intents; and attributes.
#include <gmock/gmock.h>

#include <cerrno>

#include "tests/meta/catalog_suite.h"

namespace meta {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(CatalogSuite, SetAttrChangesWhatIsGiven) {
  const Inode file = MakeFile(kRootInode, "f");
  AttrChange change;
  change.mode = 0600;
  change.uid = 5;
  change.mtime_ns = 77;
  const std::int64_t now = Now();
  const Inode changed = Must(catalog().SetAttr(file.id, change, now));
  EXPECT_EQ(changed.mode, S_IFREG | 0600u);
  const Inode read = Get(file.id);
  EXPECT_EQ(read.mode, S_IFREG | 0600u);
  EXPECT_EQ(read.uid, 5u);
  EXPECT_EQ(read.gid, file.gid);
  EXPECT_EQ(read.mtime_ns, 77);
  EXPECT_EQ(read.atime_ns, file.atime_ns);
  EXPECT_EQ(read.ctime_ns, now);
  EXPECT_EQ(ErrnoOf(catalog().SetAttr(InodeId{999}, change, now)), ENOENT);
}

TEST_P(CatalogSuite, XattrsAreSetReadListedAndRemoved) {
  using Mode = Catalog::XattrMode;
  const Inode file = MakeFile(kRootInode, "f");
  const std::string value("a\0b", 3);
  const std::int64_t now = Now();
  Must(catalog().SetXattr(file.id, "user.x", value, Mode::kAny, now));
  EXPECT_EQ(Get(file.id).ctime_ns, now);
  EXPECT_EQ(Must(catalog().GetXattr(file.id, "user.x")), value);
  Must(catalog().SetXattr(file.id, "user.empty", "", Mode::kCreate, Now()));
  EXPECT_EQ(Must(catalog().GetXattr(file.id, "user.empty")), "");
  EXPECT_THAT(Must(catalog().ListXattrs(file.id)), ElementsAre("user.empty", "user.x"));
  EXPECT_EQ(ErrnoOf(catalog().SetXattr(file.id, "user.x", "", Mode::kCreate, Now())), EEXIST);
  EXPECT_EQ(ErrnoOf(catalog().SetXattr(file.id, "user.y", "", Mode::kReplace, Now())), ENODATA);
  Must(catalog().SetXattr(file.id, "user.x", "new", Mode::kReplace, Now()));
  EXPECT_EQ(Must(catalog().GetXattr(file.id, "user.x")), "new");
  Must(catalog().RemoveXattr(file.id, "user.x", Now()));
  EXPECT_EQ(ErrnoOf(catalog().GetXattr(file.id, "user.x")), ENODATA);
  EXPECT_EQ(ErrnoOf(catalog().RemoveXattr(file.id, "user.x", Now())), ENODATA);
  EXPECT_EQ(ErrnoOf(catalog().GetXattr(InodeId{999}, "user.x")), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().SetXattr(InodeId{999}, "user.x", "", Mode::kAny, Now())), ENOENT);
  EXPECT_EQ(ErrnoOf(catalog().ListXattrs(InodeId{999})), ENOENT);
}

TEST_P(CatalogSuite, CommitGivesAFileItsContent) {
  const Inode file = MakeFile(kRootInode, "f");
  Intent upload;
  upload.inode = file.id;
  upload.key = "f";
  const IntentId intent = Must(catalog().AddIntent(upload, Durability::kAsync));
  Catalog::Commit commit;
  commit.inode = file.id;
  commit.size = 1000;
  commit.mtime_ns = Now();
  commit.object = Object{{}, "f", "e1", 1000};
  commit.finished = intent;
  const ObjectId id = Must(catalog().CommitContent(commit, Durability::kSync));
  const Inode read = Get(file.id);
  EXPECT_EQ(read.size, 1000u);
  EXPECT_EQ(read.mtime_ns, commit.mtime_ns);
  EXPECT_EQ(read.ctime_ns, commit.mtime_ns);
  const auto extents = Must(catalog().GetExtents(file.id));
  ASSERT_EQ(extents.size(), 1u);
  EXPECT_EQ(extents[0].offset, 0u);
  EXPECT_EQ(extents[0].length, 1000u);
  EXPECT_EQ(extents[0].object.id, id);
  EXPECT_EQ(extents[0].object.size, 1000u);
  EXPECT_THAT(Must(catalog().ListIntents(IntentId{}, 10)), IsEmpty());
  EXPECT_EQ(Must(catalog().GetTotals()).bytes, 1000u);
}

TEST_P(CatalogSuite, CommitNeverTakesCtimeBack) {
  const Inode file = MakeFile(kRootInode, "f");
  Catalog::Commit commit;
  commit.inode = file.id;
  commit.mtime_ns = 5;  // set by utimens, long ago
  Must(catalog().CommitContent(commit, Durability::kAsync));
  EXPECT_EQ(Get(file.id).mtime_ns, 5);
  EXPECT_EQ(Get(file.id).ctime_ns, file.ctime_ns);
  commit.ctime_ns = Now();
  Must(catalog().CommitContent(commit, Durability::kAsync));
  EXPECT_EQ(Get(file.id).ctime_ns, commit.ctime_ns);
}

TEST_P(CatalogSuite, CommitOverTheOwnKeyRetiresTheOldObject) {
  const Inode file = MakeCommitted("f", 10);
  const ObjectId old = Must(catalog().GetExtents(file.id))[0].object.id;
  const ObjectId id = CommitAs(file.id, "f", "e2", 20);
  EXPECT_GT(Raw(id), Raw(old));
  EXPECT_THAT(Content(file.id), ElementsAre("f@e2"));
  EXPECT_THAT(Intents(IntentKind::kDelete), IsEmpty()) << "the new object has overwritten it";
  EXPECT_THAT(Intents(IntentKind::kSettle), IsEmpty());
  EXPECT_EQ(Must(catalog().GetTotals()).bytes, 20u);
  const auto holder = Must(catalog().FindKey("f"));
  ASSERT_TRUE(holder.has_value());
  EXPECT_EQ(holder->object.id, id);
  EXPECT_EQ(holder->inode, file.id);
}

TEST_P(CatalogSuite, KnowsWhetherThereAreKeysBelowOne) {
  const Inode file = MakeCommitted("f");
  EXPECT_FALSE(Must(catalog().HasKeysBelow("f")));
  CommitAs(file.id, "f/below", "e2", 20);
  EXPECT_TRUE(Must(catalog().HasKeysBelow("f")));
  EXPECT_FALSE(Must(catalog().HasKeysBelow("f/b")));
  EXPECT_FALSE(Must(catalog().HasKeysBelow("")));
}

TEST_P(CatalogSuite, KnowsWhetherAKeyIsToBeDeleted) {
  Intent intent;
  intent.kind = IntentKind::kMove;
  intent.key = "d/";
  Must(catalog().AddIntent(intent, Durability::kSync));
  EXPECT_FALSE(Must(catalog().IsToBeDeleted("d/"))) << "of another kind";
  intent.kind = IntentKind::kDelete;
  Must(catalog().AddIntent(intent, Durability::kAsync));
  EXPECT_TRUE(Must(catalog().IsToBeDeleted("d/")));
  EXPECT_FALSE(Must(catalog().IsToBeDeleted("d")));
}

TEST_P(CatalogSuite, CommitUnderAnotherKeyDeletesTheOldOneAndSettles) {
  const Inode file = MakeCommitted("f");
  CommitAs(file.id, ".cairnfs/objects/t", "e2", 20);
  const auto deletes = Intents(IntentKind::kDelete);
  ASSERT_EQ(deletes.size(), 1u);
  EXPECT_EQ(deletes[0].key, "f");
  EXPECT_EQ(deletes[0].etag, "etag-f");
  EXPECT_TRUE(HasSettle(file.id));
  const auto garbage = Must(catalog().FindKey("f"));
  ASSERT_TRUE(garbage.has_value());
  EXPECT_FALSE(garbage->inode.has_value());
  EXPECT_EQ(garbage->object.id, deletes[0].object);
  Must(catalog().RemoveIntent(deletes[0].id));
  EXPECT_FALSE(Must(catalog().FindKey("f")).has_value());
  Must(catalog().RemoveIntent(deletes[0].id));  // again is fine
}

TEST_P(CatalogSuite, CommitTakesGarbageOver) {
  const Inode old = MakeCommitted("f");
  Must(catalog().Unlink(kRootInode, "f", Now()));
  Must(catalog().ReleaseOrphan(old.id));
  ASSERT_EQ(Intents(IntentKind::kDelete).size(), 1u);
  const Inode file = MakeFile(kRootInode, "f");
  CommitAs(file.id, "f", "e2", 5);
  EXPECT_THAT(Intents(IntentKind::kDelete), IsEmpty()) << "it would delete the new object";
  EXPECT_EQ(Must(catalog().FindKey("f"))->inode, file.id);
}

TEST_P(CatalogSuite, CommitRefusesAKeyThatAnotherFileHolds) {
  const Inode holder = MakeCommitted("f");
  const Inode file = MakeCommitted("g");
  Catalog::Commit commit;
  commit.inode = file.id;
  commit.size = 1;
  commit.object = Object{{}, "f", "e2", 1};
  const auto refused = catalog().CommitContent(commit, Durability::kAsync);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().error_class(), base::ErrorClass::kConflict);
  EXPECT_THAT(Content(file.id), ElementsAre("g@etag-g")) << "nothing of it happened";
  EXPECT_EQ(Get(file.id).size, 10u);
  // An orphan holds its key too.
  Must(catalog().Unlink(kRootInode, "f", Now()));
  EXPECT_EQ(Must(catalog().FindKey("f"))->inode, holder.id);
  EXPECT_FALSE(catalog().CommitContent(commit, Durability::kAsync).ok());
}

TEST_P(CatalogSuite, CommitOfNothingLeavesAnEmptyFileWithoutObject) {
  const Inode file = MakeCommitted("f", 10);
  Catalog::Commit commit;
  commit.inode = file.id;
  commit.mtime_ns = Now();
  Must(catalog().CommitContent(commit, Durability::kAsync));
  EXPECT_THAT(Content(file.id), IsEmpty());
  EXPECT_EQ(Get(file.id).size, 0u);
  EXPECT_EQ(Must(catalog().GetTotals()).bytes, 0u);
  ASSERT_EQ(Intents(IntentKind::kDelete).size(), 1u);
}

TEST_P(CatalogSuite, AnEmptyObjectHoldsItsKey) {
  const Inode file = MakeFile(kRootInode, "f");
  CommitAs(file.id, "f", "e", 0);
  EXPECT_THAT(Content(file.id), IsEmpty());
  EXPECT_EQ(Must(catalog().FindKey("f"))->inode, file.id);
  CommitAs(file.id, "f", "e2", 7);
  EXPECT_THAT(Content(file.id), ElementsAre("f@e2"));
  EXPECT_THAT(Intents(IntentKind::kDelete), IsEmpty());
}

TEST_P(CatalogSuite, CommitRefusals) {
  const Inode directory = MakeDir(kRootInode, "d");
  Catalog::Commit commit;
  commit.inode = directory.id;
  EXPECT_EQ(ErrnoOf(catalog().CommitContent(commit, Durability::kAsync)), EINVAL);
  commit.inode = InodeId{999};
  EXPECT_EQ(ErrnoOf(catalog().CommitContent(commit, Durability::kAsync)), ENOENT);
}

TEST_P(CatalogSuite, AnOrphanMayBeCommittedAndLeavesNothingBehind) {
  const Inode file = MakeCommitted("f");
  Must(catalog().Unlink(kRootInode, "f", Now()));
  CommitAs(file.id, ".cairnfs/objects/t", "e2", 50);
  EXPECT_FALSE(HasSettle(file.id));
  EXPECT_EQ(Must(catalog().GetTotals()).bytes, 0u);
  Must(catalog().ReleaseOrphan(file.id));
  std::vector<std::string> keys;
  for (const Intent& intent : Intents(IntentKind::kDelete)) keys.push_back(intent.key);
  EXPECT_THAT(keys, ElementsAre("f", ".cairnfs/objects/t"));
}

TEST_P(CatalogSuite, MoveObjectPointsTheFileAtTheCopy) {
  const Inode file = MakeCommitted("f", 10);
  Must(catalog().Rename(kRootInode, "f", kRootInode, "g", {}, Now()));
  const Object old = Must(catalog().GetExtents(file.id))[0].object;
  const Object moved = Must(catalog().MoveObject(file.id, old.id, "g", "e-copy"));
  EXPECT_NE(moved.id, old.id);
  EXPECT_EQ(moved.key, "g");
  EXPECT_EQ(moved.size, 10u);
  EXPECT_THAT(Content(file.id), ElementsAre("g@e-copy"));
  const auto deletes = Intents(IntentKind::kDelete);
  ASSERT_EQ(deletes.size(), 1u);
  EXPECT_EQ(deletes[0].key, "f");
  EXPECT_EQ(deletes[0].object, old.id);
  // A second mover comes too late.
  const auto late = catalog().MoveObject(file.id, old.id, "h", "e");
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().error_class(), base::ErrorClass::kConflict);
}

TEST_P(CatalogSuite, MoveObjectTakesGarbageOverAndRespectsHolders) {
  const Inode old = MakeCommitted("g");
  const Inode file = MakeCommitted("f");
  const ObjectId id = Must(catalog().GetExtents(file.id))[0].object.id;
  const auto refused = catalog().MoveObject(file.id, id, "g", "e");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().error_class(), base::ErrorClass::kConflict);
  Must(catalog().Rename(kRootInode, "f", kRootInode, "g", {}, Now()));
  Must(catalog().ReleaseOrphan(old.id));
  Must(catalog().MoveObject(file.id, id, "g", "e"));
  std::vector<std::string> keys;
  for (const Intent& intent : Intents(IntentKind::kDelete)) keys.push_back(intent.key);
  EXPECT_THAT(keys, ElementsAre("f"));
}

TEST_P(CatalogSuite, SumsStayWithTheBytes) {
  const Inode file = MakeFile(kRootInode, "f");
  Catalog::Commit commit;
  commit.inode = file.id;
  commit.size = 2 * base::kSummedPieceSize + 1;
  const base::PieceSums sums{0x01020304, 0, 0xfffefdfc};
  commit.object = Object{{}, "f", "e1", commit.size, base::Share(sums)};
  Must(catalog().CommitContent(commit, Durability::kSync));
  Reopen();
  const auto object = [&] { return Must(catalog().GetExtents(file.id)).at(0).object; };
  ASSERT_NE(object().sums, nullptr);
  EXPECT_EQ(*object().sums, sums);
  // To another key, whose old row stays for its delete, and to the same, whose row goes at once.
  for (const std::string key : {"g", "g", "h"}) {
    const Object moved = Must(catalog().MoveObject(file.id, object().id, key, "e-copy"));
    ASSERT_NE(moved.sums, nullptr);
    EXPECT_EQ(*moved.sums, sums);
    ASSERT_NE(object().sums, nullptr);
    EXPECT_EQ(*object().sums, sums);
  }
}

TEST_P(CatalogSuite, OtherBytesHaveNoSumsOfTheOldOnes) {
  const Inode file = MakeFile(kRootInode, "f");
  Catalog::Commit commit;
  commit.inode = file.id;
  commit.size = 10;
  commit.object = Object{{}, "f", "e1", 10, base::Share({7})};
  Must(catalog().CommitContent(commit, Durability::kAsync));
  const auto sums = [&] { return Must(catalog().GetExtents(file.id)).at(0).object.sums; };
  ASSERT_NE(sums(), nullptr);
  List(kRootInode, {{Listed("f", "f", "another-writer")}, {}});
  EXPECT_EQ(Content(file.id), std::vector<std::string>{"f@another-writer"});
  EXPECT_EQ(sums(), nullptr);
  commit.object->etag = "e2";
  Must(catalog().CommitContent(commit, Durability::kAsync));
  ASSERT_NE(sums(), nullptr);
  CommitAs(file.id, "f", "e3", 10);
  EXPECT_EQ(sums(), nullptr);
}

TEST_P(CatalogSuite, ALostObjectIsKeptByItsFileAndDeletedByNobody) {
  const Inode file = MakeCommitted("f", 10);
  Must(catalog().Rename(kRootInode, "f", kRootInode, "g", {}, Now()));
  const ObjectId id = Must(catalog().GetExtents(file.id))[0].object.id;
  Must(catalog().LoseObject(file.id, id));
  EXPECT_FALSE(Must(catalog().FindKey("f")));
  const Inode theirs = MakeCommitted("f");
  EXPECT_EQ(Must(catalog().FindKey("f"))->inode, theirs.id);
  EXPECT_EQ(Must(catalog().GetExtents(file.id))[0].object.id, id);
  Must(catalog().Unlink(kRootInode, "g", Now()));
  Must(catalog().ReleaseOrphan(file.id));
  EXPECT_THAT(Intents(IntentKind::kDelete), IsEmpty());

  const auto late = catalog().LoseObject(theirs.id, id);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().error_class(), base::ErrorClass::kConflict);
}

TEST_P(CatalogSuite, IntentsKeepAllTheyAreGiven) {
  Intent intent;
  intent.kind = IntentKind::kUpload;
  intent.inode = InodeId{7};
  intent.key = "k\xff";
  intent.etag = "e";
  intent.upload_id = "u";
  intent.stage = "s";
  intent.payload = std::string("p\0q", 3);
  intent.state = UploadState::kPending;
  intent.attempts = 3;
  intent.last_error = "why";
  intent.object = ObjectId{9};
  intent.id = Must(catalog().AddIntent(intent, Durability::kSync));
  Reopen();
  const auto check = [&] {
    const Intent read = Must(catalog().ListIntents(IntentId{}, 10)).at(0);
    EXPECT_EQ(read.id, intent.id);
    EXPECT_EQ(read.kind, intent.kind);
    EXPECT_EQ(read.inode, intent.inode);
    EXPECT_EQ(read.key, intent.key);
    EXPECT_EQ(read.etag, intent.etag);
    EXPECT_EQ(read.upload_id, intent.upload_id);
    EXPECT_EQ(read.stage, intent.stage);
    EXPECT_EQ(read.payload, intent.payload);
    EXPECT_EQ(read.state, intent.state);
    EXPECT_EQ(read.attempts, intent.attempts);
    EXPECT_EQ(read.last_error, intent.last_error);
    EXPECT_EQ(read.object, intent.object);
  };
  check();
  intent.state = UploadState::kWriting;
  intent.attempts = 4;
  intent.upload_id = "";
  Must(catalog().UpdateIntent(intent, Durability::kAsync));
  check();
  Must(catalog().RemoveIntent(intent.id));
  EXPECT_EQ(ErrnoOf(catalog().UpdateIntent(intent, Durability::kAsync)), ENOENT);
  EXPECT_GT(Raw(Must(catalog().AddIntent(intent, Durability::kAsync))), Raw(intent.id));
}

TEST_P(CatalogSuite, IntentsAreListedInPages) {
  std::vector<IntentId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Must(catalog().AddIntent({}, Durability::kAsync)));
  const auto first = Must(catalog().ListIntents(IntentId{}, 3));
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[2].id, ids[2]);
  const auto rest = Must(catalog().ListIntents(first[2].id, 3));
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[1].id, ids[4]);
}

}  // namespace
}  // namespace meta
