// Names: operations that make, move and remove directory entries (catalog.h says what each does).
// rename.cc holds Rename. Inside the caller's transaction, on its connection and thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "meta/catalog.h"
#include "meta/sqlite/database.h"

namespace meta {

inline constexpr std::uint32_t kLinkMax = 65000;  // names of one file

base::Result<Inode> CreateEntry(Database& db, InodeId parent, std::string_view name,
                                const NewInode& what);
base::Result<Inode> LinkEntry(Database& db, InodeId inode, InodeId parent, std::string_view name,
                              std::int64_t now_ns);
base::Result<Removed> UnlinkEntry(Database& db, InodeId parent, std::string_view name,
                                  std::int64_t now_ns);
base::Result<Removed> RemoveDirectory(Database& db, InodeId parent, std::string_view name,
                                      std::int64_t now_ns);
base::Result<Catalog::Renamed> RenameEntry(Database& db, InodeId parent, std::string_view name,
                                           InodeId new_parent, std::string_view new_name,
                                           Catalog::RenameFlags flags, std::int64_t now_ns);

base::Result<bool> IsEmptyDirectory(Database& db, InodeId directory);

base::Result<std::vector<DirEntry>> ListDirectory(Database& db, InodeId directory,
                                                  std::string_view after, std::size_t limit);

}  // namespace meta
