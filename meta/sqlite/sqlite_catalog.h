// SqliteCatalog: the Catalog of one volume in one SQLite file (WAL): the embedded default engine.
// Reads take a connection of a small pool, changes go through the Writer's shared commits.
//
// Owned by the mount (or by one command of the CLI, read-only); any thread. One process writes at a
// time: the caller holds the lock of the state directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meta/catalog.h"
#include "meta/sqlite/reader_pool.h"
#include "meta/sqlite/writer.h"

namespace meta {

enum class OpenMode : std::uint8_t {
  kCreate,    // makes the database when there is none; an existing one must be of the same volume
  kExisting,  // kNotFound when there is none
  kReadOnly,  // like kExisting, never writes (EROFS); for commands beside a running daemon
};

class SqliteCatalog final : public Catalog {
 public:
  struct Options {
    // What a new database is made with: url, uuid and created_ns. A url that is set is compared
    // with that of an existing one.
    VolumeInfo volume;
    // The root directory of a new database; the caller's own by default.
    std::uint32_t root_mode = 0755;
    std::optional<std::uint32_t> root_uid;
    std::optional<std::uint32_t> root_gid;
    std::uint32_t writer_cache_kib = 16384;
    ReaderPool::Options readers;
    Writer::Options writer;
  };
  // kInvalid for the database of another volume or program, kUnsupported for one of a newer
  // cairnfs, kCorrupt for a damaged one.
  static base::Result<std::unique_ptr<SqliteCatalog>> Open(const std::filesystem::path& path,
                                                           OpenMode mode, const Options& options);
  static base::Result<std::unique_ptr<SqliteCatalog>> OpenReadOnly(
      const std::filesystem::path& path) {
    return Open(path, OpenMode::kReadOnly, Options{});
  }
  ~SqliteCatalog() override;

  base::Result<VolumeInfo> Volume() override;
  base::Result<Inode> Lookup(InodeId parent, std::string_view name) override;
  base::Result<Inode> GetInode(InodeId inode) override;
  base::Result<std::vector<Extent>> GetExtents(InodeId inode) override;
  base::Result<std::vector<DirEntry>> ReadDir(InodeId directory, std::string_view after,
                                              std::size_t limit) override;
  base::Result<InodeId> Parent(InodeId directory) override;
  base::Result<std::vector<NamedKey>> Paths(InodeId inode) override;
  base::Result<Totals> GetTotals() override;

  base::Result<Inode> Create(InodeId parent, std::string_view name, const NewInode& what) override;
  base::Result<Inode> Link(InodeId inode, InodeId parent, std::string_view name,
                           std::int64_t now_ns) override;
  base::Result<Removed> Unlink(InodeId parent, std::string_view name, std::int64_t now_ns) override;
  base::Result<Removed> RemoveDir(InodeId parent, std::string_view name,
                                  std::int64_t now_ns) override;
  base::Result<Renamed> Rename(InodeId parent, std::string_view name, InodeId new_parent,
                               std::string_view new_name, RenameFlags flags,
                               std::int64_t now_ns) override;

  base::Result<Inode> SetAttr(InodeId inode, const AttrChange& change,
                              std::int64_t now_ns) override;
  base::Result<std::string> GetXattr(InodeId inode, std::string_view name) override;
  base::Status SetXattr(InodeId inode, std::string_view name, std::string_view value,
                        XattrMode mode, std::int64_t now_ns) override;
  base::Result<std::vector<std::string>> ListXattrs(InodeId inode) override;
  base::Status RemoveXattr(InodeId inode, std::string_view name, std::int64_t now_ns) override;
  base::Status ReleaseOrphan(InodeId inode) override;
  base::Result<std::vector<InodeId>> Orphans() override;

  base::Result<ObjectId> CommitContent(const Commit& commit, Durability durability) override;
  base::Result<Object> MoveObject(InodeId inode, ObjectId id, const objclient::ObjectKey& key,
                                  const std::string& etag) override;
  base::Status LoseObject(InodeId inode, ObjectId id) override;
  base::Result<std::optional<KeyHolder>> FindKey(const objclient::ObjectKey& key) override;
  base::Result<bool> HasKeysBelow(const objclient::ObjectKey& key) override;
  base::Result<bool> IsToBeDeleted(const objclient::ObjectKey& key) override;

  base::Result<IntentId> AddIntent(const Intent& intent, Durability durability) override;
  base::Status UpdateIntent(const Intent& intent, Durability durability) override;
  base::Status RemoveIntent(IntentId id) override;
  base::Result<std::vector<Intent>> ListIntents(IntentId after, std::size_t limit) override;

  base::Result<std::optional<std::int64_t>> ListedAt(InodeId directory) override;
  base::Result<Reconciled> Reconcile(InodeId directory, const ListedDirectory& listing,
                                     const NewInode& owner,
                                     const std::function<bool(const objclient::ObjectKey&)>& busy,
                                     std::int64_t now_ns) override;
  base::Result<std::optional<std::string>> Recall(std::string_view name) override;
  base::Status Remember(std::string_view name, std::string_view value) override;
  base::Status Sync() override;

 private:
  SqliteCatalog(std::unique_ptr<Writer> writer, std::unique_ptr<ReaderPool> readers);

  // `read` on a reading connection; with `Snapshot`, all its statements see one state.
  template <typename T, typename Read>
  base::Result<T> Look(Read read);
  template <typename T, typename Read>
  base::Result<T> LookAtSnapshot(Read read);
  // `change` in a transaction of its own.
  template <typename T, typename Change>
  base::Result<T> Write(Durability durability, Change change);
  template <typename Change>
  base::Status WriteStatus(Durability durability, Change change);

  const std::unique_ptr<Writer> writer_;  // null when read-only
  const std::unique_ptr<ReaderPool> readers_;
};

}  // namespace meta
