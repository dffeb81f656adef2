#include "meta/sqlite/content.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include "meta/sqlite/intents.h"
#include "meta/sqlite/paths.h"
#include "meta/sqlite/rows.h"

namespace meta {
namespace {

struct ObjectRow {
  Object object;
  std::int64_t refs = 0;
  bool gone = false;
};

Object ReadObject(const Statement& row, int first) {
  Object object;
  object.id = row.As<ObjectId>(first);
  object.key = row.Bytes(first + 1);
  object.etag = row.Bytes(first + 2);
  object.size = static_cast<std::uint64_t>(row.Int(first + 3));
  return object;
}

base::Result<std::optional<ObjectRow>> ReadObjectRow(Statement row) {
  TRY_ASSIGN(const bool found, row.Step());
  if (!found) return std::optional<ObjectRow>{};
  return std::optional(ObjectRow{ReadObject(row, 0), row.Int(4), row.Int(5) != 0});
}

base::SharedPieceSums ReadSums(const Statement& row, int column, const Object& object) {
  return base::DecodePieceSums(row.View(column), object.size);
}

base::Result<std::optional<ObjectRow>> FindObject(Database& db, ObjectId id) {
  return ReadObjectRow(
      db.Query("SELECT id, key, etag, size, refs, gone FROM object WHERE id = ?", id));
}

base::Result<std::optional<ObjectRow>> FindObjectByKey(Database& db, std::string_view key) {
  return ReadObjectRow(db.Query(
      "SELECT id, key, etag, size, refs, gone FROM object WHERE key = ? AND gone = 0", key));
}

base::Result<base::SharedPieceSums> LoadSums(Database& db, const Object& object) {
  Statement row = db.Query("SELECT sums FROM object WHERE id = ?", object.id);
  TRY_ASSIGN(const bool found, row.Step());
  return found ? ReadSums(row, 0, object) : nullptr;
}

// The first file whose extents use the object.
base::Result<std::optional<InodeId>> FindUser(Database& db, ObjectId id) {
  Statement row = db.Query("SELECT ino FROM extent WHERE object = ? LIMIT 1", id);
  TRY_ASSIGN(const bool found, row.Step());
  if (!found) return std::optional<InodeId>{};
  return std::optional(row.As<InodeId>(0));
}

base::Status DropObject(Database& db, ObjectId id) {
  return db.Run("DELETE FROM object WHERE id = ?", id);
}

// A row without users: garbage to be deleted from the bucket, or nothing at all when the bucket has
// it no more.
base::Status Discard(Database& db, const ObjectRow& row) {
  return row.gone ? DropObject(db, row.object.id) : AddDelete(db, row.object);
}

// Takes the extents of the file away; returns the objects that nobody uses any more.
base::Result<std::vector<ObjectRow>> Unbind(Database& db, InodeId inode) {
  std::vector<std::pair<ObjectId, std::int64_t>> used;
  {
    Statement row =
        db.Query("SELECT object, count(*) FROM extent WHERE ino = ? GROUP BY object", inode);
    for (;;) {
      TRY_ASSIGN(const bool found, row.Step());
      if (!found) break;
      used.emplace_back(row.As<ObjectId>(0), row.Int(1));
    }
  }
  TRY(db.Run("DELETE FROM extent WHERE ino = ?", inode));
  std::vector<ObjectRow> unused;
  for (const auto& [id, extents] : used) {
    TRY(db.Run("UPDATE object SET refs = refs - ? WHERE id = ?", extents, id));
    TRY_ASSIGN(auto row, FindObject(db, id));
    if (row && row->refs == 0) unused.push_back(std::move(*row));
  }
  return unused;
}

// The key was overwritten: whatever row had it goes, with the deletes that would hit the new
// object. kConflict when a file still uses that row.
base::Status TakeOverKey(Database& db, const objclient::ObjectKey& key) {
  TRY(db.Run("DELETE FROM intent WHERE key = ? AND kind = ?", key, IntentKind::kDelete));
  TRY_ASSIGN(const auto row, FindObjectByKey(db, key));
  if (!row) return base::Ok();
  if (row->refs > 0) {
    TRY_ASSIGN(const auto user, FindUser(db, row->object.id));
    return base::Error(base::ErrorClass::kConflict, "key '" + key + "' holds the bytes of inode " +
                                                        std::to_string(user ? Raw(*user) : 0));
  }
  return DropObject(db, row->object.id);
}

// Extents of the file, 0 unless all of them are of the object.
base::Result<std::int64_t> CountExtentsOf(Database& db, InodeId inode, ObjectId id) {
  Statement row =
      db.Query("SELECT count(*), min(object), max(object) FROM extent WHERE ino = ?", inode);
  TRY_ASSIGN(const bool found, row.Step());
  const bool all = found && row.As<ObjectId>(1) == id && row.As<ObjectId>(2) == id;
  return all ? row.Int(0) : 0;
}

base::Error OtherContent(const std::string& what, InodeId inode) {
  return base::Error(base::ErrorClass::kConflict,
                     what + ": inode " + std::to_string(Raw(inode)) + " has other content now");
}

base::Result<ObjectId> InsertOwnObject(Database& db, const Object& object) {
  TRY_ASSIGN(const auto id, InsertObject(db, object));
  if (id) return *id;
  return base::Error(base::ErrorClass::kBug, "key '" + object.key + "' is taken");
}

base::Status SettleIfElsewhere(Database& db, const Inode& inode, const objclient::ObjectKey& key) {
  TRY_ASSIGN(const std::vector<NamedKey> names, PathsOf(db, inode.id));
  const bool native =
      names.empty() || std::any_of(names.begin(), names.end(),
                                   [&](const NamedKey& name) { return name.key == key; });
  return native ? base::Ok() : AddSettle(db, inode);
}

}  // namespace

base::Result<std::vector<Extent>> LoadExtents(Database& db, InodeId inode) {
  Statement row = db.Query(
      "SELECT e.offset, e.length, e.object_offset, o.id, o.key, o.etag, o.size, o.sums"
      " FROM extent e JOIN object o ON o.id = e.object"
      " WHERE e.ino = ? AND e.length > 0 ORDER BY e.offset",
      inode);
  std::vector<Extent> extents;
  for (;;) {
    TRY_ASSIGN(const bool found, row.Step());
    if (!found) break;
    extents.push_back({static_cast<std::uint64_t>(row.Int(0)),
                       static_cast<std::uint64_t>(row.Int(1)),
                       static_cast<std::uint64_t>(row.Int(2)), ReadObject(row, 3)});
    extents.back().object.sums = ReadSums(row, 7, extents.back().object);
  }
  if (extents.empty()) {
    TRY_ASSIGN(const Inode existing, LoadInode(db, inode));
    (void)existing;
  }
  return extents;
}

base::Result<ObjectId> CommitFile(Database& db, const Catalog::Commit& commit) {
  TRY_ASSIGN(const Inode inode, LoadInode(db, commit.inode));
  if (!inode.is_file()) return base::Error::FromErrno(EINVAL, "commit content");
  TRY_ASSIGN(const std::vector<ObjectRow> unused, Unbind(db, inode.id));
  ObjectId id{};
  if (commit.object) {
    for (const ObjectRow& old : unused) {
      if (old.object.key == commit.object->key || old.gone)
        TRY(DropObject(db, old.object.id));
      else
        TRY(AddDelete(db, old.object));
    }
    TRY(TakeOverKey(db, commit.object->key));
    Object object = *commit.object;
    object.size = commit.size;
    TRY_ASSIGN(id, InsertOwnObject(db, object));
    object.id = id;
    TRY(BindObject(db, inode.id, object));
    TRY(SettleIfElsewhere(db, inode, object.key));
  } else {
    for (const ObjectRow& old : unused) TRY(Discard(db, old));
  }
  const std::int64_t written_ns = commit.ctime_ns != 0 ? commit.ctime_ns : commit.mtime_ns;
  TRY(db.Run("UPDATE inode SET size = ?, mtime_ns = ?, ctime_ns = max(ctime_ns, ?) WHERE ino = ?",
             commit.size, commit.mtime_ns, written_ns, inode.id));
  if (inode.nlink > 0)
    TRY(AddTotals(db, 0, 0, static_cast<std::int64_t>(commit.size - inode.size)));
  if (commit.finished) TRY(DropIntent(db, *commit.finished));
  // Older uploads of the file that could not be recovered must not come back over this one.
  TRY(db.Run("DELETE FROM intent WHERE ino = ? AND kind = ?", inode.id, IntentKind::kUpload));
  return id;
}

base::Result<Object> MoveFileObject(Database& db, InodeId inode, ObjectId id,
                                    const objclient::ObjectKey& key, const std::string& etag) {
  const std::string what = "move object " + std::to_string(Raw(id)) + " to '" + key + "'";
  TRY_ASSIGN(const std::int64_t extents, CountExtentsOf(db, inode, id));
  if (extents == 0) return OtherContent(what, inode);
  TRY(db.Run("UPDATE object SET refs = refs - ? WHERE id = ?", extents, id));
  TRY_ASSIGN(const auto old, FindObject(db, id));
  if (!old) return base::Error(base::ErrorClass::kBug, what + ": there is no such object");
  Object object{{}, key, etag, old->object.size};
  TRY_ASSIGN(object.sums, LoadSums(db, old->object));
  if (old->refs == 0 && (old->object.key == key || old->gone)) TRY(DropObject(db, id));
  TRY(TakeOverKey(db, key));
  if (old->refs == 0 && old->object.key != key && !old->gone) TRY(AddDelete(db, old->object));

  TRY_ASSIGN(object.id, InsertOwnObject(db, object));
  TRY(db.Run("UPDATE extent SET object = ? WHERE ino = ?", object.id, inode));
  if (extents > 1) TRY(db.Run("UPDATE object SET refs = ? WHERE id = ?", extents, object.id));
  return object;
}

base::Status LoseFileObject(Database& db, InodeId inode, ObjectId id) {
  TRY_ASSIGN(const std::int64_t extents, CountExtentsOf(db, inode, id));
  if (extents == 0) return OtherContent("lose object " + std::to_string(Raw(id)), inode);
  return MarkObjectsGone(db, inode);
}

base::Result<std::optional<Catalog::KeyHolder>> FindKeyHolder(Database& db,
                                                              const objclient::ObjectKey& key) {
  TRY_ASSIGN(const auto row, FindObjectByKey(db, key));
  if (!row) return std::optional<Catalog::KeyHolder>{};
  TRY_ASSIGN(const auto user, FindUser(db, row->object.id));
  return std::optional(Catalog::KeyHolder{row->object, user});
}

base::Result<bool> IsPrefixUsed(Database& db, const objclient::ObjectKey& directory_key) {
  // '0' is the byte after '/'.
  Statement row = db.Query("SELECT 1 FROM object WHERE gone = 0 AND key >= ? AND key < ? LIMIT 1",
                           directory_key + "/", directory_key + "0");
  return row.Step();
}

base::Status ReleaseOrphanInode(Database& db, InodeId inode) {
  TRY(db.Run("DELETE FROM orphan WHERE ino = ?", inode));
  if (db.changed_rows() == 0) return base::Ok();
  TRY_ASSIGN(const std::vector<ObjectRow> unused, Unbind(db, inode));
  for (const ObjectRow& old : unused) TRY(Discard(db, old));
  TRY(db.Run("DELETE FROM intent WHERE ino = ? AND kind = ?", inode, IntentKind::kSettle));
  TRY(db.Run("DELETE FROM xattr WHERE ino = ?", inode));
  return db.Run("DELETE FROM inode WHERE ino = ?", inode);
}

base::Result<std::vector<InodeId>> LoadOrphans(Database& db) {
  Statement row = db.Query("SELECT ino FROM orphan ORDER BY ino");
  std::vector<InodeId> orphans;
  for (;;) {
    TRY_ASSIGN(const bool found, row.Step());
    if (!found) return orphans;
    orphans.push_back(row.As<InodeId>(0));
  }
}

base::Result<std::optional<ObjectId>> InsertObject(Database& db, const Object& object) {
  std::optional<std::string> sums;
  if (object.sums != nullptr) sums = base::EncodePieceSums(*object.sums);
  TRY(
      db.Run("INSERT INTO object(key, etag, size, refs, sums) VALUES(?, ?, ?, 1, ?)"
             " ON CONFLICT(key) WHERE gone = 0 DO NOTHING",
             object.key, object.etag, object.size, sums));
  if (db.changed_rows() == 0) return std::optional<ObjectId>{};
  return std::optional(static_cast<ObjectId>(db.last_insert_id()));
}

base::Status BindObject(Database& db, InodeId inode, const Object& object) {
  return db.Run(
      "INSERT INTO extent(ino, offset, length, object, object_offset) VALUES(?, 0, ?, ?, 0)", inode,
      object.size, object.id);
}

base::Status MarkObjectsGone(Database& db, InodeId inode) {
  return db.Run("UPDATE object SET gone = 1 WHERE id IN (SELECT object FROM extent WHERE ino = ?)",
                inode);
}

base::Result<ObjectId> ReplaceObject(Database& db, InodeId inode, const Object& object) {
  TRY_ASSIGN(const std::vector<ObjectRow> unused, Unbind(db, inode));
  for (const ObjectRow& old : unused) TRY(DropObject(db, old.object.id));
  Object replacement = object;
  TRY_ASSIGN(replacement.id, InsertOwnObject(db, object));
  TRY(BindObject(db, inode, replacement));
  return replacement.id;
}

}  // namespace meta
