// BlockCache: bytes of immutable objects, by (object id, offset). Three tiers: resident pool
// blocks, local sparse files with checksummed sidecars that survive a remount, the store. A miss is
// fetched once however many ask (single flight), by ranged GETs that merge neighbours and land in
// pool blocks; whoever asked is answered by the receiving thread as soon as its own bytes are
// there. Each object's reads are watched: sequential streams get read-ahead that grows to the
// store's bandwidth, random reads get exactly their pages, or granules where those can be checked:
// what the object's ref has sums of is compared with them before a reader gets it.
//
// Owned by the mount; any thread. Nothing here knows a name or a path of the mounted tree.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cache/block_pool.h"
#include "cache/read.h"
#include "objclient/object_store.h"

namespace cache {

struct BlockCacheOptions {
  std::filesystem::path directory;         // made when missing; holds <id>.data and <id>.sum
  std::uint64_t disk_bytes = 10ull << 30;  // --cache-size; 0 = no disk tier
  std::uint32_t connections = 32;          // most GETs in flight
  std::uint64_t range_bytes = 8u << 20;    // of a steady-state GET
  std::uint64_t window_bytes = 256u
                               << 20;  // most read-ahead of one stream (bounded by the pool too)
};

class BlockCache {
 public:
  static base::Result<std::unique_ptr<BlockCache>> Open(BlockCacheOptions options, BlockPool& pool,
                                                        objclient::ObjectStore& store,
                                                        base::Clock& clock, base::Metrics& metrics);
  // Finishes what is in flight, writes the sidecars.
  ~BlockCache();

  // Reads `range` (clipped by the caller to the object). A hit is returned at once and `done` is
  // not called; otherwise nothing is returned and `done` is called later. Errors: kConflict when
  // the object was replaced in the store, kCorrupt, kUnavailable...
  std::optional<PinnedBytes> Read(const ObjectRef& object, base::ByteRange range, ReadDone done);

  // Takes a complete or partial local file (a staged file) as the cached file of `object`: renames
  // `file` into the cache directory, or copies nothing and forgets it when that is on another file
  // system. `granule_crcs[i]` is the CRC-32C of granule i where present. `resident` blocks (index,
  // ref) become clean blocks of the object.
  struct Adopted {
    std::filesystem::path file;
    std::vector<std::optional<std::uint32_t>> granule_crcs;
    std::vector<std::pair<std::uint32_t, BlockRef>> resident;
  };
  void Adopt(const ObjectRef& object, Adopted adopted);

  // The bytes of `old_id` are those of `object` from now on (the object moved to another key): what
  // is cached of them stays.
  void Rename(std::int64_t old_id, const ObjectRef& object);

  // The object is gone: drops its blocks and files. Readers that hold bytes keep them.
  void Forget(std::int64_t object_id);

  struct Impl;

 private:
  explicit BlockCache(std::shared_ptr<Impl> impl);
  const std::shared_ptr<Impl> impl_;  // shared with the pool's reclaimer, which holds it weakly
};

// Granule: unit of presence in the disk tier, and of checksums everywhere.
inline constexpr std::uint64_t kGranuleSize = base::kSummedPieceSize;

// Reads a range of a file made of extents (holes are zeros), same contract as BlockCache::Read.
// `extents` are sorted by offset and do not overlap; the range is clipped by the caller to the
// size.
std::optional<PinnedBytes> ReadExtents(BlockCache& cache, const std::vector<FileExtent>& extents,
                                       base::ByteRange range, ReadDone done);

}  // namespace cache
