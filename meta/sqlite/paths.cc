#include "meta/sqlite/paths.h"

#include <cerrno>

#include "meta/sqlite/rows.h"

namespace meta {
namespace {

// The one entry of a directory, or one of the entries of a file.
struct Step {
  InodeId parent;
  std::string name;
  std::string component;  // of the key
};

Step ReadStep(const Statement& row) {
  Step step{row.As<InodeId>(0), row.Bytes(1), {}};
  step.component = row.IsNull(2) ? step.name : row.Bytes(2);
  return step;
}

base::Result<std::vector<Step>> StepsUp(Database& db, InodeId inode) {
  Statement row = db.Query(
      "SELECT parent, name, key_name FROM dirent WHERE ino = ? ORDER BY parent, name", inode);
  std::vector<Step> steps;
  for (;;) {
    TRY_ASSIGN(const bool found, row.Step());
    if (!found) return steps;
    steps.push_back(ReadStep(row));
  }
}

base::Result<Step> StepUp(Database& db, InodeId directory) {
  Statement row =
      db.Query("SELECT parent, name, key_name FROM dirent WHERE ino = ? LIMIT 1", directory);
  TRY_ASSIGN(const bool found, row.Step());
  if (found) return ReadStep(row);
  return base::Error::FromErrno(ENOENT,
                                "directory " + std::to_string(Raw(directory)) + " has no name");
}

base::Result<NamedKey> NameOf(Database& db, Step step) {
  NamedKey name{std::move(step.name), std::move(step.component)};
  while (step.parent != kRootInode) {
    TRY_ASSIGN(step, StepUp(db, step.parent));
    name.path = step.name + "/" + name.path;
    name.key = JoinKey(step.component, name.key);
  }
  return name;
}

// Calls `visit(directory)` upwards, ending with the root, until it answers true.
template <typename Visit>
base::Result<bool> AnyUpwards(Database& db, InodeId directory, Visit visit) {
  for (;;) {
    TRY_ASSIGN(const bool found, visit(directory));
    if (found) return true;
    if (directory == kRootInode) return false;
    TRY_ASSIGN(const Step step, StepUp(db, directory));
    directory = step.parent;
  }
}

}  // namespace

objclient::ObjectKey JoinKey(const objclient::ObjectKey& directory, std::string_view component) {
  if (directory.empty()) return std::string(component);
  objclient::ObjectKey key = directory;
  key += '/';
  key += component;
  return key;
}

base::Result<InodeId> ParentOf(Database& db, InodeId directory) {
  TRY_ASSIGN(const Inode inode, LoadInode(db, directory));
  if (!inode.is_dir()) return base::Error::FromErrno(ENOTDIR, "parent of a file");
  if (directory == kRootInode) return kRootInode;
  TRY_ASSIGN(const Step step, StepUp(db, directory));
  return step.parent;
}

base::Result<std::vector<NamedKey>> PathsOf(Database& db, InodeId inode) {
  if (inode == kRootInode) return std::vector<NamedKey>{{}};
  TRY_ASSIGN(const Inode existing, LoadInode(db, inode));
  TRY_ASSIGN(std::vector<Step> steps, StepsUp(db, existing.id));
  std::vector<NamedKey> names;
  for (Step& step : steps) {
    TRY_ASSIGN(NamedKey name, NameOf(db, std::move(step)));
    names.push_back(std::move(name));
  }
  return names;
}

base::Result<objclient::ObjectKey> DirectoryKey(Database& db, InodeId directory) {
  if (directory == kRootInode) return objclient::ObjectKey{};
  TRY_ASSIGN(Step step, StepUp(db, directory));
  TRY_ASSIGN(NamedKey name, NameOf(db, std::move(step)));
  return std::move(name.key);
}

base::Result<bool> IsWithin(Database& db, InodeId directory, InodeId ancestor) {
  return AnyUpwards(db, directory,
                    [&](InodeId each) -> base::Result<bool> { return each == ancestor; });
}

base::Result<bool> SettlesAbove(Database& db, InodeId directory) {
  return AnyUpwards(db, directory, [&](InodeId each) -> base::Result<bool> {
    Statement row = db.Query("SELECT 1 FROM intent WHERE ino = ? AND kind = ? LIMIT 1", each,
                             IntentKind::kSettle);
    return row.Step();
  });
}

}  // namespace meta
