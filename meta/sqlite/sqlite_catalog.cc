#include "meta/sqlite/sqlite_catalog.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "meta/sqlite/attributes.h"
#include "meta/sqlite/content.h"
#include "meta/sqlite/intents.h"
#include "meta/sqlite/names.h"
#include "meta/sqlite/paths.h"
#include "meta/sqlite/reconcile.h"
#include "meta/sqlite/rows.h"
#include "meta/sqlite/schema.h"

namespace meta {
namespace {

base::Result<std::optional<VolumeInfo>> LoadVolume(Database& db) {
  Statement row = db.Query("SELECT uuid, url, created_ns FROM volume");
  TRY_ASSIGN(const bool found, row.Step());
  if (!found) return std::optional<VolumeInfo>{};
  VolumeInfo volume{row.Bytes(0), row.Bytes(1), 0, row.Int(2)};
  TRY_ASSIGN(volume.schema_version, SchemaVersion(db));
  return std::optional(std::move(volume));
}

base::Status MakeVolume(Database& db, const SqliteCatalog::Options& options) {
  const VolumeInfo& volume = options.volume;
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(db, Transaction::Kind::kWrite));
  TRY(db.Run("INSERT INTO volume(id, uuid, url, created_ns) VALUES(1, ?, ?, ?)", volume.uuid,
             volume.url, volume.created_ns));
  Inode root;
  root.mode = S_IFDIR | (options.root_mode & 07777);
  root.uid = options.root_uid.value_or(geteuid());
  root.gid = options.root_gid.value_or(getegid());
  root.nlink = 2;
  root.atime_ns = root.mtime_ns = root.ctime_ns = volume.created_ns;
  TRY_ASSIGN(root.id, InsertInode(db, root));
  if (root.id != kRootInode)
    return base::Error(base::ErrorClass::kBug, "the root is not the first inode");
  TRY(CountInode(db, root, 1));
  return transaction.Commit();
}

base::Status CheckVolume(Database& db, OpenMode mode, const SqliteCatalog::Options& options) {
  TRY_ASSIGN(const auto existing, LoadVolume(db));
  if (!existing) {
    if (mode == OpenMode::kCreate) return MakeVolume(db, options);
    return base::Error(base::ErrorClass::kNotFound,
                       "database " + db.path().string() + " holds no volume yet: mount it once");
  }
  if (options.volume.url.empty() || existing->url == options.volume.url) return base::Ok();
  return base::Error(base::ErrorClass::kInvalid, "database " + db.path().string() + " belongs to " +
                                                     existing->url + ", not to " +
                                                     options.volume.url +
                                                     ": give each volume its own state directory");
}

base::Status CheckReadable(Database& db, const SqliteCatalog::Options& options) {
  TRY(CheckSchema(db, Migrations()));
  TRY_ASSIGN(const int version, SchemaVersion(db));
  if (version != 0 && version != NewestSchemaVersion()) {
    return base::Error(base::ErrorClass::kUnsupported,
                       "database " + db.path().string() + " has the older schema version " +
                           std::to_string(version) + ": mount the volume once to bring it to " +
                           std::to_string(NewestSchemaVersion()));
  }
  if (version == 0) {
    return base::Error(base::ErrorClass::kNotFound,
                       "database " + db.path().string() + " is empty: mount the volume first");
  }
  return CheckVolume(db, OpenMode::kReadOnly, options);
}

// Before anything is written: a file that is refused stays as it is, journal mode included.
base::Status CheckUntouched(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return base::Ok();
  Database::Options connection;
  connection.access = Database::Access::kReadOnly;
  TRY_ASSIGN(const auto database, Database::Open(path, connection));
  return CheckSchema(*database, Migrations());
}

base::Error ReadOnlyError() {
  return {base::ErrorClass::kUnsupported, "the name space was opened read-only", EROFS};
}

}  // namespace

SqliteCatalog::SqliteCatalog(std::unique_ptr<Writer> writer, std::unique_ptr<ReaderPool> readers)
    : writer_(std::move(writer)), readers_(std::move(readers)) {}

