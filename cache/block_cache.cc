#include "cache/block_cache.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "cache/cache_state.h"
#include "cache/fetcher.h"
#include "cache/lane.h"

namespace cache {
namespace {

// Read-ahead and waiting reads may each hold this part of the pool.
std::uint64_t HalfOf(const BlockPool& pool) { return pool.capacity_blocks() / 2 * kBlockSize; }

}  // namespace

struct BlockCache::Impl {
  Impl(BlockCacheOptions cache_options, BlockPool& pool, objclient::ObjectStore& store,
       base::Clock& system_clock, base::Metrics& metrics);

  std::optional<PinnedBytes> Read(const ObjectRef& object, base::ByteRange range, ReadDone done)
      EXCLUDES(state.mutex);
  void Park(const std::shared_ptr<CachedObject>& object, base::ByteRange range, ReadDone done)
      REQUIRES(state.mutex);
  void Claim(const std::shared_ptr<CachedObject>& object, base::ByteRange range, bool demand)
      REQUIRES(state.mutex);
  void StartQueued() EXCLUDES(state.mutex);
  void Landed(const std::shared_ptr<CachedObject>& object, base::ByteRange range)
      EXCLUDES(state.mutex);
  std::size_t Reclaim(std::size_t count) EXCLUDES(state.mutex);
  void Pump() { fetcher.lane().Pump(); }
  void Close() EXCLUDES(state.mutex);

  // --- constant after construction, until Close ---
  const BlockCacheOptions options;
  base::Clock& clock;
  CacheState state;
  std::optional<base::Executor> waiting;  // for free blocks: a thread for each lane
  Fetcher fetcher;
};

BlockCache::Impl::Impl(BlockCacheOptions cache_options, BlockPool& pool,
                       objclient::ObjectStore& store, base::Clock& system_clock,
                       base::Metrics& metrics)
    : options(std::move(cache_options)),
      clock(system_clock),
      state(options.window_bytes, HalfOf(pool), metrics),
      waiting(std::in_place, base::Executor::Options{"cache-wait", 2, 2}),
      fetcher({.depth = options.connections, .max_bytes = options.range_bytes}, state, pool,
              *waiting, store,
              [this](const std::shared_ptr<CachedObject>& object, base::ByteRange range) {
                Landed(object, range);
              }) {
  state.start_queued = [this] { StartQueued(); };
}

std::optional<PinnedBytes> BlockCache::Impl::Read(const ObjectRef& ref, base::ByteRange range,
                                                  ReadDone done) {
  if (range.empty()) return PinnedBytes{};
  std::optional<PinnedBytes> hit;
  bool pump = false;
  {
    const base::MutexLock lock(state.mutex);
    const std::shared_ptr<CachedObject> object = state.FindOrMake(ref);
    const ReadAhead::Limits limits{.range_bytes = options.range_bytes,
                                   .window_bytes = state.window_bytes(),
                                   .shared_bytes = state.shared_bytes};
    const ReadAhead::Advice advice = object->read_ahead.Observe(
        range, object->HasGap(range), limits, state.census, clock.MonotonicNs());
    if (object->Covers(range)) {
      hit = object->Pin(range);
    } else if (state.queued.empty() && state.HasRoom(CachedObject::BlocksOf(range))) {
      Park(object, range, std::move(done));
      pump = true;
    } else {
      state.queued.push_back({object, range, std::move(done)});
    }
    if (!advice.fetch.empty()) {
      Claim(object, advice.fetch, false);
      pump = true;
    }
    if (!advice.spent.empty()) object->Spend(advice.spent);
  }
  if (hit) state.metrics.hit_bytes.Add(range.length);
  if (pump) Pump();
  return hit;
}

void BlockCache::Impl::Park(const std::shared_ptr<CachedObject>& object, base::ByteRange range,
                            ReadDone done) {
  state.awaited_blocks += CachedObject::BlocksOf(range);
  object->Park(range, std::move(done));
  Claim(object, range, true);
}

void BlockCache::Impl::Claim(const std::shared_ptr<CachedObject>& object, base::ByteRange range,
                             bool demand) {
  // What is claimed already may still be queued as read-ahead.
  if (demand) fetcher.lane().Promote(*object, WholePages(range));
  for (const base::ByteRange& run : object->Claim(range)) {
    fetcher.lane().Push({object, run, demand});
  }
}

// Reads that waited for room, as far as there is room now.
void BlockCache::Impl::StartQueued() {
  Answers hits;
  {
    const base::MutexLock lock(state.mutex);
    while (!state.queued.empty()) {
      CacheState::QueuedRead& read = state.queued.front();
      if (state.closing) {
        hits.push_back({std::move(read.done),
                        base::Error(base::ErrorClass::kCancelled, "cache is closing"), 0});
      } else if (read.object->Covers(read.range)) {
        hits.push_back({std::move(read.done), read.object->Pin(read.range), 0});
      } else if (state.HasRoom(CachedObject::BlocksOf(read.range))) {
        Park(read.object, read.range, std::move(read.done));
      } else {
        break;
      }
      state.queued.pop_front();
    }
  }
  Pump();
  for (Answer& hit : hits) hit.done(std::move(hit.result));
}

void BlockCache::Impl::Landed(const std::shared_ptr<CachedObject>& object, base::ByteRange range) {
  const base::MutexLock lock(state.mutex);
  object->Settle(range);
}

std::size_t BlockCache::Impl::Reclaim(std::size_t count) {
  std::vector<BlockRef> blocks;
  {
    const base::MutexLock lock(state.mutex);
    blocks = state.lru.Evict(count);
  }
  return blocks.size();  // they are free when this returns
}

void BlockCache::Impl::Close() {
  {
    const base::MutexLock lock(state.mutex);
    state.closing = true;
  }
  StartQueued();
  state.WaitUntilEmpty();
  waiting.reset();
}

BlockCache::BlockCache(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

BlockCache::~BlockCache() { impl_->Close(); }

base::Result<std::unique_ptr<BlockCache>> BlockCache::Open(BlockCacheOptions options,
                                                           BlockPool& pool,
                                                           objclient::ObjectStore& store,
                                                           base::Clock& clock,
                                                           base::Metrics& metrics) {
  auto impl = std::make_shared<Impl>(std::move(options), pool, store, clock, metrics);
  pool.AddReclaimer([weak = std::weak_ptr<Impl>(impl)](std::size_t count) -> std::size_t {
    const auto strong = weak.lock();
    return strong == nullptr ? 0 : strong->Reclaim(count);
  });
  return std::unique_ptr<BlockCache>(new BlockCache(std::move(impl)));
}

std::optional<PinnedBytes> BlockCache::Read(const ObjectRef& object, base::ByteRange range,
                                            ReadDone done) {
  return impl_->Read(object, range, std::move(done));
}

void BlockCache::Adopt(const ObjectRef& ref, Adopted adopted) {
  const base::MutexLock lock(impl_->state.mutex);
  const std::shared_ptr<CachedObject> object = impl_->state.FindOrMake(ref);
  for (auto& [index, block] : adopted.resident) object->Adopt(index, std::move(block), true);
}

void BlockCache::Forget(std::int64_t object_id) {
  const base::MutexLock lock(impl_->state.mutex);
  const auto found = impl_->state.objects.find(object_id);
  if (found == impl_->state.objects.end()) return;
  found->second->Forget();
  impl_->state.objects.erase(found);
}

}  // namespace cache
