#include <cerrno>
#include <string>

#include "meta/sqlite/intents.h"
#include "meta/sqlite/names.h"
#include "meta/sqlite/paths.h"
#include "meta/sqlite/rows.h"

namespace meta {
namespace {

struct Place {
  InodeId parent;
  std::string_view name;
};

base::Error RenameError(int errno_value, const Place& from, const Place& to) {
  return base::Error::FromErrno(
      errno_value, "rename '" + std::string(from.name) + "' to '" + std::string(to.name) + "'");
}

base::Result<std::optional<Inode>> FindTarget(Database& db, const Place& to) {
  TRY(CheckName(to.name));
  TRY_ASSIGN(const Inode directory, LoadDirectory(db, to.parent));
  TRY_ASSIGN(const auto existing, FindEntry(db, directory.id, to.name));
  if (!existing) return std::optional<Inode>{};
  TRY_ASSIGN(Inode inode, LoadInode(db, *existing));
  return std::optional(std::move(inode));
}

base::Status CheckNoLoop(Database& db, const Inode& moved, const Place& from, const Place& to) {
  if (!moved.is_dir() || from.parent == to.parent) return base::Ok();
  TRY_ASSIGN(const bool loop, IsWithin(db, to.parent, moved.id));
  if (loop) return RenameError(EINVAL, from, to);
  return base::Ok();
}

base::Status CheckReplace(Database& db, const Inode& moved, const Inode& target, const Place& from,
                          const Place& to) {
  if (moved.is_dir() && !target.is_dir()) return RenameError(ENOTDIR, from, to);
  if (!moved.is_dir() && target.is_dir()) return RenameError(EISDIR, from, to);
  if (!target.is_dir()) return base::Ok();
  TRY_ASSIGN(const bool empty, IsEmptyDirectory(db, target.id));
  if (!empty) return RenameError(ENOTEMPTY, from, to);
  return base::Ok();
}

// The key_name stays with the place: who takes over a name takes over its key.
base::Status PointEntry(Database& db, const Place& place, const Inode& inode) {
  return db.Run("UPDATE dirent SET ino = ?, kind = ? WHERE parent = ? AND name = ?", inode.id,
                inode.mode & S_IFMT, place.parent, place.name);
}

base::Status MarkMoved(Database& db, const Inode& inode, std::int64_t now_ns) {
  TRY(db.Run("UPDATE inode SET ctime_ns = ?, listed = 0 WHERE ino = ?", now_ns, inode.id));
  return AddSettle(db, inode);
}

base::Status Exchange(Database& db, const Place& from, const Inode& moved, const Place& to,
                      const Inode& target, std::int64_t now_ns) {
  TRY(PointEntry(db, from, target));
  TRY(PointEntry(db, to, moved));
  const int across =
      from.parent == to.parent ? 0 : (moved.is_dir() ? 1 : 0) - (target.is_dir() ? 1 : 0);
  TRY(TouchParentAfterRemoval(db, from.parent, now_ns, -across));
  TRY(TouchParentAfterRemoval(db, to.parent, now_ns, across));
  TRY(MarkMoved(db, moved, now_ns));
  return MarkMoved(db, target, now_ns);
}

base::Result<std::optional<Removed>> Move(Database& db, const Place& from, const Inode& moved,
                                          const Place& to, const std::optional<Inode>& target,
                                          std::int64_t now_ns) {
  std::optional<Removed> replaced;
  if (target) {
    TRY(PointEntry(db, to, moved));
    TRY_ASSIGN(replaced, LoseName(db, *target, now_ns));
  } else {
    TRY(InsertEntry(db, to.parent, to.name, moved, std::nullopt));
  }
  TRY(db.Run("DELETE FROM dirent WHERE parent = ? AND name = ?", from.parent, from.name));
  const int directory = moved.is_dir() ? 1 : 0;
  TRY(TouchParentAfterRemoval(db, from.parent, now_ns, -directory));
  // A directory is only ever replaced by a directory, so the new parent keeps its count then.
  TRY(TouchParent(db, to.parent, now_ns, target ? 0 : directory));
  TRY(MarkMoved(db, moved, now_ns));
  return replaced;
}

}  // namespace

base::Result<Catalog::Renamed> RenameEntry(Database& db, InodeId parent, std::string_view name,
                                           InodeId new_parent, std::string_view new_name,
                                           Catalog::RenameFlags flags, std::int64_t now_ns) {
  const Place from{parent, name};
  const Place to{new_parent, new_name};
  if (flags.no_replace && flags.exchange) return RenameError(EINVAL, from, to);
  TRY_ASSIGN(const Inode moved, LoadEntry(db, from.parent, from.name));
  TRY_ASSIGN(const std::optional<Inode> target, FindTarget(db, to));
  if (flags.no_replace && target) return RenameError(EEXIST, from, to);
  if (flags.exchange && !target) return RenameError(ENOENT, from, to);
  Catalog::Renamed renamed{moved.id, std::nullopt};
  if (target && target->id == moved.id) return renamed;

  TRY(CheckNoLoop(db, moved, from, to));
  if (flags.exchange) {
    TRY(CheckNoLoop(db, *target, to, from));
    TRY(Exchange(db, from, moved, to, *target, now_ns));
    return renamed;
  }
  if (target) TRY(CheckReplace(db, moved, *target, from, to));
  TRY_ASSIGN(renamed.replaced, Move(db, from, moved, to, target, now_ns));
  return renamed;
}

}  // namespace meta