SqliteCatalog::~SqliteCatalog() = default;

base::Result<std::unique_ptr<SqliteCatalog>> SqliteCatalog::Open(const std::filesystem::path& path,
                                                                 OpenMode mode,
                                                                 const Options& options) {
  Database::Options connection;
  connection.cache_kib = options.writer_cache_kib;
  std::error_code error;
  if (mode != OpenMode::kCreate && !std::filesystem::exists(path, error))
    return base::Error::FromErrno(ENOENT, "database " + path.string());
  if (mode == OpenMode::kReadOnly) {
    connection.access = Database::Access::kReadOnly;
    TRY_ASSIGN(const auto database, Database::Open(path, connection));
    TRY(CheckReadable(*database, options));
    TRY_ASSIGN(auto readers, ReaderPool::Open(path, options.readers));
    return std::unique_ptr<SqliteCatalog>(new SqliteCatalog(nullptr, std::move(readers)));
  }
  connection.access =
      mode == OpenMode::kCreate ? Database::Access::kCreate : Database::Access::kReadWrite;
  TRY(CheckUntouched(path));
  TRY_ASSIGN(auto database, Database::Open(path, connection));
  TRY(Migrate(*database, Migrations()));
  TRY(CheckVolume(*database, mode, options));
  auto writer = std::make_unique<Writer>(std::move(database), options.writer);
  TRY_ASSIGN(auto readers, ReaderPool::Open(path, options.readers));
  return std::unique_ptr<SqliteCatalog>(new SqliteCatalog(std::move(writer), std::move(readers)));
}

template <typename T, typename Read>
base::Result<T> SqliteCatalog::Look(Read read) {
  TRY_ASSIGN(const ReaderPool::Lease lease, readers_->Borrow());
  return read(*lease);
}

template <typename T, typename Read>
base::Result<T> SqliteCatalog::LookAtSnapshot(Read read) {
  TRY_ASSIGN(const ReaderPool::Lease lease, readers_->Borrow());
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(*lease, Transaction::Kind::kRead));
  base::Result<T> result = read(*lease);
  TRY(transaction.Commit());
  return result;
}

template <typename T, typename Change>
base::Result<T> SqliteCatalog::Write(Durability durability, Change change) {
  std::optional<T> value;
  TRY(WriteStatus(durability, [&](Database& db) -> base::Status {
    TRY_ASSIGN(value, change(db));
    return base::Ok();
  }));
  return *std::move(value);
}

template <typename Change>
base::Status SqliteCatalog::WriteStatus(Durability durability, Change change) {
  if (!writer_) return ReadOnlyError();
  return writer_->Run(durability, change);
}

base::Result<VolumeInfo> SqliteCatalog::Volume() {
  return LookAtSnapshot<VolumeInfo>([](Database& db) -> base::Result<VolumeInfo> {
    TRY_ASSIGN(auto volume, LoadVolume(db));
    if (!volume) return base::Error(base::ErrorClass::kCorrupt, "the volume's row is missing");
    return *std::move(volume);
  });
}

base::Result<Inode> SqliteCatalog::Lookup(InodeId parent, std::string_view name) {
  return Look<Inode>([&](Database& db) { return LoadEntry(db, parent, name); });
}

base::Result<Inode> SqliteCatalog::GetInode(InodeId inode) {
  return Look<Inode>([&](Database& db) { return LoadInode(db, inode); });
}

base::Result<std::vector<Extent>> SqliteCatalog::GetExtents(InodeId inode) {
  return LookAtSnapshot<std::vector<Extent>>([&](Database& db) { return LoadExtents(db, inode); });
}

base::Result<std::vector<DirEntry>> SqliteCatalog::ReadDir(InodeId directory,
                                                           std::string_view after,
                                                           std::size_t limit) {
  return LookAtSnapshot<std::vector<DirEntry>>(
      [&](Database& db) { return ListDirectory(db, directory, after, limit); });
}

