#include "cache/stage_content.h"

#include <algorithm>
#include <cstring>
#include <future>
#include <iterator>
#include <limits>
#include <utility>

#include "base/digest/digest.h"

namespace cache {
namespace {

constexpr std::size_t kRipeBlocks = 8;             // the disk likes 8 MiB a call
constexpr std::uint32_t kWaitSliceMs = 250;        // between two looks for hope
constexpr std::uint32_t kWaitLimitMs = 60000;      // without any progress
constexpr std::uint32_t kMemoryOnlyLimitMs = 500;  // the same, when only the network can help

base::Error Closed() {
  return base::Error(base::ErrorClass::kBug, "a change to a staged file that was given away");
}

}  // namespace

StageContent::StageContent(StageShared& shared, std::string name, std::vector<FileExtent> base,
                           std::uint64_t size)
    : shared_(shared), name_(std::move(name)), size_(size), base_(std::move(base)) {}

std::uint64_t StageContent::size() const {
  const base::MutexLock lock(mutex_);
  return size_;
}

bool StageContent::memory_only() const {
  const base::MutexLock lock(mutex_);
  return memory_only_;
}

base::Status StageContent::Write(std::uint64_t offset, std::span<const std::byte> data) {
  while (!data.empty()) {
    const std::uint64_t in = offset % kBlockSize;
    const std::size_t step = std::min<std::size_t>(data.size(), kBlockSize - in);
    const base::Status written = WriteBlock(offset / kBlockSize, in, data.first(step));
    if (!written.ok()) {
      Unpin();
      return written.error();
    }
    offset += step;
    data = data.subspan(step);
  }
  return base::Ok();
}

void StageContent::Unpin() {
  const base::MutexLock lock(mutex_);
  pinned_.reset();
}

base::Status StageContent::WriteBlock(std::uint64_t index, std::uint64_t in,
                                      std::span<const std::byte> data) {
  const base::ByteRange range{index * kBlockSize + in, data.size()};
  BlockRef spare;  // destroyed after the lock is gone
  bool ripe = false;
  while (true) {
    base::MutexLock lock(mutex_);
    if (closed_) return Closed();
    pinned_ = index;
    if (LostAround(range)) {
      return base::Error(base::ErrorClass::kNoSpace,
                         "staging disk is full and the bytes around this write have left already");
    }
    if (const std::uint8_t cold = ColdEdges(index, range); cold != 0) {
      lock.Unlock();
      auto view = MakeResident(index, Memory::kPool, cold);
      if (!view.ok()) return view.error();
      continue;
    }
    Block& block = blocks_[index];
    if (!spare && (!block.ref || block.ref.use_count() > 1)) {
      lock.Unlock();
      TRY(WaitForBlock(spare));
      continue;
    }
    if (!block.ref || block.ref.use_count() > 1) {
      TakePlace(block, spare, Without(block.resident, WholeGranulesOf(index, range)));
    }
    Apply(index, in, data);
    pinned_.reset();
    ripe = ripe_.size() >= kRipeBlocks;
    break;
  }
  if (ripe) ScheduleSave(Save::kRipe);
  return base::Ok();
}

// Granules at the edges of a write that keep staged bytes which are not in memory.
std::uint8_t StageContent::ColdEdges(std::uint64_t index, base::ByteRange range) const {
  const auto it = blocks_.find(index);
  if (it == blocks_.end()) return 0;
  std::uint8_t cold = 0;
  const std::uint64_t first = (range.offset % kBlockSize) / kGranuleSize;
  const std::uint64_t last = ((range.end() - 1) % kBlockSize) / kGranuleSize;
  for (const std::uint64_t g : {first, last}) {
    if ((it->second.resident & GranuleBit(g)) != 0) continue;
    const base::ByteRange granule = GranuleRange(index, g);
    const bool before = granule.offset < range.offset &&
                        staged_.Overlaps({granule.offset, range.offset - granule.offset});
    const bool after =
        granule.end() > range.end() && staged_.Overlaps({range.end(), granule.end() - range.end()});
    if (before || after) cold |= GranuleBit(g);
  }
  return cold;
}

// True when a part touched by `range` could not be sent again: some of it is neither in memory nor
// on disk and would not be written by this.
bool StageContent::LostAround(base::ByteRange range) const {
  if (lost_.empty() || range.end() > shared_.layout.max_size()) return false;
  const std::uint32_t last = shared_.layout.PartOf(range.end() - 1);
  for (std::uint32_t part = shared_.layout.PartOf(range.offset); part <= last; ++part) {
    for (const base::ByteRange& lost : lost_.In(shared_.layout.Range(part))) {
      if (lost.offset < range.offset || lost.end() > range.end()) return true;
    }
  }
  return false;
}

// Makes `fresh` the block's memory, with the old one's `copied` granules. The old memory goes out
// through `fresh`.
void StageContent::TakePlace(Block& block, BlockRef& fresh, std::uint8_t copied) {
  for (std::uint64_t g = 0; block.ref && g < kGranulesPerBlock; ++g) {
    if ((copied & GranuleBit(g)) == 0) continue;
    std::memcpy(fresh.bytes().data() + g * kGranuleSize,
                block.ref.bytes().data() + g * kGranuleSize, kGranuleSize);
  }
  std::swap(block.ref, fresh);
}

void StageContent::Apply(std::uint64_t index, std::uint64_t in, std::span<const std::byte> data) {
  Block& block = blocks_[index];
  const base::ByteRange range{index * kBlockSize + in, data.size()};
  const std::span<std::byte> bytes = block.ref.bytes();
  std::memcpy(bytes.data() + in, data.data(), data.size());

  const std::uint64_t first = in / kGranuleSize;
  const std::uint64_t last = (in + data.size() - 1) / kGranuleSize;
  std::uint8_t was_full = 0;
  for (std::uint64_t g = first; g <= last; ++g) {
    if (staged_.Contains(GranuleRange(index, g))) was_full |= GranuleBit(g);
  }
  staged_.Add(range);
  if (!left_.empty()) left_.Remove(range);
  if (!lost_.empty()) lost_.Remove(range);
  size_ = std::max(size_, range.end());

  for (std::uint64_t g = first; g <= last; ++g) {
    const std::uint8_t bit = GranuleBit(g);
    block.resident |= bit;
    block.unsaved |= bit;
    block.saving = Without(block.saving, bit);
    block.crc_known = Without(block.crc_known, bit);
    block.epoch[g] = epoch_;
    const base::ByteRange granule = GranuleRange(index, g);
    const bool covered = base::Intersect(granule, range).length == kGranuleSize;
    // A granule that was full before is summed when it is used: patches would pay for all of it.
    if (covered || ((was_full & bit) == 0 && staged_.Contains(granule))) {
      block.crc[g] = base::Crc32c(0, bytes.subspan(g * kGranuleSize, kGranuleSize));
      block.crc_known |= bit;
    }
  }
  resident_.insert(index);
  unsaved_.insert(index);
  if (in + data.size() == kBlockSize && staged_.Contains(BlockRange(index))) ripe_.insert(index);
}

base::Status StageContent::WaitForBlock(BlockRef& block) {
  std::uint32_t waited_ms = 0;
  std::uint64_t seen = shared_.progress.load();
  while (true) {
    auto allocated = shared_.pool.Allocate(kWaitSliceMs);
    if (allocated.ok()) {
      block = std::move(allocated).value();
      return base::Ok();
    }
    const std::uint64_t now = shared_.progress.load();
    const bool hope = now != seen || shared_.leaving.load() > 0;
    seen = now;
    waited_ms = hope ? 0 : waited_ms + kWaitSliceMs;
    const std::uint32_t limit_ms = memory_only() ? kMemoryOnlyLimitMs : kWaitLimitMs;
    if (waited_ms >= limit_ms) return allocated.error().Annotate("staging memory is full");
  }
}

base::Status StageContent::Truncate(std::uint64_t size) {
  const std::uint64_t index = size / kBlockSize;
  const std::uint8_t bit = GranuleBit((size % kBlockSize) / kGranuleSize);
  const base::ByteRange granule = GranuleRange(index, (size % kBlockSize) / kGranuleSize);
  while (true) {
    base::MutexLock lock(mutex_);
    if (closed_) return Closed();
    if (size >= size_) {
      size_ = size;
      return base::Ok();
    }
    // A granule cut in two is summed and saved anew, so it must be in memory.
    const bool cut_in_two = staged_.Overlaps({granule.offset, size - granule.offset}) &&
                            staged_.Overlaps({size, granule.end() - size});
    const auto it = blocks_.find(index);
    if (!cut_in_two || (it != blocks_.end() && (it->second.resident & bit) != 0)) {
      Cut(size);
      pinned_.reset();
      return base::Ok();
    }
    pinned_ = index;
    lock.Unlock();
    auto view = MakeResident(index, Memory::kPool, bit);
    if (!view.ok()) {
      Unpin();
      return view.error();
    }
  }
}

void StageContent::Cut(std::uint64_t size) {
  const std::uint64_t index = size / kBlockSize;
  auto it = blocks_.lower_bound(index);
  if (it != blocks_.end() && it->first == index) {
    CutBlock(index, it->second, size);
    ++it;
  }
  blocks_.erase(it, blocks_.end());
  for (std::set<std::uint64_t>* set : {&resident_, &unsaved_, &ripe_}) {
    set->erase(set->upper_bound(index), set->end());
  }
  const base::ByteRange gone{size, std::numeric_limits<std::uint64_t>::max() - size};
  for (RangeSet* set : {&staged_, &left_, &lost_}) set->Remove(gone);

  std::erase_if(base_, [size](const FileExtent& extent) { return extent.offset >= size; });
  for (FileExtent& extent : base_) extent.length = std::min(extent.length, size - extent.offset);
  cuts_.erase(cuts_.lower_bound(size), cuts_.end());
  cuts_[size] = epoch_;
  size_ = size;
}

// The block that holds the new end. Called before the cut bytes leave `staged_`.
void StageContent::CutBlock(std::uint64_t index, Block& block, std::uint64_t size) {
  for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
    const std::uint8_t bit = GranuleBit(g);
    const base::ByteRange granule = GranuleRange(index, g);
    if (granule.end() <= size) continue;
    const bool keeps =
        granule.offset < size && staged_.Overlaps({granule.offset, size - granule.offset});
    if (!keeps) {
      block.resident = Without(block.resident, bit);
      block.unsaved = Without(block.unsaved, bit);
      block.saving = Without(block.saving, bit);
      block.crc_known = Without(block.crc_known, bit);
      continue;
    }
    if (!staged_.Overlaps({size, granule.end() - size})) continue;
    block.saving = Without(block.saving, bit);
    block.crc_known = Without(block.crc_known, bit);
    block.unsaved |= bit;
    block.epoch[g] = epoch_;
  }
  ripe_.erase(index);
  if (block.unsaved != 0) {
    unsaved_.insert(index);
  } else {
    unsaved_.erase(index);
  }
}

