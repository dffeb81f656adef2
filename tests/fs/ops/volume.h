// Volume: a whole volume on a temporary directory, for tests of fs/ops: SqliteCatalog, BlockPool,
// BlockCache and Staging as in the program, over a bucket that lives as long as the test,
// so that it can be mounted again after an unmount or a crash. The test sees the bucket directly,
// as another tool would, and may plan faults for what the volume sees.
//
// Paths are relative to the root ("a/b"). Calls are synchronous: they wait for their completion.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "cache/block_cache.h"
#include "cache/block_pool.h"
#include "cache/staging.h"
#include "fs/filesystem.h"
#include "meta/catalog.h"
#include "objclient/object_store.h"
#include "tests/support/faulty_store.h"
#include "tests/support/temp_dir.h"

namespace fs {

// Real time, moved forward at will.
class ShiftedClock final : public base::Clock {
 public:
  std::int64_t WallNs() const override { return base::SystemClock().WallNs() + shift_ns_.load(); }
  std::int64_t MonotonicNs() const override {
    return base::SystemClock().MonotonicNs() + shift_ns_.load();
  }
  void Sleep(std::chrono::nanoseconds duration) override { base::SystemClock().Sleep(duration); }
  void Shift(std::chrono::nanoseconds by) { shift_ns_.fetch_add(by.count()); }

 private:
  std::atomic<std::int64_t> shift_ns_{0};  // atomic: read by every thread of the volume
};

class Volume {
 public:
  struct Handle {
    meta::InodeId inode{};
    HandleId id{};
  };

  // Over a bucket in memory, or the given one.
  Volume();
  explicit Volume(const std::function<std::unique_ptr<objclient::ObjectStore>(Volume&)>& make);
  ~Volume();

  // --- life ---
  void Mount();
  // Sends everything and stops.
  base::Status Unmount(std::uint64_t deadline_ms = 20000);
  // Stops at once; nothing more is sent, nothing is tidied up.
  void Crash();
  Filesystem& filesystem() { return *filesystem_; }
  meta::Catalog& catalog() { return *catalog_; }
  FilesystemOptions options;  // for the next Mount
  ShiftedClock clock;
  base::Metrics metrics;
  const testing_support::TempDir& directory() const { return directory_; }

  // --- the bucket, as others see it ---
  objclient::ObjectStore& bucket() { return *bucket_; }
  void BucketPut(const std::string& key, const std::string& content);
  std::optional<std::string> BucketGet(const std::string& key);
  std::vector<std::string> BucketKeys();
  // Every request that `fails` names gets the error, until the next call.
  using Plan = testing_support::FaultyStore::Plan;
  void PlanFaults(Plan plan);

  // --- the mount ---
  base::Result<meta::Inode> Stat(const std::string& path);
  base::Result<std::vector<std::string>> List(const std::string& path);
  base::Status MakeDir(const std::string& path);
  base::Status RemoveDir(const std::string& path);
  base::Status Unlink(const std::string& path);
  base::Status Rename(const std::string& from, const std::string& to, unsigned flags = 0);
  base::Result<meta::Inode> SetAttr(const std::string& path, const meta::AttrChange& change,
                                    std::optional<std::uint64_t> size = std::nullopt,
                                    std::optional<Handle> handle = std::nullopt);
  // open(2); O_CREAT makes the file.
  base::Result<Handle> Open(const std::string& path, int flags);
  base::Status Write(const Handle& handle, std::uint64_t offset, const std::string& bytes);
  base::Result<std::string> Read(const Handle& handle, std::uint64_t offset, std::uint64_t length);
  base::Status Flush(const Handle& handle);
  base::Status Fsync(const Handle& handle);
  void Release(const Handle& handle);
  base::Status Close(const Handle& handle);  // Flush, then Release
  // open(O_CREAT | O_TRUNC), write, close.
  base::Status Save(const std::string& path, const std::string& content);
  base::Result<std::string> Load(const std::string& path);
  // Waits until `holds`; false after ten seconds.
  bool Await(const std::function<bool()>& holds);

 private:
  struct Place {
    meta::InodeId parent{};
    std::string name;
  };
  base::Result<Place> Find(const std::string& path);
  base::Result<meta::Inode> Lookup(meta::InodeId parent, const std::string& name);
  std::optional<testing_support::Fault> Fault(testing_support::Verb verb,
                                              const objclient::ObjectKey& key);

  testing_support::TempDir directory_;
  objclient::ObjectStore* bucket_ = nullptr;  // owned by store_
  base::Mutex mutex_;
  Plan plan_;
  std::unique_ptr<testing_support::FaultyStore> store_;
  std::unique_ptr<meta::Catalog> catalog_;
  std::unique_ptr<cache::BlockPool> pool_;
  std::unique_ptr<cache::BlockCache> cache_;
  std::unique_ptr<cache::Staging> staging_;
  std::unique_ptr<Filesystem> filesystem_;
};

}  // namespace fs
