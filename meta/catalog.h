// Catalog: the name space of one volume as POSIX-shaped atomic operations. Each call is one
// transaction: it happened as a whole, or not at all. The database is the truth; nobody keeps a
// second copy. Implemented by SqliteCatalog (meta/sqlite); PostgreSQL later.
//
// Ownership and threads: owned by the mount; any thread may call, writers are grouped into shared
// commits. Calls block on the local disk, never on the network.
//
// Errors carry the errno that the kernel gets: ENOENT, EEXIST, ENOTEMPTY, ENOTDIR, EISDIR, EMLINK,
// ENAMETOOLONG, ENODATA, ENOSPC, EIO. Names are single path components of 1 to 255 bytes without
// '/'.
//
// Durable: a call that takes `Durability::kSync` returns after its commit (and so every earlier
// one) is fsynced; kAsync survives a killed process, not a power cut.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "meta/types.h"

namespace meta {

enum class Durability : std::uint8_t { kAsync, kSync };

// What a listing of one directory of the bucket showed. `name` is the POSIX name that the caller
// chose for the entry; where the bucket's own component differs (escaped names,
// docs/consistency.md), `key_name` holds it, otherwise it is empty.
struct ListedObject {
  std::string name;
  std::string key_name;
  objclient::ObjectKey key;
  std::string etag;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
};
struct ListedPrefix {
  std::string name;
  std::string key_name;
};
struct ListedDirectory {
  std::vector<ListedObject> files;
  std::vector<ListedPrefix> directories;
};

// One name of an inode: its path from the root ("a/b", the root's is "") and the key that path
// stands for in the bucket (the same, unless a component has a key_name). Keys of directories have
// no '/' at the end.
struct NamedKey {
  std::string path;
  objclient::ObjectKey key;
};
// What reconciling a listing changed, so that kernel caches can be told.
struct Reconciled {
  std::vector<std::string>
      changed_names;                    // entries that appeared, vanished or became another inode
  std::vector<InodeId> changed_inodes;  // files with new content
  std::vector<InodeId> orphans;  // vanished, to be given to ReleaseOrphan unless they are open
};

// What rename and unlink did to inodes, for the caller to act on.
struct Removed {
  InodeId inode{};
  std::uint32_t nlink = 0;  // what is left; 0 = orphan until ReleaseOrphan
  bool is_dir = false;
};

class Catalog {
 public:
  virtual ~Catalog() = default;

  virtual base::Result<VolumeInfo> Volume() = 0;

  // --- look ---
  virtual base::Result<Inode> Lookup(InodeId parent, std::string_view name) = 0;
  virtual base::Result<Inode> GetInode(InodeId inode) = 0;
  virtual base::Result<std::vector<Extent>> GetExtents(InodeId inode) = 0;  // by offset
  // Entries with name > `after`, in byte order of the names, at most `limit`.
  virtual base::Result<std::vector<DirEntry>> ReadDir(InodeId directory, std::string_view after,
                                                      std::size_t limit) = 0;
  // Parent of a directory (the root is its own), for "..".
  virtual base::Result<InodeId> Parent(InodeId directory) = 0;
  // Names of an inode, the first one by (parent, name) first; empty for an orphan.
  virtual base::Result<std::vector<NamedKey>> Paths(InodeId inode) = 0;
  virtual base::Result<Totals> GetTotals() = 0;

  // --- change names ---
  virtual base::Result<Inode> Create(InodeId parent, std::string_view name,
                                     const NewInode& what) = 0;  // any type
  virtual base::Result<Inode> Link(InodeId inode, InodeId parent, std::string_view name,
                                   std::int64_t now_ns) = 0;
  // Not for directories (EISDIR). With nlink 0 the inode becomes an orphan that keeps its extents.
  virtual base::Result<Removed> Unlink(InodeId parent, std::string_view name,
                                       std::int64_t now_ns) = 0;
  virtual base::Result<Removed> RemoveDir(InodeId parent, std::string_view name,
                                          std::int64_t now_ns) = 0;
  struct RenameFlags {
    bool no_replace = false;  // RENAME_NOREPLACE
    bool exchange = false;    // RENAME_EXCHANGE
  };
  struct Renamed {
    InodeId moved{};
    std::optional<Removed> replaced;
  };
  // Replaces the target atomically; adds a kSettle intent for what moved. EINVAL when a directory
  // would move below itself. Two names of one inode: nothing happens (POSIX).
  virtual base::Result<Renamed> Rename(InodeId parent, std::string_view name, InodeId new_parent,
                                       std::string_view new_name, RenameFlags flags,
                                       std::int64_t now_ns) = 0;

