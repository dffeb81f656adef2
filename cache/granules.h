// Arithmetic of blocks (1 MiB, of the pool) and granules (128 KiB, of presence and checksums) of a
// staged file. Sets of a block's granules are bits of one byte.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "cache/block_cache.h"
#include "cache/block_pool.h"

namespace cache {

inline constexpr std::uint64_t kGranulesPerBlock = kBlockSize / kGranuleSize;
inline constexpr std::uint8_t kAllGranules = 0xff;
static_assert(kGranulesPerBlock == 8);

inline base::ByteRange BlockRange(std::uint64_t index) { return {index * kBlockSize, kBlockSize}; }
inline base::ByteRange GranuleRange(std::uint64_t index, std::uint64_t granule) {
  return {index * kBlockSize + granule * kGranuleSize, kGranuleSize};
}
inline std::uint8_t GranuleBit(std::uint64_t granule) {
  return static_cast<std::uint8_t>(1u << granule);
}
inline std::uint8_t Without(std::uint8_t set, std::uint8_t taken) {
  return static_cast<std::uint8_t>(set & ~taken);
}
// The granules of block `index` that `range` touches.
inline std::uint8_t GranulesOf(std::uint64_t index, base::ByteRange range) {
  const base::ByteRange inside = base::Intersect(range, BlockRange(index));
  if (inside.empty()) return 0;
  const std::uint64_t first = (inside.offset % kBlockSize) / kGranuleSize;
  const std::uint64_t last = ((inside.end() - 1) % kBlockSize) / kGranuleSize;
  return static_cast<std::uint8_t>((0xffu << first) & (0xffu >> (kGranulesPerBlock - 1 - last)));
}
// Those of them that it covers wholly.
inline std::uint8_t WholeGranulesOf(std::uint64_t index, base::ByteRange range) {
  std::uint8_t whole = 0;
  for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
    if (base::Intersect(GranuleRange(index, g), range).length == kGranuleSize) {
      whole |= GranuleBit(g);
    }
  }
  return whole;
}

}  // namespace cache