base::Status StageContent::Materialise(base::ByteRange range) {
  std::vector<base::ByteRange> from_base;
  {
    const base::MutexLock lock(mutex_);
    for (const base::ByteRange& gap : staged_.Gaps(range)) {
      for (const FileExtent& extent : base_) {
        const auto part = base::Intersect({extent.offset, extent.length}, gap);
        if (!part.empty()) from_base.push_back(part);
      }
    }
  }
  for (const base::ByteRange& part : from_base) TRY(FillFromBase(part));

  std::vector<base::ByteRange> zeros;
  {
    const base::MutexLock lock(mutex_);
    const std::uint64_t end = std::min(range.end(), size_);
    for (std::uint64_t at = range.offset; at < end; at += kGranuleSize) {
      const base::ByteRange granule{at, std::min(kGranuleSize, end - at)};
      if (!staged_.Overlaps(granule)) continue;
      const auto gaps = staged_.Gaps(granule);
      zeros.insert(zeros.end(), gaps.begin(), gaps.end());
    }
  }
  for (const base::ByteRange& gap : zeros) {
    TRY(Write(gap.offset, ZeroGranule().first(gap.length)));
  }
  return base::Ok();
}

base::Status StageContent::FillFromBase(base::ByteRange range) {
  std::vector<FileExtent> extents;
  {
    const base::MutexLock lock(mutex_);
    extents = base_;
  }
  while (!range.empty()) {
    const base::ByteRange step{range.offset, std::min<std::uint64_t>(range.length, kBlockSize)};
    auto answer = std::make_shared<std::promise<base::Result<PinnedBytes>>>();
    auto future = answer->get_future();
    auto now = ReadExtents(shared_.cache, extents, step, [answer](base::Result<PinnedBytes> bytes) {
      answer->set_value(std::move(bytes));
    });
    if (!now.has_value()) {
      auto later = future.get();
      if (!later.ok()) return later.error().Annotate("read what the file is based on");
      now = std::move(later).value();
    }
    std::uint64_t at = step.offset;
    for (const PinnedBytes::Piece& piece : now->pieces) {
      TRY(Write(at, piece.bytes));
      at += piece.bytes.size();
    }
    range = {step.end(), range.length - step.length};
  }
  return base::Ok();
}

