// DiskReader: the lane to the disk tier. A want becomes one direct read of whole granules into pool
// blocks, verified before anybody sees them. Granules that are not good go to the other lane: the
// store has them too.
//
// Owned by the cache; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/executor.h"
#include "cache/disk_tier.h"
#include "cache/lane.h"

namespace cache {

class DiskReader {
 public:
  // All must outlive it. `readers` has room for every flight of the lane.
  DiskReader(Lane::Options options, CacheState& state, BlockPool& pool, base::Executor& waiting,
             base::Executor& readers, DiskTier& tier, Lane& store_lane);

  Lane& lane() { return lane_; }

 private:
  void Run(Want& want);
  // Where each granule of a want is read to: its place in the pool when no page of it is in use,
  // else a buffer aside.
  struct Target {
    std::span<std::byte> memory;
    std::vector<std::byte> aside;
  };
  std::vector<Target> Targets(const Want& want) EXCLUDES(state_.mutex);
  void CopyClaimed(const Want& want, std::uint64_t granule, std::span<const std::byte> bytes)
      EXCLUDES(state_.mutex);
  Answers Finish(const Want& want, const std::vector<bool>& good) EXCLUDES(state_.mutex);

  CacheState& state_;
  base::Executor& readers_;
  DiskTier& tier_;
  Lane& store_lane_;
  Lane lane_;
};

}  // namespace cache
