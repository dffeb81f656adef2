#include "meta/sqlite/reconcile.h"

#include "meta/sqlite/content.h"
#include "meta/sqlite/intents.h"
#include "meta/sqlite/paths.h"
#include "meta/sqlite/rows.h"

namespace meta {
namespace {

constexpr std::uint32_t kDefaultFileMode = 0644;
constexpr std::uint32_t kReadBits = 0444;

std::optional<std::string> OptionalName(const std::string& key_name) {
  return key_name.empty() ? std::nullopt : std::optional(key_name);
}

// Carries out one plan, in one transaction.
class Applier {
 public:
  Applier(Database& db, Inode directory, const NewInode& owner, std::int64_t now_ns)
      : db_(db), directory_(std::move(directory)), owner_(owner), now_ns_(now_ns) {
    file_mode_ = (owner.mode & 07777) != 0 ? owner.mode & 07777 : kDefaultFileMode;
  }

  base::Result<Reconciled> Apply(const ReconcilePlan& plan) {
    TRY_ASSIGN(directory_key_, DirectoryKey(db_, directory_.id));
    TRY_ASSIGN(const bool settles, SettlesAbove(db_, directory_.id));
    TRY_ASSIGN(any_intents_, HasAnyIntent());
    // While the directory itself waits to be moved, a listing says nothing about what it holds.
    if (!settles) {
      for (const auto& vanished : plan.vanished) TRY(Vanish(vanished));
      for (const auto& changed : plan.changed) TRY(Change(changed));
      for (const auto& seen : plan.seen) TRY(MarkSeen(seen));
    }
    for (const ListedPrefix* listed : plan.new_directories) TRY(AddDirectory(*listed));
    for (const ListedObject* listed : plan.new_files) TRY(AddFile(*listed));
    TRY(Finish());
    return std::move(result_);
  }

 private:
  base::Result<bool> HasAnyIntent() {
    Statement row = db_.Query("SELECT 1 FROM intent LIMIT 1");
    return row.Step();
  }

  // The file is still bound to just that object, and nothing about it waits to be done.
  base::Result<bool> IsUntouched(InodeId inode, ObjectId object, std::string_view key) {
    Statement row = db_.Query("SELECT count(*), max(object) FROM extent WHERE ino = ?", inode);
    TRY_ASSIGN(const bool found, row.Step());
    if (!found || row.Int(0) != 1 || row.As<ObjectId>(1) != object) return false;
    TRY_ASSIGN(const bool pending, HasPendingWork(db_, inode));
    if (pending) return false;
    TRY_ASSIGN(const bool key_pending, IsKeyPending(db_, key));
    return !key_pending;
  }

  base::Status Vanish(const ReconcilePlan::Vanished& vanished) {
    Statement row = db_.Query("SELECT ino, key_name FROM dirent WHERE parent = ? AND name = ?",
                              directory_.id, vanished.name);
    TRY_ASSIGN(const bool found, row.Step());
    if (!found || row.As<InodeId>(0) != vanished.inode) return base::Ok();
    const std::string key = JoinKey(directory_key_, row.IsNull(1) ? vanished.name : row.Bytes(1));
    if (vanished.is_dir) {
      TRY_ASSIGN(const bool vanishes, DirectoryMayVanish(vanished.inode, key));
      if (!vanishes) return base::Ok();
      TRY(VanishTree(vanished.inode));
    } else {
      TRY_ASSIGN(const bool untouched, IsUntouched(vanished.inode, vanished.object, key));
      if (!untouched) return base::Ok();
      TRY(VanishFile(vanished.inode));
    }
    result_.changed_names.push_back(vanished.name);
    return base::Ok();
  }

  base::Result<bool> DirectoryMayVanish(InodeId inode, const std::string& key) {
    Statement row = db_.Query("SELECT 1 FROM inode WHERE ino = ? AND listed = 1", inode);
    TRY_ASSIGN(const bool listed, row.Step());
    if (!listed) return false;
    return IsBucketOnly(db_, inode, key, [](const objclient::ObjectKey&) { return false; });
  }

