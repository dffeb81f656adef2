// Rows: the statements that several operations share, on inodes, directory entries, orphans and
// totals. Each function runs inside the caller's transaction, on the caller's connection and
// thread; errors carry the errno for the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "meta/catalog.h"
#include "meta/sqlite/database.h"

namespace meta {

// ENAMETOOLONG, EINVAL (a '/' or NUL inside, "." and ".."), ENOENT (empty).
base::Status CheckName(std::string_view name);

// The inode in the columns `first`... of a row of "SELECT inode.*".
Inode ReadInode(const Statement& row, int first);
base::Result<Inode> LoadInode(Database& db, InodeId inode);  // ENOENT
// ENOENT also for a directory that was removed but is still open.
base::Result<Inode> LoadDirectory(Database& db, InodeId inode);  // ENOENT, ENOTDIR
base::Result<InodeId> InsertInode(Database& db, const Inode& inode);

base::Result<std::optional<InodeId>> FindEntry(Database& db, InodeId parent, std::string_view name);
// ENOENT when the directory has no such name, ENOTDIR when `parent` is none.
base::Result<Inode> LoadEntry(Database& db, InodeId parent, std::string_view name);
base::Status InsertEntry(Database& db, InodeId parent, std::string_view name, const Inode& inode,
                         const std::optional<std::string>& key_name);

// What happened in a directory: an entry came or left (times), `subdirectories` more of them.
base::Status TouchParent(Database& db, InodeId parent, std::int64_t now_ns, int subdirectories);
// The same when a name left it by our own doing: from now on the directory is not known from the
// bucket alone, so a listing that does not show it does not remove it (Reconcile).
base::Status TouchParentAfterRemoval(Database& db, InodeId parent, std::int64_t now_ns,
                                     int subdirectories);

// The inode lost one name (its entry is gone or taken over); without any left it becomes an orphan.
base::Result<Removed> LoseName(Database& db, const Inode& inode, std::int64_t now_ns);

base::Status AddTotals(Database& db, std::int64_t files, std::int64_t directories,
                       std::int64_t bytes);
// Adds (`sign` 1) or takes away (-1) one named inode.
base::Status CountInode(Database& db, const Inode& inode, int sign);

}  // namespace meta
