// StageContent: what is in memory, for senders, readers and the pool's reclaimer.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/digest/digest.h"
#include "cache/stage_content.h"

namespace cache {
namespace {

const std::array<std::byte, kGranuleSize> kZeros{};

base::Error Lost() {
  return base::Error(base::ErrorClass::kNoSpace,
                     "the staging disk is full: these bytes have left memory and can be read again "
                     "only after the file is committed");
}

}  // namespace

std::span<const std::byte, kGranuleSize> ZeroGranule() { return kZeros; }

std::uint32_t StageContent::View::Sum(std::uint64_t granule) const {
  if ((crc_known & GranuleBit(granule)) != 0) return crc[granule];
  std::uint32_t sum = 0;
  for (const base::ByteRange& piece : staged.In(GranuleRange(index, granule))) {
    sum = base::Crc32c(sum, ref.bytes().subspan(piece.offset % kBlockSize, piece.length));
  }
  return sum;
}

StageContent::View StageContent::Describe(std::uint64_t index) const {
  View view;
  view.index = index;
  const auto it = blocks_.find(index);
  if (it == blocks_.end()) return view;
  view.ref = it->second.ref;
  view.resident = it->second.resident;
  view.far = it->second.far;
  view.crc_known = it->second.crc_known;
  view.crc = it->second.crc;
  for (const base::ByteRange& piece : staged_.In(BlockRange(index))) view.staged.Add(piece);
  for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
    base::ByteRange granule = GranuleRange(index, g);
    if (granule.offset >= size_) break;
    granule.length = std::min(granule.length, size_ - granule.offset);
    if (view.staged.Overlaps(granule)) view.some |= GranuleBit(g);
    if (view.staged.Contains(granule)) view.full |= GranuleBit(g);
  }
  return view;
}

std::uint8_t StageContent::Missing(const View& view, std::uint8_t wanted) const {
  return Without(static_cast<std::uint8_t>(view.some & wanted), view.resident);
}

base::Result<StageContent::View> StageContent::MakeResident(std::uint64_t index, Memory memory,
                                                            std::uint8_t wanted) {
  BlockRef fresh;
  while (true) {
    View view;
    std::uint8_t missing = 0;
    {
      const base::MutexLock lock(mutex_);
      view = Describe(index);
      missing = Missing(view, wanted);
      if (missing == 0) return view;
      for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
        if ((missing & GranuleBit(g)) != 0 && lost_.Overlaps(GranuleRange(index, g))) return Lost();
      }
    }
    // What Merge swapped out may be in a reader's hands.
    if (fresh && fresh.use_count() > 1) fresh = BlockRef();
    if (!fresh) {
      TRY_ASSIGN(fresh, memory == Memory::kReserved ? shared_.pool.AllocateReserved()
                                                    : shared_.pool.Allocate());
    }
    TRY_ASSIGN(const std::uint8_t good, ReadBack(view, missing, fresh));
    const base::MutexLock lock(mutex_);
    // What changed while we read proves nothing: the next round looks again.
    if (Unchanged(view, Without(missing, good)) != 0) {
      return base::Error(base::ErrorClass::kCorrupt,
                         "staged file " + name_ + ": bytes on disk are not what was written");
    }
    Merge(index, Unchanged(view, good), fresh);
    view = Describe(index);
    if (Missing(view, wanted) == 0) return view;
  }
}

// Reads granules of `view` from disk into their places. Answers those whose checksum is right.
base::Result<std::uint8_t> StageContent::ReadBack(const View& view, std::uint8_t missing,
                                                  BlockRef& into) {
  std::shared_ptr<StageDiskFile> file;
  {
    const base::MutexLock lock(mutex_);
    file = file_;
  }
  if (!file) return std::uint8_t{0};  // given away meanwhile
  std::uint8_t good = 0;
  for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
    if ((missing & GranuleBit(g)) == 0) continue;
    std::uint32_t sum = 0;
    for (const base::ByteRange& piece : view.staged.In(GranuleRange(view.index, g))) {
      const auto target = into.bytes().subspan(piece.offset % kBlockSize, piece.length);
      TRY(file->Read(view.Place(piece.offset), target));
      sum = base::Crc32c(sum, target);
    }
    if ((view.crc_known & GranuleBit(g)) != 0 && sum == view.crc[g]) good |= GranuleBit(g);
  }
  return good;
}

