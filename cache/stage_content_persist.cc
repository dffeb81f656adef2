// StageContent: what a later process can go on with, whatever this one writes after it.
#include <algorithm>
#include <utility>

#include "cache/stage_content.h"

namespace cache {

std::uint64_t StageContent::View::Place(std::uint64_t offset) const {
  const bool is_far = (far & GranuleBit(offset % kBlockSize / kGranuleSize)) != 0;
  return is_far ? offset + kFarSide : offset;
}

RangeSet StageContent::KeepSaved() {
  RangeSet far;
  kept_near_.Clear();
  for (const auto& [index, block] : blocks_) {
    for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
      const base::ByteRange granule = GranuleRange(index, g);
      if (!staged_.Overlaps(granule)) continue;
      ((block.far & GranuleBit(g)) != 0 ? far : kept_near_).Add(granule);
    }
  }
  return far;
}

std::uint8_t StageContent::FarToSave(std::uint64_t index, std::uint8_t granules) const {
  if (kept_near_.empty()) return 0;
  std::uint8_t far = 0;
  for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
    const bool kept = kept_near_.Overlaps(GranuleRange(index, g));
    if (kept && (granules & GranuleBit(g)) != 0) far |= GranuleBit(g);
  }
  return far;
}

base::Result<StagePersisted> StageContent::Persist() {
  TRY(SaveAll());
  TRY_ASSIGN(const std::shared_ptr<StageDiskFile> file, MakeFile());
  TRY(file->Sync());
  TRY(shared_.disk->SyncNames());
  const base::MutexLock lock(mutex_);
  StagePersisted persisted{size_, base_, staged_.All(), {}, KeepSaved().All()};
  for (const auto& [index, block] : blocks_) {
    for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
      if (staged_.Overlaps(GranuleRange(index, g))) {
        persisted.granule_crcs.push_back(block.crc[g]);
      }
    }
  }
  return persisted;
}

base::Result<std::shared_ptr<StageContent>> StageContent::Restore(StageShared& shared,
                                                                  std::string name,
                                                                  StagePersisted persisted) {
  TRY_ASSIGN(std::shared_ptr<StageDiskFile> file, shared.disk->Open(name));
  auto content = std::make_shared<StageContent>(shared, std::move(name), std::move(persisted.base),
                                                persisted.size);
  RangeSet far;
  for (const base::ByteRange& range : persisted.far) far.Add(range);
  {
    const base::MutexLock lock(content->mutex_);
    content->file_ = std::move(file);
    std::size_t next = 0;
    std::uint64_t done = 0;  // granules below this offset have their sum
    for (const base::ByteRange& range : persisted.staged) {
      content->staged_.Add(range);
      std::uint64_t at = std::max(done, range.offset / kGranuleSize * kGranuleSize);
      for (; at < range.end(); at += kGranuleSize) {
        if (next == persisted.granule_crcs.size()) break;
        Block& block = content->blocks_[at / kBlockSize];
        const std::uint64_t g = at % kBlockSize / kGranuleSize;
        block.crc[g] = persisted.granule_crcs[next++];
        block.crc_known |= GranuleBit(g);
        if (far.Contains(GranuleRange(at / kBlockSize, g))) block.far |= GranuleBit(g);
        done = at + kGranuleSize;
      }
    }
    content->KeepSaved();
  }
  TRY(content->Verify());
  return content;
}

base::Status StageContent::Verify() {
  TRY_ASSIGN(BlockRef scratch, shared_.pool.Allocate());
  std::vector<View> views;
  {
    const base::MutexLock lock(mutex_);
    for (const base::ByteRange& range : staged_.All()) {
      std::uint64_t index = range.offset / kBlockSize;
      if (!views.empty()) index = std::max(index, views.back().index + 1);
      for (; index * kBlockSize < range.end(); ++index) views.push_back(Describe(index));
    }
  }
  for (const View& view : views) {
    TRY_ASSIGN(const std::uint8_t good, ReadBack(view, view.some, scratch));
    if (good != view.some) {
      return base::Error(base::ErrorClass::kCorrupt,
                         "staged file " + name_ + ": bytes on disk are not what was written");
    }
  }
  return base::Ok();
}

}  // namespace cache
