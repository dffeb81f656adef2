// Attributes: SetAttr and extended attributes (catalog.h). Inside the caller's transaction, on its
// connection and thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "meta/catalog.h"
#include "meta/sqlite/database.h"

namespace meta {

base::Result<Inode> ChangeAttributes(Database& db, InodeId inode, const AttrChange& change,
                                     std::int64_t now_ns);
base::Result<std::string> LoadXattr(Database& db, InodeId inode, std::string_view name);
base::Status StoreXattr(Database& db, InodeId inode, std::string_view name, std::string_view value,
                        Catalog::XattrMode mode, std::int64_t now_ns);
base::Result<std::vector<std::string>> LoadXattrNames(Database& db, InodeId inode);
base::Status DeleteXattr(Database& db, InodeId inode, std::string_view name, std::int64_t now_ns);

}  // namespace meta