base::Result<InodeId> SqliteCatalog::Parent(InodeId directory) {
  return LookAtSnapshot<InodeId>([&](Database& db) { return ParentOf(db, directory); });
}

base::Result<std::vector<NamedKey>> SqliteCatalog::Paths(InodeId inode) {
  return LookAtSnapshot<std::vector<NamedKey>>([&](Database& db) { return PathsOf(db, inode); });
}

base::Result<Totals> SqliteCatalog::GetTotals() {
  return Look<Totals>([](Database& db) -> base::Result<Totals> {
    Statement row = db.Query("SELECT files, directories, bytes FROM totals");
    TRY_ASSIGN(const bool found, row.Step());
    if (!found) return base::Error(base::ErrorClass::kCorrupt, "the totals are missing");
    return Totals{static_cast<std::uint64_t>(row.Int(0)), static_cast<std::uint64_t>(row.Int(1)),
                  static_cast<std::uint64_t>(row.Int(2))};
  });
}

base::Result<Inode> SqliteCatalog::Create(InodeId parent, std::string_view name,
                                          const NewInode& what) {
  return Write<Inode>(Durability::kAsync,
                      [&](Database& db) { return CreateEntry(db, parent, name, what); });
}

base::Result<Inode> SqliteCatalog::Link(InodeId inode, InodeId parent, std::string_view name,
                                        std::int64_t now_ns) {
  return Write<Inode>(Durability::kAsync,
                      [&](Database& db) { return LinkEntry(db, inode, parent, name, now_ns); });
}

base::Result<Removed> SqliteCatalog::Unlink(InodeId parent, std::string_view name,
                                            std::int64_t now_ns) {
  return Write<Removed>(Durability::kAsync,
                        [&](Database& db) { return UnlinkEntry(db, parent, name, now_ns); });
}

base::Result<Removed> SqliteCatalog::RemoveDir(InodeId parent, std::string_view name,
                                               std::int64_t now_ns) {
  return Write<Removed>(Durability::kAsync,
                        [&](Database& db) { return RemoveDirectory(db, parent, name, now_ns); });
}

base::Result<Catalog::Renamed> SqliteCatalog::Rename(InodeId parent, std::string_view name,
                                                     InodeId new_parent, std::string_view new_name,
                                                     RenameFlags flags, std::int64_t now_ns) {
  return Write<Renamed>(Durability::kAsync, [&](Database& db) {
    return RenameEntry(db, parent, name, new_parent, new_name, flags, now_ns);
  });
}

base::Result<Inode> SqliteCatalog::SetAttr(InodeId inode, const AttrChange& change,
                                           std::int64_t now_ns) {
  return Write<Inode>(Durability::kAsync,
                      [&](Database& db) { return ChangeAttributes(db, inode, change, now_ns); });
}

base::Result<std::string> SqliteCatalog::GetXattr(InodeId inode, std::string_view name) {
  return Look<std::string>([&](Database& db) { return LoadXattr(db, inode, name); });
}

base::Status SqliteCatalog::SetXattr(InodeId inode, std::string_view name, std::string_view value,
                                     XattrMode mode, std::int64_t now_ns) {
  return WriteStatus(Durability::kAsync, [&](Database& db) {
    return StoreXattr(db, inode, name, value, mode, now_ns);
  });
}

base::Result<std::vector<std::string>> SqliteCatalog::ListXattrs(InodeId inode) {
  return LookAtSnapshot<std::vector<std::string>>(
      [&](Database& db) { return LoadXattrNames(db, inode); });
}

base::Status SqliteCatalog::RemoveXattr(InodeId inode, std::string_view name, std::int64_t now_ns) {
  return WriteStatus(Durability::kAsync,
                     [&](Database& db) { return DeleteXattr(db, inode, name, now_ns); });
}

base::Status SqliteCatalog::ReleaseOrphan(InodeId inode) {
  return WriteStatus(Durability::kAsync,
                     [&](Database& db) { return ReleaseOrphanInode(db, inode); });
}

