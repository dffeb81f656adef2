// KeyTable: which keys of the bucket this mount is working on. Three uses:
//   TryLock   one upload, move or delete works on a key at a time; who comes second goes elsewhere.
//   Mark      a file with unsent changes was read from this key; listings must leave it alone.
//   Listing   a listing under way; Busy(key) says that what it shows of the key may be out of date:
//             the key is locked or marked, or was since the listing began.
// Tokens are move-only and give back on destruction; they must not outlive the table. Any thread; a
// leaf in the lock order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "objclient/object.h"

namespace fs {

class KeyTable {
 public:
  // A lock or a mark, see above; empty when the key was taken.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept
        : table_(std::exchange(other.table_, nullptr)),
          key_(std::move(other.key_)),
          exclusive_(other.exclusive_) {}
    Hold& operator=(Hold&& other) noexcept;
    ~Hold() { Release(); }
    explicit operator bool() const { return table_ != nullptr; }
    void Release();

   private:
    friend class KeyTable;
    Hold(KeyTable* table, objclient::ObjectKey key, bool exclusive)
        : table_(table), key_(std::move(key)), exclusive_(exclusive) {}
    KeyTable* table_ = nullptr;
    objclient::ObjectKey key_;
    bool exclusive_ = false;
  };

  class Listing {
   public:
    explicit Listing(KeyTable& table);
    ~Listing();
    Listing(const Listing&) = delete;
    Listing& operator=(const Listing&) = delete;
    bool Busy(const objclient::ObjectKey& key) const;

   private:
    KeyTable& table_;
    const std::uint64_t began_;
  };

  [[nodiscard]] Hold TryLock(const objclient::ObjectKey& key) EXCLUDES(mutex_);
  // For those who make the bytes at the key go away: empty when it is marked as well.
  [[nodiscard]] Hold TryLockUnmarked(const objclient::ObjectKey& key) EXCLUDES(mutex_);
  bool Marked(const objclient::ObjectKey& key) const EXCLUDES(mutex_);
  [[nodiscard]] Hold Mark(const objclient::ObjectKey& key) EXCLUDES(mutex_);

 private:
  struct Entry {
    bool locked = false;
    std::size_t marks = 0;
    std::uint64_t changed = 0;  // sequence number of the last release while a listing ran
    bool idle() const { return !locked && marks == 0; }
  };
  void Release(const objclient::ObjectKey& key, bool exclusive) EXCLUDES(mutex_);
  std::uint64_t BeginListing() EXCLUDES(mutex_);
  void EndListing() EXCLUDES(mutex_);

  mutable base::Mutex mutex_;
  std::unordered_map<objclient::ObjectKey, Entry> entries_ GUARDED_BY(mutex_);
  std::uint64_t sequence_ GUARDED_BY(mutex_) = 0;
  std::size_t listings_ GUARDED_BY(mutex_) = 0;
};

}  // namespace fs
