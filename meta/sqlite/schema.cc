#include "meta/sqlite/schema.h"

#include <array>
#include <string>

namespace meta {
namespace {

constexpr std::int64_t kApplicationId = 0x4361726e;  // "Carn", PRAGMA application_id

// Names, keys and other byte strings are BLOBs: they need not be UTF-8 and compare byte by byte.
// Ids are AUTOINCREMENT: a number is never used again, so neither the kernel nor the cache can take
// a new thing for an old one. Times are nanoseconds since the epoch.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE volume(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  uuid BLOB NOT NULL,
  url BLOB NOT NULL,
  created_ns INTEGER NOT NULL,
  syncs INTEGER NOT NULL DEFAULT 0     -- bumped when there is nothing else to fsync
) STRICT;

CREATE TABLE inode(
  ino INTEGER PRIMARY KEY AUTOINCREMENT,
  mode INTEGER NOT NULL,               -- st_mode with the type bits
  uid INTEGER NOT NULL,
  gid INTEGER NOT NULL,
  nlink INTEGER NOT NULL,              -- directories: 2 + subdirectories; 0 = orphan
  size INTEGER NOT NULL,
  atime_ns INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  rdev INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0,
  symlink_target BLOB,
  listed INTEGER NOT NULL DEFAULT 0    -- directory: a listing of the bucket showed it, and no name
                                       -- was removed from it here since
) STRICT;

CREATE TABLE dirent(
  parent INTEGER NOT NULL,
  name BLOB NOT NULL,
  ino INTEGER NOT NULL,
  kind INTEGER NOT NULL,               -- type bits of the mode
  key_name BLOB,                       -- the bucket's component where it is not the name
  PRIMARY KEY(parent, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX dirent_ino ON dirent(ino);

CREATE TABLE object(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL,
  etag BLOB NOT NULL,
  size INTEGER NOT NULL,
  refs INTEGER NOT NULL,               -- extents that use it; 0 = garbage until its delete is done
  gone INTEGER NOT NULL DEFAULT 0      -- 1 = no longer in the bucket, only an orphan remembers it
) STRICT;
CREATE UNIQUE INDEX object_key ON object(key) WHERE gone = 0;

-- An empty object is bound to its file by an extent of length 0.
CREATE TABLE extent(
  ino INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  object INTEGER NOT NULL,
  object_offset INTEGER NOT NULL,
  PRIMARY KEY(ino, offset)
) STRICT, WITHOUT ROWID;
CREATE INDEX extent_object ON extent(object);

CREATE TABLE xattr(
  ino INTEGER NOT NULL,
  name BLOB NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY(ino, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE intent(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,               -- IntentKind
  ino INTEGER NOT NULL,
  key BLOB NOT NULL,
  etag BLOB NOT NULL,
  upload_id BLOB NOT NULL,
  stage BLOB NOT NULL,
  payload BLOB NOT NULL,
  state INTEGER NOT NULL,              -- UploadState
  attempts INTEGER NOT NULL,
  last_error BLOB NOT NULL,
  object INTEGER NOT NULL
) STRICT;
CREATE INDEX intent_ino ON intent(ino);
CREATE INDEX intent_key ON intent(key);

CREATE TABLE listing(
  ino INTEGER PRIMARY KEY,             -- directory
  listed_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE orphan(
  ino INTEGER PRIMARY KEY              -- has no name but may be open
) STRICT;

-- One row, kept by the same transactions that change what it counts: inodes that have a name.
CREATE TABLE totals(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  files INTEGER NOT NULL,
  directories INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO totals VALUES(1, 0, 0, 0);
)sql";

constexpr const char* kVersion2 = R"sql(
CREATE TABLE note(
  name BLOB PRIMARY KEY,
  value BLOB NOT NULL                  -- may be lost: whoever wrote it can find it out again
) STRICT, WITHOUT ROWID;
)sql";

// CRC-32C of each 128 KiB of the object, 4 bytes each (base/digest/piece_sums.h): 13 MB of the
// largest object there can be. The last column, so that nobody else has to read past it.
constexpr const char* kVersion3 = R"sql(
ALTER TABLE object ADD COLUMN sums BLOB;
)sql";

constexpr std::array<Migration, 3> kMigrations{{{1, kVersion1}, {2, kVersion2}, {3, kVersion3}}};

base::Result<std::int64_t> Pragma(Database& database, std::string_view sql) {
  Statement row = database.Query(sql);
  TRY_ASSIGN(const bool found, row.Step());
  return found ? row.Int(0) : 0;
}

}  // namespace

std::span<const Migration> Migrations() { return kMigrations; }
int NewestSchemaVersion() { return kMigrations.back().to; }

base::Result<int> SchemaVersion(Database& database) {
  TRY_ASSIGN(const std::int64_t version, Pragma(database, "PRAGMA user_version"));
  return static_cast<int>(version);
}

base::Status CheckSchema(Database& database, std::span<const Migration> migrations) {
  const std::string file = "database " + database.path().string();
  TRY_ASSIGN(const int version, SchemaVersion(database));
  TRY_ASSIGN(const std::int64_t application, Pragma(database, "PRAGMA application_id"));
  TRY_ASSIGN(const std::int64_t tables, Pragma(database, "SELECT count(*) FROM sqlite_schema"));
  if (application != kApplicationId && (application != 0 || version != 0 || tables != 0)) {
    return base::Error(base::ErrorClass::kInvalid,
                       file + " was not made by cairnfs: give another state directory");
  }
  if (version > migrations.back().to) {
    return base::Error(base::ErrorClass::kUnsupported,
                       file + " has schema version " + std::to_string(version) +
                           ", this cairnfs knows versions up to " +
                           std::to_string(migrations.back().to) + ": use a newer cairnfs");
  }
  return base::Ok();
}

base::Status Migrate(Database& database, std::span<const Migration> migrations) {
  TRY(CheckSchema(database, migrations));
  TRY_ASSIGN(const int version, SchemaVersion(database));
  for (const Migration& migration : migrations) {
    if (migration.to <= version) continue;
    TRY_ASSIGN(Transaction transaction, Transaction::Begin(database, Transaction::Kind::kWrite));
    TRY(database.Execute(migration.sql));
    TRY(database.Execute("PRAGMA user_version = " + std::to_string(migration.to) +
                         "; PRAGMA application_id = " + std::to_string(kApplicationId)));
    TRY(transaction.Commit());
  }
  return base::Ok();
}

}  // namespace meta
