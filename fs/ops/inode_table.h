// InodeTable: every FileInode there is, by inode number. An InodeRef keeps one alive: handles,
// operations under way and stages hold one each; the last to go removes it from the table and, when
// the file has no name left, has the catalog release it. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "fs/ops/file_inode.h"
#include "meta/types.h"

namespace fs {

class InodeTable;

class InodeRef {
 public:
  InodeRef() = default;
  InodeRef(const InodeRef& other);
  InodeRef(InodeRef&& other) noexcept
      : table_(std::exchange(other.table_, nullptr)), file_(std::move(other.file_)) {}
  InodeRef& operator=(InodeRef other) noexcept;
  ~InodeRef();
  explicit operator bool() const { return table_ != nullptr; }
  FileInode& operator*() const { return *file_; }
  FileInode* operator->() const { return file_.get(); }
  // For hooks that may outlive the file.
  std::weak_ptr<FileInode> weak() const { return file_; }

 private:
  friend class InodeTable;
  InodeRef(InodeTable* table, std::shared_ptr<FileInode> file)
      : table_(table), file_(std::move(file)) {}
  InodeTable* table_ = nullptr;
  std::shared_ptr<FileInode> file_;  // shared with the table and with weak users
};

class InodeTable {
 public:
  // Called without locks, after the last reference to a file without names is gone.
  using ReleaseOrphan = std::function<void(meta::InodeId)>;
  explicit InodeTable(ReleaseOrphan release_orphan) : release_orphan_(std::move(release_orphan)) {}

  // Waits for references that completions of the floors below still hold.
  ~InodeTable();

  InodeRef Acquire(meta::InodeId inode) EXCLUDES(mutex_);  // made when missing
  InodeRef Find(meta::InodeId inode) EXCLUDES(mutex_);     // empty when missing
  // What changed in memory only; none when the catalog has the last word.
  std::optional<Overlay> OverlayOf(meta::InodeId inode) EXCLUDES(mutex_);
  std::vector<InodeRef> All() EXCLUDES(mutex_);
  // How many have left the table and are not released yet: ask after All, which misses them.
  std::size_t removing() const EXCLUDES(mutex_);

  // A file with a stage stays, open or not. Keep is undone by LetGo; both may be called again.
  void Keep(const InodeRef& file) EXCLUDES(mutex_);
  void LetGo(meta::InodeId inode) EXCLUDES(mutex_);
  // At the end of the mount: stages stay on disk for the next one.
  void LetGoOfAll() EXCLUDES(mutex_);

  // Grows between a commit's transaction and the end of its overlay: who read attributes across it
  // reads them again.
  std::uint64_t commits() const { return commits_.load(); }
  void CountCommit() { commits_.fetch_add(1); }

  // Which object the kernel's pages of a file are from, to say whether it may keep them.
  bool RememberOpened(meta::InodeId inode, std::int64_t object) EXCLUDES(mutex_);  // true: same
  void ObjectRenamed(meta::InodeId inode, std::int64_t from, std::int64_t to) EXCLUDES(mutex_);
  void ForgetOpened(meta::InodeId inode) EXCLUDES(mutex_);

 private:
  friend class InodeRef;
  struct Entry {
    std::shared_ptr<FileInode> file;
    std::size_t references = 0;
    InodeRef kept;  // from Keep
  };
  InodeRef Reference(Entry& entry) REQUIRES(mutex_);
  void AddReference(meta::InodeId inode) EXCLUDES(mutex_);
  void RemoveReference(meta::InodeId inode) EXCLUDES(mutex_);

  const ReleaseOrphan release_orphan_;
  std::atomic<std::uint64_t> commits_{0};  // atomic: read around every attribute answer
  mutable base::Mutex mutex_;
  base::CondVar idle_;
  std::size_t removing_ GUARDED_BY(mutex_) = 0;  // last references that are being given up
  std::unordered_map<std::uint64_t, Entry> entries_ GUARDED_BY(mutex_);
  std::unordered_map<std::uint64_t, std::int64_t> opened_ GUARDED_BY(mutex_);
};

}  // namespace fs
