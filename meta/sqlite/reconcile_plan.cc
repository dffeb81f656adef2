#include <algorithm>
#include <string_view>

#include "meta/sqlite/intents.h"
#include "meta/sqlite/paths.h"
#include "meta/sqlite/reconcile.h"
#include "meta/sqlite/rows.h"

namespace meta {
namespace {

// An entry of the database with what the bucket would show of it.
struct Known {
  std::string name;
  InodeId inode{};
  std::uint32_t kind = 0;
  bool listed = false;  // directories
  bool has_object = false;
  ObjectId object{};
  std::string component;  // of the key
  std::string key;        // of the object
  std::string etag;
  std::uint64_t size = 0;

  bool IsNativeFile(const objclient::ObjectKey& directory_key) const {
    return S_ISREG(kind) && has_object && key == JoinKey(directory_key, component);
  }
};

Known ReadKnown(const Statement& row) {
  Known known;
  known.name = row.Bytes(0);
  known.inode = row.As<InodeId>(1);
  known.kind = static_cast<std::uint32_t>(row.Int(2));
  known.component = row.IsNull(3) ? known.name : row.Bytes(3);
  known.listed = row.Int(4) != 0;
  known.has_object = !row.IsNull(5);
  known.object = row.As<ObjectId>(5);
  known.key = row.Bytes(6);
  known.etag = row.Bytes(7);
  known.size = static_cast<std::uint64_t>(row.Int(8));
  return known;
}

Statement QueryKnown(Database& db, InodeId directory) {
  return db.Query(
      "SELECT d.name, d.ino, d.kind, d.key_name, i.listed, o.id, o.key, o.etag, o.size"
      " FROM dirent d JOIN inode i ON i.ino = d.ino"
      " LEFT JOIN extent e ON e.ino = d.ino AND e.offset = 0"
      " LEFT JOIN object o ON o.id = e.object WHERE d.parent = ? ORDER BY d.name",
      directory);
}

// One line of the listing, file or directory.
struct Line {
  std::string_view name;
  const ListedObject* file = nullptr;
  const ListedPrefix* directory = nullptr;
};

std::vector<Line> SortedLines(const ListedDirectory& listing) {
  std::vector<Line> lines;
  lines.reserve(listing.files.size() + listing.directories.size());
  for (const ListedObject& file : listing.files) lines.push_back({file.name, &file, nullptr});
  for (const ListedPrefix& each : listing.directories) lines.push_back({each.name, nullptr, &each});
  std::sort(lines.begin(), lines.end(),
            [](const Line& a, const Line& b) { return a.name < b.name; });
  // One name stands for one thing; a caller that gives two gets the first.
  lines.erase(std::unique(lines.begin(), lines.end(),
                          [](const Line& a, const Line& b) { return a.name == b.name; }),
              lines.end());
  return lines;
}

class Planner {
 public:
  Planner(const objclient::ObjectKey& directory_key, const IsBusy& busy)
      : directory_key_(directory_key), busy_(busy) {}

  void Add(const Line& line) {
    if (line.directory != nullptr)
      plan_.new_directories.push_back(line.directory);
    else if (!busy_(line.file->key))
      plan_.new_files.push_back(line.file);
  }

  void Vanish(const Known& known) {
    const bool is_dir = S_ISDIR(known.kind);
    if (is_dir ? !known.listed : !known.IsNativeFile(directory_key_) || busy_(known.key)) return;
    plan_.vanished.push_back({known.name, known.inode, known.object, is_dir});
  }

  void Compare(const Known& known, const Line& line) {
    const bool same_type = line.directory != nullptr ? S_ISDIR(known.kind) : S_ISREG(known.kind);
    if (!same_type) {
      // Added only if what has the name now does vanish.
      Vanish(known);
      Add(line);
    } else if (line.directory != nullptr) {
      if (!known.listed) plan_.seen.push_back({line.directory, known.inode});
    } else if (known.IsNativeFile(directory_key_) && known.key == line.file->key) {
      const bool same = known.etag == line.file->etag && known.size == line.file->size;
      if (!same && !busy_(known.key))
        plan_.changed.push_back({line.file, known.inode, known.object});
    }
  }