// Those of `granules` that are still as `view` saw them, not in memory.
std::uint8_t StageContent::Unchanged(const View& view, std::uint8_t granules) const {
  const auto it = blocks_.find(view.index);
  if (it == blocks_.end()) return 0;
  std::uint8_t same = 0;
  for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
    const std::uint8_t bit = GranuleBit(g);
    if ((granules & bit) == 0 || (it->second.resident & bit) != 0) continue;
    if ((it->second.crc_known & bit) != 0 && it->second.crc[g] == view.crc[g]) same |= bit;
  }
  return same;
}

// Makes `fresh` the block: its `granules` were read from disk, the others come from the old one.
void StageContent::Merge(std::uint64_t index, std::uint8_t granules, BlockRef& fresh) {
  if (granules == 0) return;
  Block& block = blocks_[index];
  TakePlace(block, fresh, block.resident);
  block.resident |= granules;
  resident_.insert(index);
}

base::Result<std::optional<StageParcel>> StageContent::Assemble(base::ByteRange range,
                                                                bool may_wait) {
  StageParcel parcel;
  parcel.epoch = NewEpoch();
  std::uint64_t at = range.offset;
  while (at < range.end()) {
    const std::uint64_t index = at / kBlockSize;
    const base::ByteRange inside = base::Intersect(range, BlockRange(index));
    const std::uint8_t wanted = GranulesOf(index, inside);
    View view;
    if (may_wait) {
      TRY_ASSIGN(view, MakeResident(index, Memory::kReserved, wanted));
    } else {
      const base::MutexLock lock(mutex_);
      view = Describe(index);
      if (Missing(view, wanted) != 0) return std::optional<StageParcel>();
    }
    TRY(Append(view, inside, parcel));
    KeepSums(view, parcel.epoch);
    if (view.ref) parcel.holds.push_back(std::move(view.ref));
    at = inside.end();
  }
  return std::optional<StageParcel>(std::move(parcel));
}

base::Status StageContent::Append(View& view, base::ByteRange range, StageParcel& parcel) {
  for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
    const base::ByteRange granule = base::Intersect(GranuleRange(view.index, g), range);
    if (granule.empty()) continue;
    std::span<const std::byte> bytes;
    std::uint32_t sum = 0;
    if ((view.full & GranuleBit(g)) != 0) {
      bytes = view.ref.bytes().subspan(granule.offset % kBlockSize, granule.length);
      sum = view.Sum(g);
      view.crc[g] = sum;
      view.crc_known |= GranuleBit(g);
    } else if ((view.some & GranuleBit(g)) == 0) {
      bytes = ZeroGranule().first(granule.length);
      sum = SumOfZeros(granule.length);
    } else {
      return base::Error(base::ErrorClass::kBug, "a half filled granule was to be sent");
    }
    parcel.crc32c = base::Crc32cCombine(parcel.crc32c, sum, granule.length);
    auto& pieces = parcel.pieces;
    if (!pieces.empty() && pieces.back().data() + pieces.back().size() == bytes.data()) {
      pieces.back() = {pieces.back().data(), pieces.back().size() + bytes.size()};
    } else {
      pieces.push_back(bytes);
    }
  }
  return base::Ok();
}

bool StageContent::Droppable(std::uint64_t index, const Block& block, Drop drop) const {
  if (!block.ref || block.ref.use_count() > 1 || pinned_ == index || block.saving != 0) {
    return false;
  }
  bool left = true;
  for (const base::ByteRange& piece : staged_.In(BlockRange(index))) {
    left = left && left_.Contains(piece);
  }
  // On a full disk memory is given up for what the store has; else what is saved is enough.
  if (block.unsaved != 0) return memory_only_ && left;
  return left || drop == Drop::kSaved;
}

void StageContent::DropBlock(std::uint64_t index, Block& block) {
  for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
    if ((block.unsaved & GranuleBit(g)) == 0) continue;
    for (const base::ByteRange& piece : staged_.In(GranuleRange(index, g))) lost_.Add(piece);
  }
  block.ref = BlockRef();
  block.resident = 0;
  block.unsaved = 0;
  resident_.erase(index);
  unsaved_.erase(index);
  ripe_.erase(index);
}

std::size_t StageContent::DropBlocks(std::size_t blocks, Drop drop) {
  const base::MutexLock lock(mutex_);
  std::size_t dropped = 0;
  for (auto it = resident_.begin(); it != resident_.end() && dropped < blocks;) {
    const std::uint64_t index = *it++;
    Block& block = blocks_[index];
    if (!Droppable(index, block, drop)) continue;
    DropBlock(index, block);
    ++dropped;
  }
  return dropped;
}

}  // namespace cache
