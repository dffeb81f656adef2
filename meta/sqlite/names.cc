#include "meta/sqlite/names.h"

#include <cerrno>
#include <string>

#include "meta/sqlite/intents.h"
#include "meta/sqlite/rows.h"

namespace meta {
namespace {

bool IsKnownType(std::uint32_t mode) {
  return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || S_ISCHR(mode) || S_ISBLK(mode) ||
         S_ISFIFO(mode) || S_ISSOCK(mode);
}

base::Error NameError(int errno_value, std::string_view name) {
  return base::Error::FromErrno(errno_value, "'" + std::string(name) + "'");
}

base::Status CheckFree(Database& db, InodeId parent, std::string_view name) {
  TRY(CheckName(name));
  TRY_ASSIGN(const auto existing, FindEntry(db, parent, name));
  if (existing) return NameError(EEXIST, name);
  return base::Ok();
}

Inode MakeInode(const Inode& directory, const NewInode& what) {
  Inode inode;
  inode.mode = what.mode;
  inode.uid = what.uid;
  inode.gid = what.gid;
  if ((directory.mode & S_ISGID) != 0) {
    inode.gid = directory.gid;
    if (S_ISDIR(what.mode)) inode.mode |= S_ISGID;
  }
  inode.nlink = inode.is_dir() ? 2 : 1;
  inode.rdev = S_ISCHR(what.mode) || S_ISBLK(what.mode) ? what.rdev : 0;
  if (S_ISLNK(what.mode)) {
    inode.symlink_target = what.symlink_target;
    inode.size = what.symlink_target.size();
  }
  inode.atime_ns = inode.mtime_ns = inode.ctime_ns = what.now_ns;
  return inode;
}

base::Status DeleteEntry(Database& db, InodeId parent, std::string_view name) {
  return db.Run("DELETE FROM dirent WHERE parent = ? AND name = ?", parent, name);
}

}  // namespace

base::Result<Inode> CreateEntry(Database& db, InodeId parent, std::string_view name,
                                const NewInode& what) {
  if (!IsKnownType(what.mode)) return NameError(EINVAL, name);
  TRY_ASSIGN(const Inode directory, LoadDirectory(db, parent));
  TRY(CheckFree(db, parent, name));
  Inode inode = MakeInode(directory, what);
  TRY_ASSIGN(inode.id, InsertInode(db, inode));
  TRY(InsertEntry(db, parent, name, inode, std::nullopt));
  TRY(TouchParent(db, parent, what.now_ns, inode.is_dir() ? 1 : 0));
  TRY(CountInode(db, inode, 1));
  return inode;
}

base::Result<Inode> LinkEntry(Database& db, InodeId inode, InodeId parent, std::string_view name,
                              std::int64_t now_ns) {
  TRY_ASSIGN(Inode target, LoadInode(db, inode));
  TRY_ASSIGN(const Inode directory, LoadDirectory(db, parent));
  TRY(CheckFree(db, directory.id, name));
  if (target.is_dir()) return NameError(EPERM, name);
  if (target.nlink == 0) return NameError(ENOENT, name);
  if (target.nlink >= kLinkMax) return NameError(EMLINK, name);
  target.nlink += 1;
  target.ctime_ns = now_ns;
  TRY(db.Run("UPDATE inode SET nlink = ?, ctime_ns = ? WHERE ino = ?", target.nlink, now_ns,
             target.id));
  TRY(InsertEntry(db, parent, name, target, std::nullopt));
  TRY(TouchParent(db, parent, now_ns, 0));
  return target;
}

base::Result<Removed> UnlinkEntry(Database& db, InodeId parent, std::string_view name,
                                  std::int64_t now_ns) {
  TRY_ASSIGN(const Inode inode, LoadEntry(db, parent, name));
  if (inode.is_dir()) return NameError(EISDIR, name);
  TRY(DeleteEntry(db, parent, name));
  TRY(TouchParentAfterRemoval(db, parent, now_ns, 0));
  return LoseName(db, inode, now_ns);
}

base::Result<Removed> RemoveDirectory(Database& db, InodeId parent, std::string_view name,
                                      std::int64_t now_ns) {
  TRY_ASSIGN(const Inode inode, LoadEntry(db, parent, name));
  if (!inode.is_dir()) return NameError(ENOTDIR, name);
  TRY_ASSIGN(const bool empty, IsEmptyDirectory(db, inode.id));
  if (!empty) return NameError(ENOTEMPTY, name);
  TRY(DeleteEntry(db, parent, name));
  TRY(TouchParentAfterRemoval(db, parent, now_ns, -1));
  return LoseName(db, inode, now_ns);
}

base::Result<bool> IsEmptyDirectory(Database& db, InodeId directory) {
  Statement row = db.Query("SELECT 1 FROM dirent WHERE parent = ? LIMIT 1", directory);
  TRY_ASSIGN(const bool has_entry, row.Step());
  return !has_entry;
}

base::Result<std::vector<DirEntry>> ListDirectory(Database& db, InodeId directory,
                                                  std::string_view after, std::size_t limit) {
  TRY_ASSIGN(const Inode inode, LoadInode(db, directory));
  if (!inode.is_dir()) return base::Error::FromErrno(ENOTDIR, "list");
  Statement row = db.Query(
      "SELECT d.name, i.* FROM dirent d JOIN inode i ON i.ino = d.ino"
      " WHERE d.parent = ? AND d.name > ? ORDER BY d.name LIMIT ?",
      inode.id, after, limit);
  std::vector<DirEntry> entries;
  for (;;) {
    TRY_ASSIGN(const bool found, row.Step());
    if (!found) return entries;
    entries.push_back({row.Bytes(0), ReadInode(row, 1)});
  }
}

}  // namespace meta
