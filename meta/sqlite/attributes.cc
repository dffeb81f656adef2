#include "meta/sqlite/attributes.h"

#include <cerrno>

#include "meta/sqlite/rows.h"

namespace meta {
namespace {

constexpr std::uint32_t kPermissionBits = 07777;

base::Error NoAttribute(std::string_view name) {
  return {base::ErrorClass::kNotFound, "no extended attribute '" + std::string(name) + "'",
          ENODATA};
}

base::Status TouchChange(Database& db, InodeId inode, std::int64_t now_ns) {
  return db.Run("UPDATE inode SET ctime_ns = ? WHERE ino = ?", now_ns, inode);
}

}  // namespace

base::Result<Inode> ChangeAttributes(Database& db, InodeId inode, const AttrChange& change,
                                     std::int64_t now_ns) {
  TRY_ASSIGN(Inode changed, LoadInode(db, inode));
  if (change.mode)
    changed.mode = (changed.mode & ~kPermissionBits) | (*change.mode & kPermissionBits);
  changed.uid = change.uid.value_or(changed.uid);
  changed.gid = change.gid.value_or(changed.gid);
  changed.atime_ns = change.atime_ns.value_or(changed.atime_ns);
  changed.mtime_ns = change.mtime_ns.value_or(changed.mtime_ns);
  changed.ctime_ns = now_ns;
  TRY(
      db.Run("UPDATE inode SET mode = ?, uid = ?, gid = ?, atime_ns = ?, mtime_ns = ?, ctime_ns = ?"
             " WHERE ino = ?",
             changed.mode, changed.uid, changed.gid, changed.atime_ns, changed.mtime_ns,
             changed.ctime_ns, changed.id));
  return changed;
}

base::Result<std::string> LoadXattr(Database& db, InodeId inode, std::string_view name) {
  Statement row = db.Query("SELECT value FROM xattr WHERE ino = ? AND name = ?", inode, name);
  TRY_ASSIGN(const bool found, row.Step());
  if (found) return row.Bytes(0);
  TRY_ASSIGN(const Inode existing, LoadInode(db, inode));
  (void)existing;
  return NoAttribute(name);
}

base::Status StoreXattr(Database& db, InodeId inode, std::string_view name, std::string_view value,
                        Catalog::XattrMode mode, std::int64_t now_ns) {
  TRY_ASSIGN(const Inode existing, LoadInode(db, inode));
  if (mode != Catalog::XattrMode::kAny) {
    Statement row = db.Query("SELECT 1 FROM xattr WHERE ino = ? AND name = ?", inode, name);
    TRY_ASSIGN(const bool found, row.Step());
    if (found && mode == Catalog::XattrMode::kCreate)
      return base::Error::FromErrno(EEXIST, "extended attribute '" + std::string(name) + "'");
    if (!found && mode == Catalog::XattrMode::kReplace) return NoAttribute(name);
  }
  TRY(
      db.Run("INSERT INTO xattr(ino, name, value) VALUES(?, ?, ?)"
             " ON CONFLICT(ino, name) DO UPDATE SET value = excluded.value",
             existing.id, name, value));
  return TouchChange(db, existing.id, now_ns);
}

base::Result<std::vector<std::string>> LoadXattrNames(Database& db, InodeId inode) {
  TRY_ASSIGN(const Inode existing, LoadInode(db, inode));
  Statement row = db.Query("SELECT name FROM xattr WHERE ino = ? ORDER BY name", existing.id);
  std::vector<std::string> names;
  for (;;) {
    TRY_ASSIGN(const bool found, row.Step());
    if (!found) return names;
    names.push_back(row.Bytes(0));
  }
}

base::Status DeleteXattr(Database& db, InodeId inode, std::string_view name, std::int64_t now_ns) {
  TRY_ASSIGN(const Inode existing, LoadInode(db, inode));
  TRY(db.Run("DELETE FROM xattr WHERE ino = ? AND name = ?", existing.id, name));
  if (db.changed_rows() == 0) return NoAttribute(name);
  return TouchChange(db, existing.id, now_ns);
}

}  // namespace meta
