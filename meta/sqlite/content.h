// Content: which objects hold a file's bytes, and what becomes of objects that nothing refers to.
// Inside the caller's transaction, on its connection and thread.
//
// An object row lives in one of three states: used (refs > 0), garbage (refs 0, its kDelete intent
// is still to be done; the key is taken until then) and gone (a file still refers to it, but the
// bucket has it no more; the key is free). A row that is none of these is dropped at once.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "meta/catalog.h"
#include "meta/sqlite/database.h"

namespace meta {

base::Result<std::vector<Extent>> LoadExtents(Database& db, InodeId inode);
base::Result<ObjectId> CommitFile(Database& db, const Catalog::Commit& commit);
base::Result<Object> MoveFileObject(Database& db, InodeId inode, ObjectId id,
                                    const objclient::ObjectKey& key, const std::string& etag);
base::Status LoseFileObject(Database& db, InodeId inode, ObjectId id);
base::Result<std::optional<Catalog::KeyHolder>> FindKeyHolder(Database& db,
                                                              const objclient::ObjectKey& key);
// An object in the bucket has a key below `directory_key` + "/".
base::Result<bool> IsPrefixUsed(Database& db, const objclient::ObjectKey& directory_key);
base::Status ReleaseOrphanInode(Database& db, InodeId inode);
base::Result<std::vector<InodeId>> LoadOrphans(Database& db);

// The new row's id, or nothing when another object (used or garbage) has the key. The row counts
// the one extent that the caller gives it (BindObject).
base::Result<std::optional<ObjectId>> InsertObject(Database& db, const Object& object);
// Makes [0, size) of the newly inserted `object` the file's only extent; it has none before.
base::Status BindObject(Database& db, InodeId inode, const Object& object);
// The bucket lost what this file's objects held: they are marked gone, the file keeps its extents.
base::Status MarkObjectsGone(Database& db, InodeId inode);
// The bucket holds `object` under the key of the file's present one: swaps them, returns the new
// id.
base::Result<ObjectId> ReplaceObject(Database& db, InodeId inode, const Object& object);

}  // namespace meta