base::Result<std::vector<InodeId>> SqliteCatalog::Orphans() {
  return Look<std::vector<InodeId>>([](Database& db) { return LoadOrphans(db); });
}

base::Result<ObjectId> SqliteCatalog::CommitContent(const Commit& commit, Durability durability) {
  return Write<ObjectId>(durability, [&](Database& db) { return CommitFile(db, commit); });
}

base::Result<Object> SqliteCatalog::MoveObject(InodeId inode, ObjectId id,
                                               const objclient::ObjectKey& key,
                                               const std::string& etag) {
  return Write<Object>(Durability::kAsync,
                       [&](Database& db) { return MoveFileObject(db, inode, id, key, etag); });
}

base::Status SqliteCatalog::LoseObject(InodeId inode, ObjectId id) {
  return WriteStatus(Durability::kAsync,
                     [&](Database& db) { return LoseFileObject(db, inode, id); });
}

base::Result<std::optional<Catalog::KeyHolder>> SqliteCatalog::FindKey(
    const objclient::ObjectKey& key) {
  return LookAtSnapshot<std::optional<KeyHolder>>(
      [&](Database& db) { return FindKeyHolder(db, key); });
}

base::Result<bool> SqliteCatalog::HasKeysBelow(const objclient::ObjectKey& key) {
  return Look<bool>([&](Database& db) { return IsPrefixUsed(db, key); });
}

base::Result<bool> SqliteCatalog::IsToBeDeleted(const objclient::ObjectKey& key) {
  return Look<bool>([&](Database& db) { return IsDeletePending(db, key); });
}

base::Result<IntentId> SqliteCatalog::AddIntent(const Intent& intent, Durability durability) {
  return Write<IntentId>(durability, [&](Database& db) { return InsertIntent(db, intent); });
}

base::Status SqliteCatalog::UpdateIntent(const Intent& intent, Durability durability) {
  return WriteStatus(durability, [&](Database& db) { return ReplaceIntent(db, intent); });
}

base::Status SqliteCatalog::RemoveIntent(IntentId id) {
  return WriteStatus(Durability::kAsync, [&](Database& db) { return DropIntent(db, id); });
}

base::Result<std::vector<Intent>> SqliteCatalog::ListIntents(IntentId after, std::size_t limit) {
  return Look<std::vector<Intent>>([&](Database& db) { return LoadIntents(db, after, limit); });
}

base::Result<std::optional<std::int64_t>> SqliteCatalog::ListedAt(InodeId directory) {
  return LookAtSnapshot<std::optional<std::int64_t>>(
      [&](Database& db) { return LoadListedAt(db, directory); });
}

base::Result<Reconciled> SqliteCatalog::Reconcile(InodeId directory, const ListedDirectory& listing,
                                                  const NewInode& owner, const IsBusy& busy,
                                                  std::int64_t now_ns) {
  TRY_ASSIGN(const ReconcilePlan plan, LookAtSnapshot<ReconcilePlan>([&](Database& db) {
               return PlanReconcile(db, directory, listing, busy);
             }));
  return Write<Reconciled>(Durability::kAsync, [&](Database& db) {
    return ApplyReconcile(db, directory, plan, owner, now_ns);
  });
}

base::Result<std::optional<std::string>> SqliteCatalog::Recall(std::string_view name) {
  using Value = std::optional<std::string>;
  return Look<Value>([&](Database& db) -> base::Result<Value> {
    Statement row = db.Query("SELECT value FROM note WHERE name = ?", name);
    TRY_ASSIGN(const bool found, row.Step());
    return found ? Value(row.Bytes(0)) : Value();
  });
}

base::Status SqliteCatalog::Remember(std::string_view name, std::string_view value) {
  return WriteStatus(Durability::kAsync, [&](Database& db) {
    return db.Run(
        "INSERT INTO note(name, value) VALUES(?, ?)"
        " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
        name, value);
  });
}

base::Status SqliteCatalog::Sync() {
  if (!writer_) return base::Ok();
  return writer_->Sync();
}

}  // namespace meta
