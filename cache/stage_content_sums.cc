// StageContent: the sums of what was committed, from those that were made on the way.
#include <algorithm>
#include <utility>

#include "base/digest/digest.h"
#include "cache/stage_content.h"

namespace cache {

std::uint32_t SumOfZeros(std::uint64_t length) {
  static const std::uint32_t whole = base::Crc32c(0, ZeroGranule());
  return length == kGranuleSize ? whole : base::Crc32c(0, ZeroGranule().first(length));
}

void StageContent::KeepSums(const View& view, std::uint32_t epoch) {
  const base::MutexLock lock(mutex_);
  const auto it = blocks_.find(view.index);
  if (it == blocks_.end()) return;
  Block& block = it->second;
  const auto fresh =
      static_cast<std::uint8_t>(view.full & Without(view.crc_known, block.crc_known));
  if (fresh == 0) return;
  const std::uint8_t full = Describe(view.index).full;
  for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
    const std::uint8_t bit = GranuleBit(g);
    if ((fresh & full & bit) == 0 || block.epoch[g] > epoch) continue;
    block.crc[g] = view.crc[g];
    block.crc_known |= bit;
  }
}

base::SharedPieceSums StageContent::Sums() const {
  base::PieceSums sums;
  const std::uint64_t end = size();
  sums.reserve(base::CountPieces(end));
  for (std::uint64_t index = 0; index * kBlockSize < end; ++index) {
    const base::MutexLock lock(mutex_);
    AppendSums(index, sums);
  }
  return base::Share(std::move(sums));
}

void StageContent::AppendSums(std::uint64_t index, base::PieceSums& sums) const {
  const View view = Describe(index);
  for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
    const base::ByteRange granule = base::Intersect(GranuleRange(index, g), {0, size_});
    if (granule.empty()) return;
    if ((view.some & GranuleBit(g)) == 0) {
      sums.push_back(SumOfBase(granule));
    } else {
      const bool known = (view.full & view.crc_known & GranuleBit(g)) != 0;
      sums.push_back(known ? view.crc[g] : 0);
    }
  }
}

// Of a granule without staged bytes.
std::uint32_t StageContent::SumOfBase(base::ByteRange granule) const {
  for (const FileExtent& extent : base_) {
    const base::ByteRange overlap = base::Intersect({extent.offset, extent.length}, granule);
    if (overlap.empty()) continue;
    const std::uint64_t from = granule.offset - extent.offset + extent.object_offset;
    const base::ByteRange theirs = base::Intersect(
        {from / kGranuleSize * kGranuleSize, kGranuleSize}, {0, extent.object.size});
    const bool same = overlap == granule && theirs == base::ByteRange{from, granule.length};
    return same ? extent.object.SumOf(from / kGranuleSize).value_or(0) : 0;
  }
  return SumOfZeros(granule.length);
}

}  // namespace cache
