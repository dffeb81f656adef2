#include "cache/block_cache.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/log.h"
#include "cache/admission.h"
#include "cache/cache_state.h"
#include "cache/disk_reader.h"
#include "cache/disk_tier.h"
#include "cache/fetcher.h"
#include "cache/lane.h"

namespace cache {
namespace {

// Read-ahead and waiting reads may each hold this part of the pool.
std::uint64_t HalfOf(const BlockPool& pool) { return pool.capacity_blocks() / 2 * kBlockSize; }

constexpr std::size_t kDiskReads = 8;               // at a time
constexpr std::uint64_t kDiskReadBytes = 2u << 20;  // of one
constexpr std::size_t kDiskThreads = 4;

base::ByteRange WholeGranules(const base::ByteRange& range) {
  const std::uint64_t start = range.offset / kGranuleSize * kGranuleSize;
  return {start, (range.end() + kGranuleSize - 1) / kGranuleSize * kGranuleSize - start};
}

base::ByteRange InFirstGranule(const base::ByteRange& range) {
  return base::Intersect(range, {range.offset / kGranuleSize * kGranuleSize, kGranuleSize});
}

bool Touches(const std::vector<base::ByteRange>& runs, const base::ByteRange& range) {
  return std::any_of(runs.begin(), runs.end(), [&](const base::ByteRange& run) {
    return !base::Intersect(run, range).empty();
  });
}

}  // namespace

struct BlockCache::Impl {
  // `tier` empty = no disk tier.
  Impl(BlockCacheOptions cache_options, BlockPool& pool, objclient::ObjectStore& store,
       base::Clock& system_clock, base::Metrics& metrics, std::unique_ptr<DiskTier> tier);

  std::optional<PinnedBytes> Read(const ObjectRef& object, base::ByteRange range, ReadDone done)
      EXCLUDES(state.mutex);
  void Park(const std::shared_ptr<CachedObject>& object, base::ByteRange range, ReadDone done)
      REQUIRES(state.mutex);
  void Claim(const std::shared_ptr<CachedObject>& object, base::ByteRange range, bool demand)
      REQUIRES(state.mutex);
  void ClaimOnDisk(const std::shared_ptr<CachedObject>& object, base::ByteRange range, bool demand,
                   std::uint64_t& claimed_to) REQUIRES(state.mutex);
  void StartQueued() EXCLUDES(state.mutex);
  void Adopt(const ObjectRef& object, Adopted adopted) EXCLUDES(state.mutex);
  std::shared_ptr<DiskFile> AdoptFile(const ObjectRef& object, const Adopted& adopted);
  void Rename(std::int64_t old_id, const ObjectRef& object) EXCLUDES(state.mutex);
  void Forget(std::int64_t object_id) EXCLUDES(state.mutex);
  void Landed(const std::shared_ptr<CachedObject>& object, base::ByteRange range)
      EXCLUDES(state.mutex);
  std::size_t Reclaim(std::size_t count) EXCLUDES(state.mutex);
  void Pump() EXCLUDES(state.mutex);
  void Close() EXCLUDES(state.mutex);

