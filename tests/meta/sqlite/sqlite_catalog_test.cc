// SqliteCatalog: the suite of catalogs, and what only this engine has: opening, refusals, damage.
#include "meta/sqlite/sqlite_catalog.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <fstream>

#include "tests/meta/catalog_suite.h"

namespace meta {
namespace {

using testing::HasSubstr;
using testing_support::TempDir;

SqliteCatalog::Options OptionsOf(const std::string& url) {
  SqliteCatalog::Options options;
  options.volume.url = url;
  options.volume.uuid = "uuid-of-" + url;
  options.volume.created_ns = 1'700'000'000'000'000'000;
  return options;
}

INSTANTIATE_TEST_SUITE_P(
    Sqlite, CatalogSuite,
    testing::Values(CatalogEngine{
        "sqlite",
        [](const std::filesystem::path& directory) -> std::unique_ptr<Catalog> {
          return Must(SqliteCatalog::Open(directory / "meta.db", OpenMode::kCreate,
                                          OptionsOf("s3://bucket/")));
        }}),
    [](const auto& instance) { return instance.param.name; });

class SqliteCatalogTest : public testing::Test {
 protected:
  std::filesystem::path path() const { return directory_ / "meta.db"; }
  std::unique_ptr<SqliteCatalog> Create() {
    return Must(SqliteCatalog::Open(path(), OpenMode::kCreate, OptionsOf("s3://bucket/")));
  }
  static Inode MakeFile(Catalog& catalog, const std::string& name) {
    return Must(catalog.Create(kRootInode, name, {S_IFREG | 0644, 1, 1, 0, "", 5}));
  }

