// Admission: brings bytes that came from the store to the disk tier, behind the reader. It holds no
// memory while runs of granules wait: a run whose blocks were let go meanwhile is dropped, so a
// slow or full disk costs admissions and never a read.
//
// Owned by the cache; any thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/executor.h"
#include "cache/cache_state.h"
#include "cache/disk_tier.h"

namespace cache {

class Admission {
 public:
  struct Options {
    std::size_t threads = 2;
    std::size_t queue_limit = 4096;              // runs
    std::chrono::milliseconds save_delay{2000};  // between a change and its sidecar
  };
  // `state` and `tier` must outlive it.
  Admission(Options options, CacheState& state, DiskTier& tier);
  // Finishes what is queued and writes the sidecars.
  ~Admission();

  // Runs of whole granules of `object`, in bytes.
  void Offer(const std::shared_ptr<CachedObject>& object, const std::vector<base::ByteRange>& runs)
      EXCLUDES(state_.mutex);
  // The tier changed: its sidecars are written soon.
  void SaveSoon() EXCLUDES(mutex_);
  // Unlinks the object's files on a thread of its own.
  void Drop(std::int64_t object_id);

 private:
  // Granules that are still in memory, with what keeps them there.
  struct Batch {
    std::uint64_t first = 0;
    std::vector<std::span<const std::byte>> memory;  // whole pages
    std::vector<std::uint32_t> crcs;
    std::vector<BlockRef> pins;
    base::ByteRange range;
  };
  void Run(const std::shared_ptr<CachedObject>& object, const base::ByteRange& run);
  std::vector<Batch> Collect(CachedObject& object, const base::ByteRange& run)
      EXCLUDES(state_.mutex);

  const Options options_;
  CacheState& state_;
  DiskTier& tier_;
  base::Mutex mutex_;
  bool save_due_ GUARDED_BY(mutex_) = false;  // a save is on its way
  std::optional<base::Executor> executor_;    // these two last: they run on the members above
  std::optional<base::Timer> timer_;
};

}  // namespace cache
