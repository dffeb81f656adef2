#include "meta/sqlite/rows.h"

#include <cerrno>

#include "meta/sqlite/intents.h"

namespace meta {
namespace {

constexpr std::size_t kNameMax = 255;  // bytes

std::string Describe(InodeId inode) { return "inode " + std::to_string(Raw(inode)); }

}  // namespace

base::Status CheckName(std::string_view name) {
  if (name.size() > kNameMax) return base::Error::FromErrno(ENAMETOOLONG, "name of an entry");
  if (name.empty()) return base::Error::FromErrno(ENOENT, "empty name");
  const bool has_separator =
      name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos;
  if (has_separator || name == "." || name == "..")
    return base::Error::FromErrno(EINVAL, "name of an entry");
  return base::Ok();
}

Inode ReadInode(const Statement& row, int first) {
  Inode inode;
  inode.id = row.As<InodeId>(first);
  inode.mode = static_cast<std::uint32_t>(row.Int(first + 1));
  inode.uid = static_cast<std::uint32_t>(row.Int(first + 2));
  inode.gid = static_cast<std::uint32_t>(row.Int(first + 3));
  inode.nlink = static_cast<std::uint32_t>(row.Int(first + 4));
  inode.size = static_cast<std::uint64_t>(row.Int(first + 5));
  inode.atime_ns = row.Int(first + 6);
  inode.mtime_ns = row.Int(first + 7);
  inode.ctime_ns = row.Int(first + 8);
  inode.rdev = static_cast<std::uint64_t>(row.Int(first + 9));
  inode.generation = static_cast<std::uint64_t>(row.Int(first + 10));
  inode.symlink_target = row.Bytes(first + 11);
  return inode;
}

base::Result<Inode> LoadInode(Database& db, InodeId inode) {
  Statement row = db.Query("SELECT * FROM inode WHERE ino = ?", inode);
  TRY_ASSIGN(const bool found, row.Step());
  if (!found) return base::Error::FromErrno(ENOENT, Describe(inode));
  return ReadInode(row, 0);
}

base::Result<Inode> LoadDirectory(Database& db, InodeId inode) {
  TRY_ASSIGN(Inode directory, LoadInode(db, inode));
  if (!directory.is_dir()) return base::Error::FromErrno(ENOTDIR, Describe(inode));
  if (directory.nlink == 0) return base::Error::FromErrno(ENOENT, Describe(inode) + " was removed");
  return directory;
}

base::Result<InodeId> InsertInode(Database& db, const Inode& inode) {
  std::optional<std::string_view> target;
  if (S_ISLNK(inode.mode)) target = inode.symlink_target;
  TRY(
      db.Run("INSERT INTO inode(mode, uid, gid, nlink, size, atime_ns, mtime_ns, ctime_ns, rdev,"
             " generation, symlink_target) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             inode.mode, inode.uid, inode.gid, inode.nlink, inode.size, inode.atime_ns,
             inode.mtime_ns, inode.ctime_ns, inode.rdev, inode.generation, target));
  return static_cast<InodeId>(db.last_insert_id());
}

base::Result<std::optional<InodeId>> FindEntry(Database& db, InodeId parent,
                                               std::string_view name) {
  Statement row = db.Query("SELECT ino FROM dirent WHERE parent = ? AND name = ?", parent, name);
  TRY_ASSIGN(const bool found, row.Step());
  if (!found) return std::optional<InodeId>{};
  return std::optional(row.As<InodeId>(0));
}

base::Result<Inode> LoadEntry(Database& db, InodeId parent, std::string_view name) {
  TRY(CheckName(name));
  Statement row = db.Query(
      "SELECT i.* FROM dirent d JOIN inode i ON i.ino = d.ino WHERE d.parent = ? AND d.name = ?",
      parent, name);
  TRY_ASSIGN(const bool found, row.Step());
  if (found) return ReadInode(row, 0);
  TRY_ASSIGN(const Inode directory, LoadDirectory(db, parent));
  return base::Error::FromErrno(
      ENOENT, "'" + std::string(name) + "' in directory " + std::to_string(Raw(directory.id)));
}

base::Status InsertEntry(Database& db, InodeId parent, std::string_view name, const Inode& inode,
                         const std::optional<std::string>& key_name) {
  return db.Run("INSERT INTO dirent(parent, name, ino, kind, key_name) VALUES(?, ?, ?, ?, ?)",
                parent, name, inode.id, inode.mode & S_IFMT, key_name);
}

base::Status TouchParent(Database& db, InodeId parent, std::int64_t now_ns, int subdirectories) {
  return db.Run("UPDATE inode SET mtime_ns = ?1, ctime_ns = ?1, nlink = nlink + ?2 WHERE ino = ?3",
                now_ns, subdirectories, parent);
}

base::Status TouchParentAfterRemoval(Database& db, InodeId parent, std::int64_t now_ns,
                                     int subdirectories) {
  return db.Run(
      "UPDATE inode SET mtime_ns = ?1, ctime_ns = ?1, nlink = nlink + ?2, listed = 0"
      " WHERE ino = ?3",
      now_ns, subdirectories, parent);
}

base::Result<Removed> LoseName(Database& db, const Inode& inode, std::int64_t now_ns) {
  const std::uint32_t nlink = inode.is_dir() ? 0 : inode.nlink - 1;
  TRY(db.Run("UPDATE inode SET nlink = ?, ctime_ns = ? WHERE ino = ?", nlink, now_ns, inode.id));
  if (nlink == 0) {
    TRY(db.Run("INSERT INTO orphan(ino) VALUES(?)", inode.id));
    TRY(CountInode(db, inode, -1));
    if (inode.is_dir()) TRY(db.Run("DELETE FROM listing WHERE ino = ?", inode.id));
  } else {
    // The name that left may be the one that the object's key stands for.
    TRY(AddSettle(db, inode));
  }
  return Removed{inode.id, nlink, inode.is_dir()};
}

base::Status AddTotals(Database& db, std::int64_t files, std::int64_t directories,
                       std::int64_t bytes) {
  return db.Run(
      "UPDATE totals SET files = files + ?, directories = directories + ?, bytes = bytes + ?",
      files, directories, bytes);
}

base::Status CountInode(Database& db, const Inode& inode, int sign) {
  if (inode.is_dir()) return AddTotals(db, 0, sign, 0);
  const std::int64_t bytes = inode.is_file() ? static_cast<std::int64_t>(inode.size) : 0;
  return AddTotals(db, sign, 0, sign * bytes);
}

}  // namespace meta
