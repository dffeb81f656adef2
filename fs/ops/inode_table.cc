#include "fs/ops/inode_table.h"

#include "base/check.h"

namespace fs {

InodeRef::InodeRef(const InodeRef& other) : table_(other.table_), file_(other.file_) {
  if (table_ != nullptr) table_->AddReference(file_->id());
}

InodeRef& InodeRef::operator=(InodeRef other) noexcept {
  std::swap(table_, other.table_);
  std::swap(file_, other.file_);
  return *this;
}

InodeRef::~InodeRef() {
  if (table_ != nullptr) table_->RemoveReference(file_->id());
}

InodeRef InodeTable::Reference(Entry& entry) {
  ++entry.references;
  return InodeRef(this, entry.file);
}

void InodeTable::AddReference(meta::InodeId inode) {
  base::MutexLock lock(mutex_);
  ++entries_.at(meta::Raw(inode)).references;
}

void InodeTable::RemoveReference(meta::InodeId inode) {
  std::shared_ptr<FileInode> last;
  {
    base::MutexLock lock(mutex_);
    const auto found = entries_.find(meta::Raw(inode));
    CHECK(found != entries_.end() && found->second.references > 0);
    if (--found->second.references > 0) return;
    last = std::move(found->second.file);
    entries_.erase(found);
    ++removing_;
  }
  if (last->orphan()) release_orphan_(inode);
  base::MutexLock lock(mutex_);
  --removing_;
  idle_.NotifyAll();
}

InodeTable::~InodeTable() {
  base::MutexLock lock(mutex_);
  while (!entries_.empty() || removing_ > 0) idle_.Wait(mutex_);
}

InodeRef InodeTable::Acquire(meta::InodeId inode) {
  base::MutexLock lock(mutex_);
  Entry& entry = entries_[meta::Raw(inode)];
  if (entry.file == nullptr) entry.file = std::make_shared<FileInode>(inode);
  return Reference(entry);
}

InodeRef InodeTable::Find(meta::InodeId inode) {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(meta::Raw(inode));
  return found == entries_.end() ? InodeRef() : Reference(found->second);
}

std::optional<Overlay> InodeTable::OverlayOf(meta::InodeId inode) {
  std::shared_ptr<FileInode> file;
  {
    base::MutexLock lock(mutex_);
    const auto found = entries_.find(meta::Raw(inode));
    if (found == entries_.end()) return std::nullopt;
    file = found->second.file;
  }
  return file->overlay();
}

std::vector<InodeRef> InodeTable::All() {
  base::MutexLock lock(mutex_);
  std::vector<InodeRef> files;
  files.reserve(entries_.size());
  for (auto& [inode, entry] : entries_) files.push_back(Reference(entry));
  return files;
}

std::size_t InodeTable::removing() const {
  base::MutexLock lock(mutex_);
  return removing_;
}

void InodeTable::Keep(const InodeRef& file) {
  InodeRef reference = file;
  {
    base::MutexLock lock(mutex_);
    std::swap(entries_.at(meta::Raw(file->id())).kept, reference);
  }
  // An older one, if any, is given back here, without the lock.
}

void InodeTable::LetGo(meta::InodeId inode) {
  InodeRef kept;
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(meta::Raw(inode));
  if (found != entries_.end()) std::swap(found->second.kept, kept);
  lock.Unlock();
}

void InodeTable::LetGoOfAll() {
  std::vector<InodeRef> kept;
  base::MutexLock lock(mutex_);
  for (auto& [inode, entry] : entries_) kept.push_back(std::move(entry.kept));
  lock.Unlock();
}

bool InodeTable::RememberOpened(meta::InodeId inode, std::int64_t object) {
  base::MutexLock lock(mutex_);
  const auto [found, fresh] = opened_.try_emplace(meta::Raw(inode), object);
  if (fresh) return false;
  return std::exchange(found->second, object) == object;
}

void InodeTable::ObjectRenamed(meta::InodeId inode, std::int64_t from, std::int64_t to) {
  base::MutexLock lock(mutex_);
  const auto found = opened_.find(meta::Raw(inode));
  if (found != opened_.end() && found->second == from) found->second = to;
}

void InodeTable::ForgetOpened(meta::InodeId inode) {
  base::MutexLock lock(mutex_);
  opened_.erase(meta::Raw(inode));
}

}  // namespace fs
