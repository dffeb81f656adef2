#include "meta/sqlite/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "base/fd.h"
#include "meta/sqlite/sqlite_catalog.h"
#include "tests/meta/results.h"
#include "tests/support/temp_dir.h"

namespace meta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SchemaTest : public testing::Test {
 protected:
  std::unique_ptr<Database> OpenFile(const std::string& name) {
    Database::Options options;
    options.access = Database::Access::kCreate;
    return Must(Database::Open(directory_ / name, options));
  }
  // A file as version 1 made it.
  std::filesystem::path MakeVersion1() {
    const auto sql = std::filesystem::path(__FILE__).parent_path() / "volume_v1.sql";
    std::ifstream file(sql);
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_GT(text.str().size(), 1000u) << sql;
    Must(OpenFile("v1.db")->Execute(text.str()));
    return directory_ / "v1.db";
  }
  static std::map<std::string, std::string> Tables(Database& database) {
    Statement row = database.Query("SELECT name, sql FROM sqlite_schema");
    std::map<std::string, std::string> tables;
    while (Must(row.Step())) tables[row.Bytes(0)] = row.Bytes(1);
    return tables;
  }

  testing_support::TempDir directory_;
};

TEST_F(SchemaTest, ANewFileGetsTheNewestVersion) {
  const auto database = OpenFile("new.db");
  EXPECT_EQ(Must(SchemaVersion(*database)), 0);
  Must(Migrate(*database, Migrations()));
  EXPECT_EQ(Must(SchemaVersion(*database)), NewestSchemaVersion());
  Must(Migrate(*database, Migrations()));  // again is fine
}

TEST_F(SchemaTest, MigrationsAreNumberedWithoutGaps) {
  int expected = 1;
  for (const Migration& migration : Migrations()) EXPECT_EQ(migration.to, expected++);
}

TEST_F(SchemaTest, AVersionThatWasShippedIsNeverEdited) {
  MakeVersion1();
  const auto fresh = OpenFile("new.db");
  Must(Migrate(*fresh, Migrations().first(1)));
  const auto shipped = OpenFile("v1.db");
  EXPECT_EQ(Tables(*fresh), Tables(*shipped));
}

TEST_F(SchemaTest, AFileOfVersion1OpensWithAllItHolds) {
  SqliteCatalog::Options options;
  options.volume.url = "s3://bucket/";
  const auto catalog = Must(SqliteCatalog::Open(MakeVersion1(), OpenMode::kExisting, options));
  const VolumeInfo volume = Must(catalog->Volume());
  EXPECT_EQ(volume.uuid, "uuid-1");
  EXPECT_EQ(volume.created_ns, 1000);
  EXPECT_EQ(volume.schema_version, NewestSchemaVersion());
  const Inode directory = Must(catalog->Lookup(kRootInode, "d"));
  const Inode file = Must(catalog->Lookup(directory.id, "f"));
  EXPECT_EQ(file.mode, S_IFREG | 0644u);
  EXPECT_EQ(file.size, 10u);
  EXPECT_EQ(file.uid, 5u);
  const auto extents = Must(catalog->GetExtents(file.id));
  ASSERT_EQ(extents.size(), 1u);
  EXPECT_EQ(extents[0].object.key, "d/f");
  EXPECT_EQ(extents[0].object.id, ObjectId{7});
  EXPECT_EQ(Must(catalog->Lookup(kRootInode, "l")).symlink_target, "d/f");
  EXPECT_EQ(Must(catalog->ListIntents(IntentId{}, 10)).size(), 1u);
  EXPECT_EQ(Must(catalog->ListedAt(kRootInode)), 5000);
  EXPECT_EQ(Must(catalog->GetTotals()).bytes, 10u);
  EXPECT_EQ(Must(catalog->Recall("since version 2")), std::nullopt);
  EXPECT_GT(Raw(Must(catalog->Create(kRootInode, "new", {S_IFREG, 0, 0, 0, "", 1})).id), 4u);
}

TEST_F(SchemaTest, ObjectsOfVersion2HaveNoSumsAndNewOnesDo) {
  const auto path = MakeVersion1();
  Must(Migrate(*OpenFile("v1.db"), Migrations().first(2)));
  const auto catalog = Must(SqliteCatalog::Open(path, OpenMode::kExisting, {}));
  const Inode directory = Must(catalog->Lookup(kRootInode, "d"));
  const InodeId file = Must(catalog->Lookup(directory.id, "f")).id;
  EXPECT_EQ(Must(catalog->GetExtents(file)).at(0).object.sums, nullptr);
  Catalog::Commit commit;
  commit.inode = file;
  commit.size = 3;
  commit.object = Object{{}, "d/f", "e", 3, base::Share({42})};
  Must(catalog->CommitContent(commit, Durability::kSync));
  const auto sums = Must(catalog->GetExtents(file)).at(0).object.sums;
  ASSERT_NE(sums, nullptr);
  EXPECT_EQ(*sums, base::PieceSums{42});
}

TEST_F(SchemaTest, LaterVersionsAreReachedStepByStep) {
  const auto path = MakeVersion1();
  const auto database = OpenFile("v1.db");
  const std::array<Migration, 3> later{{{1, "this was done before"},
                                        {2, "ALTER TABLE inode ADD COLUMN flags INTEGER"},
                                        {3, "UPDATE inode SET flags = ino * 10"}}};
  Must(Migrate(*database, later));
  EXPECT_EQ(Must(SchemaVersion(*database)), 3);
  Statement row = database->Query("SELECT flags FROM inode ORDER BY ino");
  std::vector<std::int64_t> flags;
  while (Must(row.Step())) flags.push_back(row.Int(0));
  EXPECT_THAT(flags, ElementsAre(10, 20, 30, 40));
}

TEST_F(SchemaTest, AStepThatFailsChangesNothing) {
  MakeVersion1();
  const auto database = OpenFile("v1.db");
  const auto before = Tables(*database);
  const std::array<Migration, 2> later{
      {{1, ""}, {2, "ALTER TABLE inode ADD COLUMN flags INTEGER; SELECT nonsense"}}};
  EXPECT_FALSE(Migrate(*database, later).ok());
  EXPECT_EQ(Must(SchemaVersion(*database)), 1);
  EXPECT_EQ(Tables(*database), before);
}

TEST_F(SchemaTest, AFileOfANewerCairnfsIsRefused) {
  const auto path = MakeVersion1();
  Must(OpenFile("v1.db")->Execute("PRAGMA user_version = 99"));
  for (const OpenMode mode : {OpenMode::kCreate, OpenMode::kExisting, OpenMode::kReadOnly}) {
    const auto opened = SqliteCatalog::Open(path, mode, {});
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().error_class(), base::ErrorClass::kUnsupported);
    EXPECT_THAT(opened.error().message(), HasSubstr("99"));
    EXPECT_THAT(opened.error().message(), HasSubstr("use a newer cairnfs"));
  }
  EXPECT_EQ(Must(SchemaVersion(*OpenFile("v1.db"))), 99);
}

TEST_F(SchemaTest, TheFileOfAnotherProgramIsRefused) {
  Must(OpenFile("other.db")->Execute("CREATE TABLE notes(text); PRAGMA journal_mode = DELETE"));
  const auto bytes = [&] { return Must(base::ReadSmallFile(directory_ / "other.db")); };
  const std::string before = bytes();
  const auto opened = SqliteCatalog::Open(directory_ / "other.db", OpenMode::kCreate, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().error_class(), base::ErrorClass::kInvalid);
  EXPECT_EQ(bytes(), before);
}

}  // namespace
}  // namespace meta