  // Takes every name of the file away: all of them stood for the object that is gone.
  base::Status VanishFile(InodeId file) {
    TRY_ASSIGN(Inode inode, LoadInode(db_, file));
    TRY(
        db_.Run("UPDATE inode SET mtime_ns = ?1, ctime_ns = ?1"
                " WHERE ino IN (SELECT parent FROM dirent WHERE ino = ?2)",
                now_ns_, file));
    TRY(db_.Run("DELETE FROM dirent WHERE ino = ?", file));
    inode.nlink = 1;
    TRY(MarkObjectsGone(db_, file));
    return Orphan(inode);
  }

  base::Status VanishTree(InodeId top) {
    std::vector<InodeId> rest{top};
    for (std::size_t next = 0; next < rest.size(); ++next) {
      std::vector<InodeId> files;
      {
        Statement row = db_.Query("SELECT ino, kind FROM dirent WHERE parent = ?", rest[next]);
        for (;;) {
          TRY_ASSIGN(const bool found, row.Step());
          if (!found) break;
          const bool is_dir = S_ISDIR(static_cast<std::uint32_t>(row.Int(1)));
          (is_dir ? rest : files).push_back(row.As<InodeId>(0));
        }
      }
      for (const InodeId file : files) {
        TRY_ASSIGN(const bool orphan, IsOrphan(file));  // had two names in this tree
        if (!orphan) TRY(VanishFile(file));
      }
    }
    for (const InodeId each : rest) {
      TRY_ASSIGN(const Inode inode, LoadInode(db_, each));
      TRY(db_.Run("DELETE FROM dirent WHERE ino = ?", each));
      TRY(Orphan(inode));
    }
    --subdirectories_;
    return base::Ok();
  }

  base::Result<bool> IsOrphan(InodeId inode) {
    Statement row = db_.Query("SELECT 1 FROM orphan WHERE ino = ?", inode);
    return row.Step();
  }

  base::Status Orphan(const Inode& inode) {
    TRY_ASSIGN(const Removed removed, LoseName(db_, inode, now_ns_));
    result_.orphans.push_back(removed.inode);
    return base::Ok();
  }

  base::Status Change(const ReconcilePlan::Changed& changed) {
    const ListedObject& listed = *changed.listed;
    TRY_ASSIGN(const bool untouched, IsUntouched(changed.inode, changed.object, listed.key));
    if (!untouched) return base::Ok();
    // Its own object is gone, and the key is still that of a file without a name.
    TRY_ASSIGN(const auto holder, FindKeyHolder(db_, listed.key));
    if (holder && holder->object.id != changed.object) return base::Ok();
    TRY_ASSIGN(const Inode inode, LoadInode(db_, changed.inode));
    const Object object{{}, listed.key, listed.etag, listed.size};
    TRY_ASSIGN(const ObjectId id, ReplaceObject(db_, inode.id, object));
    (void)id;
    TRY(db_.Run("UPDATE inode SET size = ?, mtime_ns = ?, ctime_ns = ? WHERE ino = ?", listed.size,
                listed.mtime_ns, now_ns_, inode.id));
    bytes_ += static_cast<std::int64_t>(listed.size - inode.size);
    result_.changed_inodes.push_back(inode.id);
    return base::Ok();
  }

  // Deletes that are still to be done below it may be all that the listing showed.
  base::Status MarkSeen(const ReconcilePlan::Seen& seen) {
    TRY_ASSIGN(const bool dying, IsPrefixPending(db_, KeyOf(*seen.listed), true));
    if (dying) return base::Ok();
    return db_.Run("UPDATE inode SET listed = 1 WHERE ino = ? AND nlink > 0", seen.inode);
  }

  std::string KeyOf(const ListedPrefix& listed) const {
    return JoinKey(directory_key_, listed.key_name.empty() ? listed.name : listed.key_name);
  }