std::vector<base::ByteRange> StageContent::DataRanges() const {
  const base::MutexLock lock(mutex_);
  RangeSet data = staged_;
  for (const FileExtent& extent : base_) data.Add({extent.offset, extent.length});
  return data.All();
}

bool StageContent::IsStaged(base::ByteRange range) const {
  const base::MutexLock lock(mutex_);
  return staged_.Contains(range);
}

std::optional<FileExtent> StageContent::CleanExtent(base::ByteRange range) const {
  const base::MutexLock lock(mutex_);
  if (staged_.Overlaps(range)) return std::nullopt;
  for (const FileExtent& extent : base_) {
    if (extent.offset > range.offset || extent.offset + extent.length < range.end()) continue;
    FileExtent clean = extent;
    clean.object_offset += range.offset - extent.offset;
    clean.offset = range.offset;
    clean.length = range.length;
    return clean;
  }
  return std::nullopt;
}

bool StageContent::ChangedSince(base::ByteRange range, std::uint32_t epoch) const {
  const base::MutexLock lock(mutex_);
  return ChangedLocked(range, epoch);
}

bool StageContent::ChangedLocked(base::ByteRange range, std::uint32_t epoch) const {
  const auto cut = cuts_.lower_bound(range.end());
  if (cut != cuts_.begin() && std::prev(cut)->second > epoch) return true;
  for (auto it = blocks_.lower_bound(range.offset / kBlockSize);
       it != blocks_.end() && it->first * kBlockSize < range.end(); ++it) {
    for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
      const bool inside = !base::Intersect(GranuleRange(it->first, g), range).empty();
      if (inside && it->second.epoch[g] > epoch) return true;
    }
  }
  return false;
}

void StageContent::MarkLeft(base::ByteRange range, std::uint32_t epoch) {
  const base::MutexLock lock(mutex_);
  if (!ChangedLocked(range, epoch)) left_.Add(range);
}

std::uint32_t StageContent::NewEpoch() {
  const base::MutexLock lock(mutex_);
  return epoch_++;
}

void StageContent::ForgetLeft() {
  const base::MutexLock lock(mutex_);
  left_.Clear();
}

}  // namespace cache
