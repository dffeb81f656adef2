// Paths: from an inode up to the root. Inside the caller's transaction, on its connection and
// thread.
#pragma once

#include <vector>

#include "base/result.h"
#include "meta/catalog.h"
#include "meta/sqlite/database.h"

namespace meta {

base::Result<InodeId> ParentOf(Database& db, InodeId directory);
base::Result<std::vector<NamedKey>> PathsOf(Database& db, InodeId inode);
// Key of a directory, "" for the root.
base::Result<objclient::ObjectKey> DirectoryKey(Database& db, InodeId directory);
objclient::ObjectKey JoinKey(const objclient::ObjectKey& directory, std::string_view component);

// True when `directory` is `ancestor` or lies below it.
base::Result<bool> IsWithin(Database& db, InodeId directory, InodeId ancestor);
// True when `directory` or one above it is still to be settled: its keys are not where its path
// says.
base::Result<bool> SettlesAbove(Database& db, InodeId directory);

}  // namespace meta
