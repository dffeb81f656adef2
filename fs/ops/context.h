// Context: what all rooms of the mounted filesystem share: options, the floors below, and the
// tables of keys and inodes. Owned by MountedFilesystem, outlives every room. The members are
// constant after construction or safe to use from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "fs/filesystem.h"
#include "fs/ops/inode_table.h"
#include "fs/ops/key_table.h"

namespace fs {

// The last thing that went wrong behind the caller's back, for people.
class LastError {
 public:
  void Set(const base::Error& error) EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    text_ = error.ToString();
  }
  void Clear() EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    text_.clear();
  }
  std::string text() const EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return text_;
  }

 private:
  mutable base::Mutex mutex_;
  std::string text_ GUARDED_BY(mutex_);
};

struct Context {
  // `orphan_released` is called without locks when the catalog may have new deletes to do.
  Context(FilesystemOptions filesystem_options, const Filesystem::Parts& parts,
          std::function<void()> orphan_released);

  std::int64_t Now() const { return clock.WallNs(); }
  // Drops a file without names from the catalog, its objects' bytes from the cache.
  void ReleaseOrphan(meta::InodeId inode);
  void InvalidateInode(meta::InodeId inode) const;
  void InvalidateEntry(meta::InodeId parent, const std::string& name) const;

  const FilesystemOptions options;
  meta::Catalog& catalog;
  objclient::ObjectStore& store;
  cache::BlockCache& cache;
  cache::Staging& staging;
  base::Clock& clock;
  base::Metrics& metrics;
  std::atomic<KernelNotifier*> notifier;  // atomic: set once the kernel's door is open
  const std::function<void()> orphan_released;
  LastError last_error;
  KeyTable keys;  // before inodes: stages hold keys
  InodeTable inodes;
};

cache::ObjectRef ToRef(const meta::Object& object);
// The committed content as the catalog has it now.
base::Result<ContentPtr> ReadContent(meta::Catalog& catalog, meta::InodeId inode);
// The same, kept in `file` from the first call on.
base::Result<ContentPtr> LoadContent(Context& context, FileInode& file);
// Same, for who opens the file: a listing tells the catalog of another writer's content a moment
// before it tells those who have the file open.
base::Result<ContentPtr> LoadLatestContent(Context& context, FileInode& file);

}  // namespace fs
