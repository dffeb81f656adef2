// CacheState: what the rooms of the block cache share under one lock: the objects in memory, the
// order of letting blocks go, the reads that wait for room, and who is still inside.
//
// Lock order: CacheState::mutex, then the leaves (disk tier, block pool's own). Nothing is
// allocated from the pool, told to a reader or asked of the store while it is held.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

#include "base/metrics.h"
#include "base/mutex.h"
#include "cache/bandwidth_delay.h"
#include "cache/cached_object.h"

namespace cache {

// The counters of the cache; references live as long as the registry.
struct CacheMetrics {
  explicit CacheMetrics(base::Metrics& metrics);
  base::Counter& hit_bytes;               // answered at once from memory
  base::Counter& disk_bytes;              // read from the disk tier
  base::Counter& fetch_bytes;             // received from the store
  base::Counter& fetch_requests;          // GETs
  base::Counter& fetch_checked_bytes;     // of those: held against the object's sums
  base::Counter& fetch_corrupt_granules;  // and found to be others
  base::Counter& corrupt_granules;        // of the disk tier, found by checksum
  base::Counter& dropped_admissions;      // runs of granules that did not reach the disk
};

class CacheState {
 public:
  CacheState(std::uint64_t window_bytes, std::uint64_t shared_bytes, base::Metrics& metrics);

  // The object of that id, made when missing.
  std::shared_ptr<CachedObject> FindOrMake(const ObjectRef& object) REQUIRES(mutex);

  // A read that keeps `blocks` blocks in place until it is answered may start now. Together they
  // never keep more than half of the pool, so that each can get the blocks it still lacks.
  bool HasRoom(std::size_t blocks) const REQUIRES(mutex);

  // Tells the readers, then lets reads start that waited for room.
  void Deliver(Answers answers) EXCLUDES(mutex);

  // Read-ahead found no memory, or found it.
  void ShrinkWindow() REQUIRES(mutex);
  void GrowWindow() REQUIRES(mutex);
  // What one stream may be ahead of its reader.
  std::uint64_t window_bytes() const REQUIRES(mutex) {
    return std::min(window_bytes_, bandwidth_delay.window_bytes());
  }

  // Whoever will come back later is inside; closing waits until all have left. Leave is the last
  // thing its caller does with the cache.
  void Enter() REQUIRES(mutex) { ++inside_; }
  void Leave() EXCLUDES(mutex);
  void WaitUntilEmpty() EXCLUDES(mutex);

  mutable base::Mutex mutex;
  CacheMetrics metrics;                   // constant after construction
  const std::uint64_t shared_bytes;       // most read-ahead of all streams together
  const std::size_t most_awaited_blocks;  // see HasRoom
  std::function<void()> start_queued;     // constant after Open; called without the lock

  // --- guarded by mutex ---
  BlockLru lru GUARDED_BY(mutex);  // outlives the objects
  std::unordered_map<std::int64_t, std::shared_ptr<CachedObject>> objects GUARDED_BY(mutex);
  StreamCensus census GUARDED_BY(mutex);
  BandwidthDelay bandwidth_delay GUARDED_BY(mutex);  // of the way to the store
  struct QueuedRead {
    std::shared_ptr<CachedObject> object;
    base::ByteRange range;
    ReadDone done;
  };
  std::deque<QueuedRead> queued GUARDED_BY(mutex);  // wait for room
  std::size_t awaited_blocks GUARDED_BY(mutex) = 0;
  bool closing GUARDED_BY(mutex) = false;

 private:
  void Prune() REQUIRES(mutex);

  const std::uint64_t most_window_bytes_;
  std::uint64_t window_bytes_ GUARDED_BY(mutex);
  std::size_t prune_at_ GUARDED_BY(mutex) = 1024;  // objects
  std::size_t inside_ GUARDED_BY(mutex) = 0;
  base::CondVar left_;
};

}  // namespace cache
