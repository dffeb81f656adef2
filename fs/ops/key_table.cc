#include "fs/ops/key_table.h"

#include "base/check.h"

namespace fs {

KeyTable::Hold& KeyTable::Hold::operator=(Hold&& other) noexcept {
  if (this != &other) {
    Release();
    table_ = std::exchange(other.table_, nullptr);
    key_ = std::move(other.key_);
    exclusive_ = other.exclusive_;
  }
  return *this;
}

void KeyTable::Hold::Release() {
  if (KeyTable* table = std::exchange(table_, nullptr)) table->Release(key_, exclusive_);
}

KeyTable::Hold KeyTable::TryLock(const objclient::ObjectKey& key) {
  base::MutexLock lock(mutex_);
  Entry& entry = entries_[key];
  if (entry.locked) return {};
  entry.locked = true;
  return Hold(this, key, true);
}

KeyTable::Hold KeyTable::TryLockUnmarked(const objclient::ObjectKey& key) {
  base::MutexLock lock(mutex_);
  Entry& entry = entries_[key];
  if (!entry.idle()) return {};
  entry.locked = true;
  return Hold(this, key, true);
}

bool KeyTable::Marked(const objclient::ObjectKey& key) const {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.marks > 0;
}

KeyTable::Hold KeyTable::Mark(const objclient::ObjectKey& key) {
  base::MutexLock lock(mutex_);
  ++entries_[key].marks;
  return Hold(this, key, false);
}

void KeyTable::Release(const objclient::ObjectKey& key, bool exclusive) {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  CHECK(found != entries_.end());
  Entry& entry = found->second;
  if (exclusive) {
    entry.locked = false;
  } else {
    --entry.marks;
  }
  if (listings_ > 0) {
    entry.changed = ++sequence_;
  } else if (entry.idle()) {
    entries_.erase(found);
  }
}

std::uint64_t KeyTable::BeginListing() {
  base::MutexLock lock(mutex_);
  ++listings_;
  return sequence_;
}

void KeyTable::EndListing() {
  base::MutexLock lock(mutex_);
  // Past changes matter only to listings that began before them.
  if (--listings_ == 0)
    std::erase_if(entries_, [](const auto& item) { return item.second.idle(); });
}

KeyTable::Listing::Listing(KeyTable& table) : table_(table), began_(table.BeginListing()) {}

KeyTable::Listing::~Listing() { table_.EndListing(); }

bool KeyTable::Listing::Busy(const objclient::ObjectKey& key) const {
  base::MutexLock lock(table_.mutex_);
  const auto found = table_.entries_.find(key);
  if (found == table_.entries_.end()) return false;
  return !found->second.idle() || found->second.changed > began_;
}

}  // namespace fs