  // --- change inodes ---
  virtual base::Result<Inode> SetAttr(InodeId inode, const AttrChange& change,
                                      std::int64_t now_ns) = 0;
  virtual base::Result<std::string> GetXattr(InodeId inode, std::string_view name) = 0;
  enum class XattrMode : std::uint8_t { kAny, kCreate, kReplace };
  virtual base::Status SetXattr(InodeId inode, std::string_view name, std::string_view value,
                                XattrMode mode, std::int64_t now_ns) = 0;
  virtual base::Result<std::vector<std::string>> ListXattrs(InodeId inode) = 0;
  virtual base::Status RemoveXattr(InodeId inode, std::string_view name, std::int64_t now_ns) = 0;
  // The last handle of an orphan is closed: drops it and its extents, adds kDelete intents for
  // objects that nothing refers to any more. An inode that has names is left alone.
  virtual base::Status ReleaseOrphan(InodeId inode) = 0;
  // Every orphan, to be released at mount (nobody can have them open).
  virtual base::Result<std::vector<InodeId>> Orphans() = 0;

  // --- commit content ---
  struct Commit {
    InodeId inode{};
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::int64_t ctime_ns = 0;  // 0 = as mtime_ns; ctime never goes back either way
    // The object that now holds the whole file, id unset; none = an empty file without an object.
    std::optional<Object> object;
    std::optional<IntentId> finished;  // an upload intent to remove in the same transaction
  };
  // One transaction {object row, extents, size, mtime, ctime, intent done}: the file's only extent
  // is [0, size) of the object. An older object row of the same key is replaced by this one (its
  // bytes are gone); objects of the old extents under other keys get kDelete intents. When the key
  // is not one of the inode's paths, a kSettle intent is added. Returns the new object's id.
  virtual base::Result<ObjectId> CommitContent(const Commit& commit, Durability durability) = 0;
  // The object moved (settled): `id` is retired, extents point to a new row with `key` and `etag`;
  // kConflict when the inode's extents are not those of `id` any more. Adds a kDelete intent for
  // the old key. Returns the new object (new id, same size and sums).
  virtual base::Result<Object> MoveObject(InodeId inode, ObjectId id,
                                          const objclient::ObjectKey& key,
                                          const std::string& etag) = 0;
  // Another writer removed or replaced the object, which is not under a name of its file: the file
  // keeps it, for want of better, but the key is free, and nothing is deleted when the file goes.
  // kConflict when the inode's extents are not those of `id` any more.
  virtual base::Status LoseObject(InodeId inode, ObjectId id) = 0;
  // Who holds a key: the object row and the inode whose extents use it (an orphan counts), if any.
  struct KeyHolder {
    Object object;
    std::optional<InodeId> inode;  // unset: garbage whose kDelete intent is still to be done
  };
  virtual base::Result<std::optional<KeyHolder>> FindKey(const objclient::ObjectKey& key) = 0;
  // True when an object row has a key that begins with `key` + "/".
  virtual base::Result<bool> HasKeysBelow(const objclient::ObjectKey& key) = 0;
  // True when a kDelete intent names the key.
  virtual base::Result<bool> IsToBeDeleted(const objclient::ObjectKey& key) = 0;

  // --- intents ---
  virtual base::Result<IntentId> AddIntent(const Intent& intent, Durability durability) = 0;
  virtual base::Status UpdateIntent(const Intent& intent, Durability durability) = 0;
  // For kDelete also drops the object row.
  virtual base::Status RemoveIntent(IntentId id) = 0;
  // In order of id, from `after` on.
  virtual base::Result<std::vector<Intent>> ListIntents(IntentId after, std::size_t limit) = 0;

  // --- existing buckets ---
  // When the bucket's part of `directory` was last listed, ns since the epoch; none = never.
  virtual base::Result<std::optional<std::int64_t>> ListedAt(InodeId directory) = 0;
  // Makes the directory agree with a complete listing of it: new key -> new inode, other ETag or
  // size -> new extents, vanished key -> unlink. Entries whose key `busy` says is being changed by
  // this mount, or was since the listing began, entries without an object yet, entries with pending
  // upload or settle intents, and directories that hold any such entry are left alone; so is a
  // directory that was made or emptied here and never seen in a listing since. `busy` is called on
  // the caller's thread, outside any write transaction. `owner` gives uid, gid and the permission
  // bits of new files (default 0644); new directories get those and x wherever files have r.
  virtual base::Result<Reconciled> Reconcile(
      InodeId directory, const ListedDirectory& listing, const NewInode& owner,
      const std::function<bool(const objclient::ObjectKey&)>& busy, std::int64_t now_ns) = 0;

  // --- notes: what was found out of the surroundings, so that the next mount need not ---
  virtual base::Result<std::optional<std::string>> Recall(std::string_view name) = 0;
  virtual base::Status Remember(std::string_view name, std::string_view value) = 0;

  // Makes everything committed so far durable (fsync of a directory or of attributes).
  virtual base::Status Sync() = 0;
};

}  // namespace meta