  base::Status AddDirectory(const ListedPrefix& listed) {
    TRY_ASSIGN(const auto existing, FindEntry(db_, directory_.id, listed.name));
    if (existing || !CheckName(listed.name).ok()) return base::Ok();
    const std::string key = KeyOf(listed);
    // Objects below that belong to something moved away, or are about to be deleted: it is no
    // longer, or not yet, a directory of its own.
    TRY_ASSIGN(const bool pending, IsPrefixPending(db_, key, false));
    TRY_ASSIGN(const bool used, IsPrefixUsed(db_, key));
    if (pending || used) return base::Ok();
    const std::uint32_t mode = file_mode_ | ((file_mode_ & kReadBits) >> 2);
    Inode inode = MakeInode(S_IFDIR | mode, now_ns_);
    inode.nlink = 2;
    TRY_ASSIGN(inode.id, InsertInode(db_, inode));
    TRY(db_.Run("UPDATE inode SET listed = 1 WHERE ino = ?", inode.id));
    TRY(InsertEntry(db_, directory_.id, listed.name, inode, OptionalName(listed.key_name)));
    ++subdirectories_;
    ++directories_;
    result_.changed_names.push_back(listed.name);
    return base::Ok();
  }

  base::Status AddFile(const ListedObject& listed) {
    TRY_ASSIGN(const auto existing, FindEntry(db_, directory_.id, listed.name));
    if (existing || !CheckName(listed.name).ok()) return base::Ok();
    if (any_intents_) {
      TRY_ASSIGN(const bool pending, IsKeyPending(db_, listed.key));
      if (pending) return base::Ok();
    }
    Object object{{}, listed.key, listed.etag, listed.size};
    TRY_ASSIGN(const auto id, InsertObject(db_, object));
    if (!id) return base::Ok();  // moved away and not settled yet, or about to be deleted
    object.id = *id;
    Inode inode = MakeInode(S_IFREG | file_mode_, listed.mtime_ns);
    inode.ctime_ns = now_ns_;
    inode.nlink = 1;
    inode.size = listed.size;
    TRY_ASSIGN(inode.id, InsertInode(db_, inode));
    TRY(InsertEntry(db_, directory_.id, listed.name, inode, OptionalName(listed.key_name)));
    TRY(BindObject(db_, inode.id, object));
    ++files_;
    bytes_ += static_cast<std::int64_t>(listed.size);
    result_.changed_names.push_back(listed.name);
    return base::Ok();
  }

  Inode MakeInode(std::uint32_t mode, std::int64_t time_ns) const {
    Inode inode;
    inode.mode = mode;
    inode.uid = owner_.uid;
    inode.gid = owner_.gid;
    inode.atime_ns = inode.mtime_ns = inode.ctime_ns = time_ns;
    return inode;
  }

  base::Status Finish() {
    if (!result_.changed_names.empty())
      TRY(TouchParent(db_, directory_.id, now_ns_, subdirectories_));
    if (files_ != 0 || directories_ != 0 || bytes_ != 0)
      TRY(AddTotals(db_, files_, directories_, bytes_));
    return db_.Run(
        "INSERT INTO listing(ino, listed_ns) VALUES(?, ?)"
        " ON CONFLICT(ino) DO UPDATE SET listed_ns = excluded.listed_ns",
        directory_.id, now_ns_);
  }

  Database& db_;
  const Inode directory_;
  const NewInode& owner_;
  const std::int64_t now_ns_;
  std::uint32_t file_mode_ = 0;
  objclient::ObjectKey directory_key_;
  bool any_intents_ = false;
  // What was added, for the totals and the directory's link count; vanished inodes count
  // themselves.
  int subdirectories_ = 0;
  std::int64_t files_ = 0;
  std::int64_t directories_ = 0;
  std::int64_t bytes_ = 0;
  Reconciled result_;
};

}  // namespace

base::Result<Reconciled> ApplyReconcile(Database& db, InodeId directory, const ReconcilePlan& plan,
                                        const NewInode& owner, std::int64_t now_ns) {
  TRY_ASSIGN(Inode inode, LoadDirectory(db, directory));
  return Applier(db, std::move(inode), owner, now_ns).Apply(plan);
}

}  // namespace meta
