// StageContent: the local file behind the writer.
#include <utility>

#include "base/digest/digest.h"
#include "base/log.h"
#include "cache/stage_content.h"

namespace cache {
namespace {

constexpr std::size_t kRunBlocks = 8;  // most blocks of one write to disk

// Collects whole granules that follow each other, and writes them in one call.
class DirectRun {
 public:
  explicit DirectRun(StageDiskFile& file) : file_(file) {}

  base::Status Add(std::uint64_t offset, std::span<const std::byte> bytes) {
    if (!pieces_.empty() && offset != end_) TRY(Flush());
    if (pieces_.empty()) start_ = offset;
    if (!pieces_.empty() && pieces_.back().data() + pieces_.back().size() == bytes.data()) {
      pieces_.back() = {pieces_.back().data(), pieces_.back().size() + bytes.size()};
    } else {
      pieces_.push_back(bytes);
    }
    end_ = offset + bytes.size();
    return base::Ok();
  }
  base::Status Flush() {
    if (pieces_.empty()) return base::Ok();
    const auto pieces = std::exchange(pieces_, {});
    return file_.WriteAligned(start_, pieces);
  }

 private:
  StageDiskFile& file_;
  std::vector<std::span<const std::byte>> pieces_;
  std::uint64_t start_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace

void StageContent::ScheduleSave(Save save) {
  {
    const base::MutexLock lock(mutex_);
    save_all_ = save_all_ || save == Save::kAll;
    if (save_scheduled_ || closed_ || memory_only_ || unsaved_.empty()) return;
    save_scheduled_ = true;
  }
  if (shared_.saver.TrySubmit([self = shared_from_this()] { self->SaveInBackground(); })) return;
  const base::MutexLock lock(mutex_);
  save_scheduled_ = false;  // the next block, or the next who wants memory, tries again
}

void StageContent::SaveSoon() { ScheduleSave(Save::kAll); }

void StageContent::SaveInBackground() {
  while (true) {
    Save save = Save::kRipe;
    {
      const base::MutexLock lock(mutex_);
      if (save_all_) save = Save::kAll;
      save_all_ = false;
      if (memory_only_ || (save == Save::kAll ? unsaved_ : ripe_).empty()) {
        save_scheduled_ = false;
        return;
      }
    }
    // A failure shows in memory_only_, and was logged.
    (void)SaveRun(save);
  }
}

base::Result<bool> StageContent::SaveRun(Save save) {
  std::vector<View> run;
  {
    const base::MutexLock lock(mutex_);
    while (saving_) saved_.Wait(mutex_);
    if (closed_ || memory_only_) return false;
    run = PickRun(save);
    if (run.empty()) return false;
    saving_ = true;
  }
  const base::Status status = WriteRun(run);
  if (!status.ok()) {
    LOG_WARN("staged file is in memory only from here on name={} error=\"{}\"", name_,
             status.error().ToString());
  }
  {
    const base::MutexLock lock(mutex_);
    FinishRun(run, status.ok());
    saving_ = false;
    if (!status.ok()) memory_only_ = true;
    saved_.NotifyAll();
  }
  shared_.progress.fetch_add(1);
  if (!status.ok()) return status.error();
  return true;
}

std::vector<StageContent::View> StageContent::PickRun(Save save) {
  std::vector<View> run;
  std::set<std::uint64_t>& from = save == Save::kAll ? unsaved_ : ripe_;
  while (!from.empty() && run.size() < kRunBlocks) {
    const std::uint64_t index = *from.begin();
    Block& block = blocks_[index];
    View& view = run.emplace_back(Describe(index));
    view.saving = block.unsaved;
    view.far =
        static_cast<std::uint8_t>(Without(view.far, view.saving) | FarToSave(index, view.saving));
    block.saving = block.unsaved;
    block.unsaved = 0;
    unsaved_.erase(index);
    ripe_.erase(index);
  }
  return run;
}

base::Status StageContent::WriteRun(std::vector<View>& run) {
  TRY_ASSIGN(const std::shared_ptr<StageDiskFile> file, MakeFile());
  DirectRun direct(*file);
  for (View& view : run) {
    for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
      if ((view.saving & GranuleBit(g)) == 0) continue;
      view.crc[g] = view.Sum(g);
      view.crc_known |= GranuleBit(g);
      const base::ByteRange granule = GranuleRange(view.index, g);
      for (const base::ByteRange& piece : view.staged.In(granule)) {
        const auto bytes = view.ref.bytes().subspan(piece.offset % kBlockSize, piece.length);
        const std::uint64_t place = view.Place(piece.offset);
        TRY(piece == granule ? direct.Add(place, bytes) : file->WriteRagged(place, bytes));
      }
    }
  }
  return direct.Flush();
}

void StageContent::FinishRun(const std::vector<View>& run, bool saved) {
  for (const View& view : run) {
    const auto it = blocks_.find(view.index);
    if (it == blocks_.end()) continue;
    Block& block = it->second;
    // Bits that a write or a truncate took away meanwhile are theirs: those granules go again.
    const auto mine = static_cast<std::uint8_t>(block.saving & view.saving);
    block.saving = 0;
    if (saved) {
      block.far = static_cast<std::uint8_t>(Without(block.far, mine) | (view.far & mine));
    }
    for (std::uint64_t g = 0; g < kGranulesPerBlock; ++g) {
      if ((mine & GranuleBit(g)) == 0) continue;
      block.crc[g] = view.crc[g];
      block.crc_known |= static_cast<std::uint8_t>(view.crc_known & GranuleBit(g));
    }
    if (!saved && mine != 0) {
      block.unsaved |= mine;
      unsaved_.insert(view.index);
    }
  }
}

base::Result<std::shared_ptr<StageDiskFile>> StageContent::MakeFile() {
  {
    const base::MutexLock lock(mutex_);
    if (file_) return file_;
  }
  // Only the one who saves comes here without a file, and there is one at a time.
  TRY_ASSIGN(std::shared_ptr<StageDiskFile> file, shared_.disk->Create(name_));
  const base::MutexLock lock(mutex_);
  file_ = file;
  return file;
}

base::Status StageContent::SaveAll() {
  {
    const base::MutexLock lock(mutex_);
    memory_only_ = false;  // perhaps there is room by now
  }
  while (true) {
    TRY_ASSIGN(const bool more, SaveRun(Save::kAll));
    if (!more) break;
  }
  const base::MutexLock lock(mutex_);
  while (saving_) saved_.Wait(mutex_);
  if (memory_only_ || !lost_.empty()) {
    return base::Error(base::ErrorClass::kNoSpace, "staging disk is full: file " + name_);
  }
  return base::Ok();
}

BlockCache::Adopted StageContent::HandOver(const ObjectRef& object) {
  const base::Status saved = SaveAll();
  BlockCache::Adopted adopted;
  std::map<std::uint64_t, Block> blocks;
  std::shared_ptr<StageDiskFile> file;
  {
    const base::MutexLock lock(mutex_);
    adopted.granule_crcs.resize((object.size + kGranuleSize - 1) / kGranuleSize);
    for (const auto& [index, block] : blocks_) {
      const View view = Describe(index);
      const std::uint8_t inside = GranulesOf(index, {0, object.size});
      // The far side is cut off with the file's end: what is there is fetched when it is read.
      const std::uint8_t near = Without(inside, view.far);
      for (std::uint64_t g = 0; saved.ok() && g < kGranulesPerBlock; ++g) {
        if ((near & view.full & view.crc_known & GranuleBit(g)) == 0) continue;
        adopted.granule_crcs[index * kGranulesPerBlock + g] = view.crc[g];
      }
      if (view.ref && inside != 0 && (inside & view.full & view.resident) == inside) {
        adopted.resident.emplace_back(static_cast<std::uint32_t>(index), view.ref);
      }
    }
    closed_ = true;
    blocks.swap(blocks_);
    file.swap(file_);
    for (std::set<std::uint64_t>* set : {&resident_, &unsaved_, &ripe_}) set->clear();
    for (RangeSet* set : {&staged_, &left_, &lost_}) set->Clear();
    base_ = {FileExtent{0, object.size, 0, object}};
  }
  if (file && saved.ok() && file->Resize(object.size).ok()) {
    adopted.file = shared_.disk->PathOf(name_);
  } else {
    adopted.granule_crcs.assign(adopted.granule_crcs.size(), std::nullopt);
  }
  return adopted;
}

void StageContent::Clear() {
  std::map<std::uint64_t, Block> blocks;
  {
    const base::MutexLock lock(mutex_);
    closed_ = true;
    while (saving_) saved_.Wait(mutex_);
    blocks.swap(blocks_);
    file_.reset();
    for (std::set<std::uint64_t>* set : {&resident_, &unsaved_, &ripe_}) set->clear();
    for (RangeSet* set : {&staged_, &left_, &lost_}) set->Clear();
  }
  const base::Status removed = shared_.disk->Remove(name_);
  if (!removed.ok()) LOG_WARN("staged file stays error=\"{}\"", removed.error().ToString());
}

}  // namespace cache