  // --- constant after construction, until Close ---
  const BlockCacheOptions options;
  base::Clock& clock;
  CacheState state;
  std::optional<base::Executor> waiting;  // for free blocks: a thread for each lane
  const std::unique_ptr<DiskTier> disk;   // these four empty = no disk tier
  std::optional<base::Executor> readers;
  std::optional<Admission> admission;
  std::optional<DiskReader> disk_reader;
  Fetcher fetcher;
};

BlockCache::Impl::Impl(BlockCacheOptions cache_options, BlockPool& pool,
                       objclient::ObjectStore& store, base::Clock& system_clock,
                       base::Metrics& metrics, std::unique_ptr<DiskTier> tier)
    : options(std::move(cache_options)),
      clock(system_clock),
      state(options.window_bytes, HalfOf(pool), metrics),
      waiting(std::in_place, base::Executor::Options{"cache-wait", 2, 2}),
      disk(std::move(tier)),
      fetcher({.depth = options.connections, .max_bytes = options.range_bytes}, state, pool,
              *waiting, store, clock,
              [this](const std::shared_ptr<CachedObject>& object, base::ByteRange range) {
                Landed(object, range);
              }) {
  state.start_queued = [this] { StartQueued(); };
  if (disk == nullptr) return;
  readers.emplace(base::Executor::Options{"cache-disk", kDiskThreads, kDiskReads});
  admission.emplace(Admission::Options{}, state, *disk);
  disk_reader.emplace(Lane::Options{.depth = kDiskReads, .max_bytes = kDiskReadBytes}, state, pool,
                      *waiting, *readers, *disk, fetcher.lane());
}

void BlockCache::Impl::Pump() {
  fetcher.lane().Pump();
  if (disk_reader) disk_reader->lane().Pump();
}

std::optional<PinnedBytes> BlockCache::Impl::Read(const ObjectRef& ref, base::ByteRange range,
                                                  ReadDone done) {
  if (range.empty()) return PinnedBytes{};
  std::optional<PinnedBytes> hit;
  bool pump = false;
  std::shared_ptr<DiskFile> file = disk == nullptr ? nullptr : disk->Find(ref);
  {
    const base::MutexLock lock(state.mutex);
    const std::shared_ptr<CachedObject> object = state.FindOrMake(ref);
    if (file != nullptr) object->file = std::move(file);
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
  // Less than a granule has no sum to be held against.
  if (object->ref.sums != nullptr) range = WholeGranules(range);
  if (demand) {
    // What is claimed already may still be queued as read-ahead.
    fetcher.lane().Promote(*object, WholePages(range));
    if (disk_reader) disk_reader->lane().Promote(*object, WholePages(range));
  }
  std::vector<base::ByteRange> busy;
  if (object->file != nullptr) busy = object->Claimed(WholeGranules(range));
  std::uint64_t claimed_to = 0;
  for (const base::ByteRange& run : object->Claim(range)) {
    if (object->file == nullptr) {
      fetcher.lane().Push({object, run, demand});
      continue;
    }
    for (const auto& [part, on_disk] : disk->Split(*object->file, run)) {
      for (base::ByteRange rest = part; !rest.empty();) {
        // A flight publishes its own pages only, and the disk's are whole granules: one that came
        // to the disk while a GET was bringing pages of it (an adopted file) is the store's.
        const base::ByteRange piece = on_disk && !busy.empty() ? InFirstGranule(rest) : rest;
        if (on_disk && !Touches(busy, WholeGranules(piece))) {
          ClaimOnDisk(object, piece, demand, claimed_to);
        } else {
          fetcher.lane().Push({object, piece, demand});
        }
        rest = {piece.end(), rest.length - piece.length};
      }
    }
  }
}

// The disk is read by whole granules, each by one flight: up to `claimed_to` that is arranged.
void BlockCache::Impl::ClaimOnDisk(const std::shared_ptr<CachedObject>& object,
                                   base::ByteRange range, bool demand, std::uint64_t& claimed_to) {
  const std::uint64_t pages_end = WholePages({0, object->ref.size}).length;
  const std::uint64_t start = std::max(claimed_to, WholeGranules(range).offset);
  const std::uint64_t end = std::min(pages_end, WholeGranules(range).end());
  if (start >= end) return;
  claimed_to = end;
  object->Claim({start, end - start});
  disk_reader->lane().Push({object, {start, end - start}, demand});
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
  std::vector<base::ByteRange> runs;
  {
    const base::MutexLock lock(state.mutex);
    if (admission) {
      runs = object->OfferGranules(range);
    } else {
      object->Settle(range, Kept::kNowhere);
    }
  }
  if (admission) admission->Offer(object, runs);
}

void BlockCache::Impl::Adopt(const ObjectRef& ref, Adopted adopted) {
  std::shared_ptr<DiskFile> file = AdoptFile(ref, adopted);
  std::vector<base::ByteRange> runs;
  std::shared_ptr<CachedObject> object;
  {
    const base::MutexLock lock(state.mutex);
    object = state.FindOrMake(ref);
    object->file = std::move(file);
    for (auto& [index, block] : adopted.resident) {
      const base::ByteRange range =
          base::Intersect({index * std::uint64_t{kBlockSize}, kBlockSize}, {0, ref.size});
      if (range.empty()) continue;
      object->Adopt(index, std::move(block));
      if (object->file != nullptr) {
        for (const auto& [part, on_disk] : disk->Split(*object->file, range)) {
          if (on_disk) object->Settle(part, Kept::kOnDisk);
        }
      }
      if (!admission) object->Settle(range, Kept::kNowhere);
      for (const base::ByteRange& run : object->OfferGranules(range)) runs.push_back(run);
    }
  }
  if (admission) admission->Offer(object, runs);
}

std::shared_ptr<DiskFile> BlockCache::Impl::AdoptFile(const ObjectRef& ref,
                                                      const Adopted& adopted) {
  if (adopted.file.empty()) return nullptr;
  if (disk != nullptr) {
    auto taken = disk->Adopt(ref, adopted.file, adopted.granule_crcs);
    if (taken.ok()) {
      admission->SaveSoon();
      return std::move(taken).value();
    }
    LOG_INFO("staged file not kept as cache object={} reason={}", ref.id, taken.error().ToString());
  }
  std::error_code ignored;  // the owner sweeps what stays
  std::filesystem::remove(adopted.file, ignored);
  return nullptr;
}

void BlockCache::Impl::Rename(std::int64_t old_id, const ObjectRef& ref) {
  std::shared_ptr<DiskFile> file;
  if (disk != nullptr) {
    file = disk->Rename(old_id, ref);
    admission->SaveSoon();
  }
  std::shared_ptr<CachedObject> object;
  std::vector<base::ByteRange> runs;
  {
    const base::MutexLock lock(state.mutex);
    object = state.FindOrMake(ref);
    if (file != nullptr) object->file = std::move(file);
    const auto found = state.objects.find(old_id);
    if (found == state.objects.end() || found->second == object) return;
    const std::shared_ptr<CachedObject> old = found->second;
    if (old->ref.size == ref.size) {
      for (const base::ByteRange& range : object->TakeBlocks(*old)) {
        for (const base::ByteRange& run : object->OfferGranules(range)) runs.push_back(run);
      }
    }
    old->Forget();
    state.objects.erase(old_id);
  }
  if (admission) admission->Offer(object, runs);
}

void BlockCache::Impl::Forget(std::int64_t object_id) {
  {
    const base::MutexLock lock(state.mutex);
    const auto found = state.objects.find(object_id);
    if (found != state.objects.end()) {
      found->second->Forget();
      state.objects.erase(found);
    }
  }
  if (admission) admission->Drop(object_id);
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
  readers.reset();
  admission.reset();
  waiting.reset();
}

BlockCache::BlockCache(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

BlockCache::~BlockCache() { impl_->Close(); }

base::Result<std::unique_ptr<BlockCache>> BlockCache::Open(BlockCacheOptions options,
                                                           BlockPool& pool,
                                                           objclient::ObjectStore& store,
                                                           base::Clock& clock,
                                                           base::Metrics& metrics) {
  std::unique_ptr<DiskTier> tier;
  if (options.disk_bytes > 0) {
    TRY_ASSIGN(tier,
               DiskTier::Open({.directory = options.directory, .limit_bytes = options.disk_bytes}));
  }
  auto impl =
      std::make_shared<Impl>(std::move(options), pool, store, clock, metrics, std::move(tier));
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

void BlockCache::Adopt(const ObjectRef& object, Adopted adopted) {
  impl_->Adopt(object, std::move(adopted));
}

void BlockCache::Rename(std::int64_t old_id, const ObjectRef& object) {
  impl_->Rename(old_id, object);
}

void BlockCache::Forget(std::int64_t object_id) { impl_->Forget(object_id); }

}  // namespace cache
