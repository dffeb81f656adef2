// HandleTable: open files by HandleId. A handle is what open(2) made: the file and how it was
// opened. Any thread; a leaf in the lock order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "fs/filesystem.h"
#include "fs/ops/inode_table.h"

namespace fs {

struct OpenFile {
  InodeRef file;
  bool readable = false;
  bool writable = false;
  bool append = false;
  std::uint64_t epoch = 0;  // FileInode::View::epoch at open; another one now = replaced by others
};

class HandleTable {
 public:
  HandleId Add(OpenFile file) EXCLUDES(mutex_) {
    auto shared = std::make_shared<const OpenFile>(std::move(file));
    base::MutexLock lock(mutex_);
    files_.emplace(++last_, std::move(shared));
    return HandleId{last_};
  }
  // Null for a handle that is not open. Shared: an operation under way outlives a release.
  std::shared_ptr<const OpenFile> Find(HandleId handle) const EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    const auto found = files_.find(static_cast<std::uint64_t>(handle));
    return found == files_.end() ? nullptr : found->second;
  }
  std::shared_ptr<const OpenFile> Remove(HandleId handle) EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    const auto node = files_.extract(static_cast<std::uint64_t>(handle));
    return node.empty() ? nullptr : node.mapped();
  }
  void Clear() EXCLUDES(mutex_) {
    std::unordered_map<std::uint64_t, std::shared_ptr<const OpenFile>> files;
    base::MutexLock lock(mutex_);
    files.swap(files_);
    lock.Unlock();
  }

 private:
  mutable base::Mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const OpenFile>> files_ GUARDED_BY(mutex_);
  std::uint64_t last_ GUARDED_BY(mutex_) = 0;
};

}  // namespace fs