  TempDir directory_;
};

TEST_F(SqliteCatalogTest, ANewVolumeIsWhatTheOptionsSay) {
  SqliteCatalog::Options options = OptionsOf("file:///data/");
  options.root_mode = 0750;
  options.root_uid = 12;
  options.root_gid = 34;
  const auto catalog = Must(SqliteCatalog::Open(path(), OpenMode::kCreate, options));
  const VolumeInfo volume = Must(catalog->Volume());
  EXPECT_EQ(volume.url, "file:///data/");
  EXPECT_EQ(volume.uuid, "uuid-of-file:///data/");
  EXPECT_EQ(volume.created_ns, options.volume.created_ns);
  EXPECT_GT(volume.schema_version, 0);
  const Inode root = Must(catalog->GetInode(kRootInode));
  EXPECT_EQ(root.mode, S_IFDIR | 0750u);
  EXPECT_EQ(root.uid, 12u);
  EXPECT_EQ(root.gid, 34u);
  EXPECT_EQ(root.mtime_ns, options.volume.created_ns);
}

TEST_F(SqliteCatalogTest, NotesOutliveTheMount) {
  auto catalog = Create();
  EXPECT_EQ(Must(catalog->Recall("a")), std::nullopt);
  Must(catalog->Remember("a", "first"));
  Must(catalog->Remember("b", std::string("\0\xff", 2)));
  Must(catalog->Remember("a", "second"));
  catalog.reset();
  catalog = Create();
  EXPECT_EQ(Must(catalog->Recall("a")), "second");
  EXPECT_EQ(Must(catalog->Recall("b")), std::string("\0\xff", 2));
}

TEST_F(SqliteCatalogTest, AnExistingVolumeKeepsItsIdentity) {
  Create();
  SqliteCatalog::Options options = OptionsOf("s3://bucket/");
  options.volume.uuid = "another";
  for (const OpenMode mode : {OpenMode::kCreate, OpenMode::kExisting, OpenMode::kReadOnly}) {
    const auto catalog = Must(SqliteCatalog::Open(path(), mode, options));
    EXPECT_EQ(Must(catalog->Volume()).uuid, "uuid-of-s3://bucket/");
  }
}

TEST_F(SqliteCatalogTest, TheDatabaseOfAnotherVolumeIsRefused) {
  Create();
  for (const OpenMode mode : {OpenMode::kCreate, OpenMode::kExisting, OpenMode::kReadOnly}) {
    const auto opened = SqliteCatalog::Open(path(), mode, OptionsOf("s3://other/"));
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().error_class(), base::ErrorClass::kInvalid);
    EXPECT_THAT(opened.error().message(), HasSubstr("s3://bucket/"));
    EXPECT_THAT(opened.error().message(), HasSubstr("s3://other/"));
  }
  // A caller that does not say which volume it wants takes what is there.
  EXPECT_TRUE(SqliteCatalog::OpenReadOnly(path()).ok());
}

TEST_F(SqliteCatalogTest, AMissingDatabaseIsOnlyMadeWhenAsked) {
  for (const OpenMode mode : {OpenMode::kExisting, OpenMode::kReadOnly}) {
    const auto opened = SqliteCatalog::Open(path(), mode, {});
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().error_class(), base::ErrorClass::kNotFound);
    EXPECT_THAT(opened.error().message(), HasSubstr(path().string()));
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SqliteCatalogTest, AMountThatWasKilledWhileItMadeTheDatabaseIsFinished) {
  {
    Database::Options options;
    options.access = Database::Access::kCreate;
    Must(Database::Open(path(), options));  // WAL, but no table
  }
  const auto looked = SqliteCatalog::OpenReadOnly(path());
  EXPECT_EQ(looked.ok() ? 0 : looked.error().errno_value(), ENOENT);
  EXPECT_EQ(Must(Create()->Volume()).url, "s3://bucket/");
}

TEST_F(SqliteCatalogTest, AReaderBesideTheDaemonSeesItsCommitsAndChangesNothing) {
  const auto daemon = Create();
  const auto reader = Must(SqliteCatalog::OpenReadOnly(path()));
  const Inode file = MakeFile(*daemon, "f");
  EXPECT_EQ(Must(reader->Lookup(kRootInode, "f")).id, file.id);
  EXPECT_EQ(ErrnoOf(reader->Create(kRootInode, "g", {S_IFREG, 0, 0, 0, "", 1})), EROFS);
  EXPECT_EQ(ErrnoOf(reader->Unlink(kRootInode, "f", 1)), EROFS);
  EXPECT_EQ(ErrnoOf(reader->RemoveIntent(IntentId{1})), EROFS);
  Must(reader->Sync());
}

TEST_F(SqliteCatalogTest, AReaderWithoutADaemonReadsTheClosedFile) {
  const Inode file = MakeFile(*Create(), "f");
  const auto reader = Must(SqliteCatalog::OpenReadOnly(path()));
  EXPECT_EQ(Must(reader->Lookup(kRootInode, "f")).id, file.id);
}

TEST_F(SqliteCatalogTest, AFileHasAtMostSoManyNames) {
  const auto catalog = Create();
  const Inode file = MakeFile(*catalog, "f");
  {
    Database::Options options;
    const auto database = Must(Database::Open(path(), options));
    Must(database->Run("UPDATE inode SET nlink = 65000 WHERE ino = ?", file.id));
  }
  EXPECT_EQ(ErrnoOf(catalog->Link(file.id, kRootInode, "g", 1)), EMLINK);
}

TEST_F(SqliteCatalogTest, DamageIsReportedAndNothingIsRepaired) {
  {
    const auto catalog = Create();
    for (int i = 0; i < 2000; ++i) MakeFile(*catalog, "file-" + std::to_string(i));
  }
  const auto size = std::filesystem::file_size(path());
  ASSERT_GT(size, 40960u);
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);  // behind the header's page
    const std::string noise(size - 4096, '\xa5');
    file.write(noise.data(), static_cast<std::streamsize>(noise.size()));
  }
  const auto check = [&](const base::Error& error) {
    EXPECT_EQ(error.error_class(), base::ErrorClass::kCorrupt) << error.ToString();
    EXPECT_EQ(error.errno_value(), EIO);
    EXPECT_THAT(error.message(), HasSubstr(path().string()));
    EXPECT_THAT(error.message(), HasSubstr("restore the state directory"));
  };
  const auto opened = SqliteCatalog::Open(path(), OpenMode::kExisting, OptionsOf("s3://bucket/"));
  if (!opened.ok()) return check(opened.error());
  const auto looked = (*opened)->Lookup(kRootInode, "file-7");
  ASSERT_FALSE(looked.ok());
  check(looked.error());
}

TEST_F(SqliteCatalogTest, WhatIsNoDatabaseIsRefusedAndLeftAlone) {
  const std::string text(9000, 'x');
  directory_.Write("meta.db", text);
  const auto opened = SqliteCatalog::Open(path(), OpenMode::kCreate, OptionsOf("s3://bucket/"));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().error_class(), base::ErrorClass::kCorrupt);
  EXPECT_EQ(std::filesystem::file_size(path()), text.size());
}

}  // namespace
}  // namespace meta
