// Rename: every kind of source and target, every refusal, times, link counts, settles.
#include <gmock/gmock.h>

#include <cerrno>

#include "tests/meta/catalog_suite.h"

namespace meta {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Catalog::RenameFlags kPlain{};
constexpr Catalog::RenameFlags kNoReplace{true, false};
constexpr Catalog::RenameFlags kExchange{false, true};

TEST_P(CatalogSuite, RenameMovesAFile) {
  const Inode from = MakeDir(kRootInode, "from");
  const Inode to = MakeDir(kRootInode, "to");
  const Inode file = MakeFile(from.id, "f");
  const std::int64_t now = Now();
  const auto renamed = Must(catalog().Rename(from.id, "f", to.id, "g", kPlain, now));
  EXPECT_EQ(renamed.moved, file.id);
  EXPECT_FALSE(renamed.replaced.has_value());
  EXPECT_EQ(ErrnoOf(catalog().Lookup(from.id, "f")), ENOENT);
  EXPECT_EQ(Must(catalog().Lookup(to.id, "g")).id, file.id);
  EXPECT_EQ(Get(file.id).ctime_ns, now);
  EXPECT_EQ(Get(file.id).mtime_ns, file.mtime_ns);
  for (const InodeId parent : {from.id, to.id}) {
    EXPECT_EQ(Get(parent).mtime_ns, now);
    EXPECT_EQ(Get(parent).ctime_ns, now);
    EXPECT_EQ(Get(parent).nlink, 2u);
  }
  EXPECT_THAT(Keys(file.id), ElementsAre("to/g"));
  EXPECT_TRUE(HasSettle(file.id));
}

TEST_P(CatalogSuite, RenameWithinADirectory) {
  const Inode file = MakeFile(kRootInode, "f");
  Must(catalog().Rename(kRootInode, "f", kRootInode, "g", kPlain, Now()));
  EXPECT_THAT(Names(kRootInode), ElementsAre("g"));
  EXPECT_EQ(Must(catalog().Lookup(kRootInode, "g")).id, file.id);
}

TEST_P(CatalogSuite, RenameMovesADirectoryWithAllItHolds) {
  const Inode a = MakeDir(kRootInode, "a");
  const Inode b = MakeDir(kRootInode, "b");
  const Inode sub = MakeDir(a.id, "sub");
  const Inode file = MakeFile(sub.id, "f");
  EXPECT_EQ(Get(a.id).nlink, 3u);
  Must(catalog().Rename(a.id, "sub", b.id, "moved", kPlain, Now()));
  EXPECT_EQ(Get(a.id).nlink, 2u);
  EXPECT_EQ(Get(b.id).nlink, 3u);
  EXPECT_EQ(Must(catalog().Parent(sub.id)), b.id);
  EXPECT_THAT(Keys(file.id), ElementsAre("b/moved/f"));
  EXPECT_TRUE(HasSettle(sub.id));
}

TEST_P(CatalogSuite, RenameOverAFileReplacesIt) {
  const Inode file = MakeCommitted("f", 3);
  const Inode old = MakeCommitted("g", 100);
  const std::int64_t now = Now();
  const auto renamed = Must(catalog().Rename(kRootInode, "f", kRootInode, "g", kPlain, now));
  ASSERT_TRUE(renamed.replaced.has_value());
  EXPECT_EQ(renamed.replaced->inode, old.id);
  EXPECT_EQ(renamed.replaced->nlink, 0u);
  EXPECT_THAT(Names(kRootInode), ElementsAre("g"));
  EXPECT_EQ(Must(catalog().Lookup(kRootInode, "g")).id, file.id);
  EXPECT_THAT(Must(catalog().Orphans()), ElementsAre(old.id));
  EXPECT_EQ(Get(old.id).ctime_ns, now);
  EXPECT_EQ(Must(catalog().GetTotals()).files, 1u);
  EXPECT_EQ(Must(catalog().GetTotals()).bytes, 3u);
}

TEST_P(CatalogSuite, RenameOverOneOfTwoNamesKeepsTheOther) {
  MakeCommitted("f");
  const Inode old = MakeCommitted("g");
  Must(catalog().Link(old.id, kRootInode, "h", Now()));
  const auto renamed = Must(catalog().Rename(kRootInode, "f", kRootInode, "g", kPlain, Now()));
  EXPECT_EQ(renamed.replaced->nlink, 1u);
  EXPECT_THAT(Must(catalog().Orphans()), IsEmpty());
  EXPECT_THAT(Content(old.id), ElementsAre("g@etag-g"));
  EXPECT_TRUE(HasSettle(old.id)) << "its object still has the key of the name it lost";
}

TEST_P(CatalogSuite, RenameOverAnEmptyDirectory) {
  const Inode a = MakeDir(kRootInode, "a");
  const Inode b = MakeDir(kRootInode, "b");
  const Inode target = MakeDir(b.id, "t");
  EXPECT_EQ(Get(kRootInode).nlink, 4u);
  const auto renamed = Must(catalog().Rename(kRootInode, "a", b.id, "t", kPlain, Now()));
  EXPECT_EQ(renamed.replaced->inode, target.id);
  EXPECT_TRUE(renamed.replaced->is_dir);
  EXPECT_EQ(Get(kRootInode).nlink, 3u);
  EXPECT_EQ(Get(b.id).nlink, 3u);
  EXPECT_EQ(Must(catalog().Lookup(b.id, "t")).id, a.id);
  EXPECT_EQ(Must(catalog().GetTotals()).directories, 3u);

  MakeDir(kRootInode, "c");
  Must(catalog().Rename(b.id, "t", kRootInode, "c", kPlain, Now()));
  EXPECT_EQ(Get(kRootInode).nlink, 4u);
  EXPECT_EQ(Get(b.id).nlink, 2u);
}

TEST_P(CatalogSuite, RenameRefusals) {
  const Inode a = MakeDir(kRootInode, "a");
  const Inode below = MakeDir(a.id, "below");
  const Inode file = MakeFile(kRootInode, "f");
  MakeDir(kRootInode, "empty");
  const auto rename = [&](InodeId from, std::string_view name, InodeId to,
                          std::string_view new_name, Catalog::RenameFlags flags = kPlain) {
    return ErrnoOf(catalog().Rename(from, name, to, new_name, flags, Now()));
  };
  EXPECT_EQ(rename(kRootInode, "x", kRootInode, "y"), ENOENT);
  EXPECT_EQ(rename(kRootInode, "f", InodeId{999}, "y"), ENOENT);
  EXPECT_EQ(rename(kRootInode, "f", file.id, "y"), ENOTDIR);
  EXPECT_EQ(rename(file.id, "f", kRootInode, "y"), ENOTDIR);
  EXPECT_EQ(rename(kRootInode, "f", kRootInode, std::string(256, 'n')), ENAMETOOLONG);
  EXPECT_EQ(rename(kRootInode, "a", kRootInode, "f"), ENOTDIR);
  EXPECT_EQ(rename(kRootInode, "f", kRootInode, "a"), EISDIR);
  EXPECT_EQ(rename(kRootInode, "f", kRootInode, "empty"), EISDIR);
  EXPECT_EQ(rename(kRootInode, "empty", kRootInode, "a"), ENOTEMPTY);
  EXPECT_EQ(rename(a.id, "below", kRootInode, "a"), ENOTEMPTY);
  EXPECT_EQ(rename(kRootInode, "a", a.id, "x"), EINVAL);
  EXPECT_EQ(rename(kRootInode, "a", below.id, "x"), EINVAL);
  EXPECT_EQ(rename(kRootInode, "f", kRootInode, "a", kNoReplace), EEXIST);
  EXPECT_EQ(rename(kRootInode, "f", kRootInode, "f", kNoReplace), EEXIST);
  EXPECT_EQ(rename(kRootInode, "f", kRootInode, "y", kExchange), ENOENT);
  EXPECT_EQ(rename(kRootInode, "a", a.id, "below", kExchange), EINVAL);
  EXPECT_EQ(rename(a.id, "below", kRootInode, "a", kExchange), EINVAL);
  EXPECT_EQ(rename(kRootInode, "f", kRootInode, "a", {true, true}), EINVAL);
  EXPECT_THAT(Names(kRootInode), ElementsAre("a", "empty", "f"));
  EXPECT_THAT(Intents(IntentKind::kSettle), IsEmpty());
}

TEST_P(CatalogSuite, RenameOfTwoNamesOfOneFileDoesNothing) {
  const Inode file = MakeFile(kRootInode, "f");
  const Inode linked = Must(catalog().Link(file.id, kRootInode, "g", Now()));
  const auto renamed = Must(catalog().Rename(kRootInode, "f", kRootInode, "g", kPlain, Now()));
  EXPECT_FALSE(renamed.replaced.has_value());
  EXPECT_THAT(Names(kRootInode), ElementsAre("f", "g"));
  EXPECT_EQ(Get(file.id).ctime_ns, linked.ctime_ns);
  Must(catalog().Rename(kRootInode, "f", kRootInode, "f", kPlain, Now()));
  EXPECT_EQ(Get(file.id).nlink, 2u);
}

TEST_P(CatalogSuite, NoReplaceMovesWhenTheNameIsFree) {
  const Inode file = MakeFile(kRootInode, "f");
  Must(catalog().Rename(kRootInode, "f", kRootInode, "g", kNoReplace, Now()));
  EXPECT_EQ(Must(catalog().Lookup(kRootInode, "g")).id, file.id);
}

TEST_P(CatalogSuite, ExchangeSwapsAFileAndADirectory) {
  const Inode a = MakeDir(kRootInode, "a");
  const Inode b = MakeDir(kRootInode, "b");
  const Inode directory = MakeDir(a.id, "x");
  const Inode file = MakeFile(b.id, "y");
  const std::int64_t now = Now();
  const auto renamed = Must(catalog().Rename(a.id, "x", b.id, "y", kExchange, now));
  EXPECT_EQ(renamed.moved, directory.id);
  EXPECT_FALSE(renamed.replaced.has_value());
  EXPECT_EQ(Must(catalog().Lookup(a.id, "x")).id, file.id);
  EXPECT_EQ(Must(catalog().Lookup(b.id, "y")).id, directory.id);
  EXPECT_EQ(Get(a.id).nlink, 2u);
  EXPECT_EQ(Get(b.id).nlink, 3u);
  for (const InodeId each : {a.id, b.id, file.id, directory.id}) EXPECT_EQ(Get(each).ctime_ns, now);
  EXPECT_TRUE(HasSettle(file.id));
  EXPECT_TRUE(HasSettle(directory.id));
}

TEST_P(CatalogSuite, RenameAskedTwiceIsOneSettleWithANewId) {
  const Inode file = MakeCommitted("f");
  Must(catalog().Rename(kRootInode, "f", kRootInode, "g", kPlain, Now()));
  const auto first = Intents(IntentKind::kSettle);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].inode, file.id);
  Must(catalog().Rename(kRootInode, "g", kRootInode, "h", kPlain, Now()));
  const auto second = Intents(IntentKind::kSettle);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(second[0].id, first[0].id);
  // Who finishes the first one has seen old names: that must not end the second.
  Must(catalog().RemoveIntent(first[0].id));
  EXPECT_TRUE(HasSettle(file.id));
}

}  // namespace
}  // namespace meta
