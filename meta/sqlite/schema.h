// Schema: the tables of the name space, as numbered migrations that only go forward. A file's
// version is its `user_version`; a file from a newer cairnfs is refused, never guessed at.
//
// Called once by SqliteCatalog::Open, on the writing connection, before any other thread exists.
#pragma once

#include <span>

#include "base/result.h"
#include "meta/sqlite/database.h"

namespace meta {

// SQL that takes a file of version `to - 1` to `to`.
struct Migration {
  int to = 0;
  const char* sql = nullptr;
};
std::span<const Migration> Migrations();
int NewestSchemaVersion();

base::Result<int> SchemaVersion(Database& database);
// kUnsupported when the file is newer than `migrations`, kInvalid when it belongs to another
// program.
base::Status CheckSchema(Database& database, std::span<const Migration> migrations);
// Brings the file to the newest version, each step in its own transaction.
base::Status Migrate(Database& database, std::span<const Migration> migrations);

}  // namespace meta