  ReconcilePlan& plan() { return plan_; }

 private:
  const objclient::ObjectKey& directory_key_;
  const IsBusy& busy_;
  ReconcilePlan plan_;
};

base::Result<std::vector<Known>> LoadKnown(Database& db, InodeId directory) {
  Statement row = QueryKnown(db, directory);
  std::vector<Known> entries;
  for (;;) {
    TRY_ASSIGN(const bool found, row.Step());
    if (!found) return entries;
    entries.push_back(ReadKnown(row));
  }
}

}  // namespace

base::Result<ReconcilePlan> PlanReconcile(Database& db, InodeId directory,
                                          const ListedDirectory& listing, const IsBusy& busy) {
  TRY_ASSIGN(const Inode inode, LoadDirectory(db, directory));
  TRY_ASSIGN(const objclient::ObjectKey key, DirectoryKey(db, inode.id));
  const std::vector<Line> lines = SortedLines(listing);
  Planner planner(key, busy);
  auto line = lines.begin();
  Statement row = QueryKnown(db, directory);
  for (;;) {
    TRY_ASSIGN(const bool found, row.Step());
    if (!found) break;
    const Known known = ReadKnown(row);
    for (; line != lines.end() && line->name < known.name; ++line) planner.Add(*line);
    if (line != lines.end() && line->name == known.name)
      planner.Compare(known, *line++);
    else
      planner.Vanish(known);
  }
  for (; line != lines.end(); ++line) planner.Add(*line);

  ReconcilePlan plan = std::move(planner.plan());
  std::vector<ReconcilePlan::Vanished> vanished;
  for (ReconcilePlan::Vanished& each : plan.vanished) {
    bool vanishes = true;
    if (each.is_dir) {
      TRY_ASSIGN(const objclient::ObjectKey below, DirectoryKey(db, each.inode));
      TRY_ASSIGN(vanishes, IsBucketOnly(db, each.inode, below, busy));
    }
    if (vanishes) vanished.push_back(std::move(each));
  }
  plan.vanished = std::move(vanished);
  return plan;
}

base::Result<bool> IsBucketOnly(Database& db, InodeId directory,
                                const objclient::ObjectKey& directory_key, const IsBusy& busy) {
  struct Level {
    InodeId inode;
    objclient::ObjectKey key;
  };
  std::vector<Level> rest{{directory, directory_key}};
  while (!rest.empty()) {
    const Level level = std::move(rest.back());
    rest.pop_back();
    TRY_ASSIGN(const bool directory_pending, HasPendingWork(db, level.inode));
    if (directory_pending) return false;
    TRY_ASSIGN(const std::vector<Known> entries, LoadKnown(db, level.inode));
    for (const Known& known : entries) {
      if (S_ISDIR(known.kind)) {
        if (!known.listed) return false;
        rest.push_back({known.inode, JoinKey(level.key, known.component)});
        continue;
      }
      if (!known.IsNativeFile(level.key) || busy(known.key)) return false;
      TRY_ASSIGN(const bool pending, HasPendingWork(db, known.inode));
      TRY_ASSIGN(const bool key_pending, IsKeyPending(db, known.key));
      if (pending || key_pending) return false;
    }
  }
  return true;
}

base::Result<std::optional<std::int64_t>> LoadListedAt(Database& db, InodeId directory) {
  Statement row = db.Query("SELECT listed_ns FROM listing WHERE ino = ?", directory);
  TRY_ASSIGN(const bool found, row.Step());
  if (found) return std::optional(row.Int(0));
  TRY_ASSIGN(const Inode inode, LoadInode(db, directory));
  if (!inode.is_dir()) return base::Error::FromErrno(ENOTDIR, "listing of a file");
  return std::optional<std::int64_t>{};
}

}  // namespace meta
