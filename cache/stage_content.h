// StageContent: the bytes of one staged file. Staged bytes lie over the base extents; what neither
// covers is zeros. They live in pool blocks, at granule (128 KiB) precision, and on the local file
// behind. Rules that hold whenever the lock is free:
//  - a granule with staged bytes is resident (all of them in its block), or on disk with a known
//    CRC-32C, or lost (a full staging disk: its part left by the network and the memory was
//    needed);
//  - a block that anybody else can see (an upload, a reader, the disk writer) is never changed: a
//    writer puts a copy in its place. So a CRC taken with a reference stays true;
//  - a granule's CRC is over its staged bytes in order;
//  - what the latest manifest names is never overwritten on disk: a granule of it that changes is
//    saved on the other side of the local file, kFarSide away (docs/write_path.md).
//
// Threads: any for all but the changes (Write, Truncate, Materialise), of which the owner makes one
// at a time. No lock is held across I/O or while waiting for pool memory.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest/piece_sums.h"
#include "base/mutex.h"
#include "base/result.h"
#include "cache/granules.h"
#include "cache/range_set.h"
#include "cache/stage_shared.h"

namespace cache {

// A stretch of the file ready to be sent: its memory, what keeps it alive, its CRC-32C.
struct StageParcel {
  std::vector<std::span<const std::byte>> pieces;
  std::vector<BlockRef> holds;
  std::uint32_t crc32c = 0;
  std::uint32_t epoch = 0;  // for StageContent::ChangedSince
};

// What a manifest says of the bytes; see stage_manifest.h.
struct StagePersisted {
  std::uint64_t size = 0;
  std::vector<FileExtent> base;
  std::vector<base::ByteRange> staged;
  std::vector<std::uint32_t> granule_crcs;  // of granules with staged bytes, ascending
  std::vector<base::ByteRange> far;         // granules that lie on the far side of the local file
};

// Where the far side of a local file begins: above the largest file.
inline constexpr std::uint64_t kFarSide = 1ull << 41;

class StageContent : public std::enable_shared_from_this<StageContent> {
 public:
  // `shared` must outlive this. shared_ptr only: background work keeps the bytes alive.
  StageContent(StageShared& shared, std::string name, std::vector<FileExtent> base,
               std::uint64_t size);
  // A former process's bytes: reads and checks all of them. kCorrupt, kNotFound.
  static base::Result<std::shared_ptr<StageContent>> Restore(StageShared& shared, std::string name,
                                                             StagePersisted persisted);

  const std::string& name() const { return name_; }
  std::uint64_t size() const EXCLUDES(mutex_);

  // --- changes, one at a time ---
  base::Status Write(std::uint64_t offset, std::span<const std::byte> data) EXCLUDES(mutex_);
  base::Status Truncate(std::uint64_t size) EXCLUDES(mutex_);
  // Stages the base bytes inside `range`, and the zeros of half filled granules, so that every
  // granule of it is wholly staged or wholly a hole.
  base::Status Materialise(base::ByteRange range) EXCLUDES(mutex_);

  // --- questions ---
  std::optional<PinnedBytes> Read(base::ByteRange range, ReadDone done) EXCLUDES(mutex_);
  std::vector<base::ByteRange> DataRanges() const EXCLUDES(mutex_);
  bool IsStaged(base::ByteRange range) const EXCLUDES(mutex_);
  // The base bytes that make up all of `range`, when they lie in one object and nothing is staged.
  std::optional<FileExtent> CleanExtent(base::ByteRange range) const EXCLUDES(mutex_);
  // Changes after this call are "since" the answer.
  std::uint32_t NewEpoch() EXCLUDES(mutex_);
  bool ChangedSince(base::ByteRange range, std::uint32_t epoch) const EXCLUDES(mutex_);

  // --- sending ---
  // The bytes of a range whose granules are wholly staged or holes. With `may_wait` it reads back
  // from disk and waits for memory; without, nothing when that would be needed.
  base::Result<std::optional<StageParcel>> Assemble(base::ByteRange range, bool may_wait)
      EXCLUDES(mutex_);
  // The bytes of `range` as of `epoch` are in the store: memory need not hold them.
  void MarkLeft(base::ByteRange range, std::uint32_t epoch) EXCLUDES(mutex_);
  // The upload is gone, nothing has left.
  void ForgetLeft() EXCLUDES(mutex_);
  // Of the bytes as they were committed: whole granules, each sent, copied or a hole.
  base::SharedPieceSums Sums() const EXCLUDES(mutex_);

  // --- memory and disk ---
  enum class Drop : std::uint8_t { kLeft, kSaved };
  // Lets go of up to `blocks` blocks that are on disk (kSaved), or on disk and sent (kLeft).
  std::size_t DropBlocks(std::size_t blocks, Drop drop) EXCLUDES(mutex_);
  // Has the disk thread save what is unsaved, half filled blocks included.
  void SaveSoon() EXCLUDES(mutex_);
  // Saves everything on the calling thread. kNoSpace, kIo: the file is in memory only from now on.
  base::Status SaveAll() EXCLUDES(mutex_);
  bool memory_only() const EXCLUDES(mutex_);
  // SaveAll and fdatasync; then what Restore takes. From now on, whatever is written later, the
  // local file holds these bytes as well, until the next answer of Persist or HandOver.
  base::Result<StagePersisted> Persist() EXCLUDES(mutex_);
  // Saves, then gives away the local file and the blocks, and reads as `object` from here on.
  BlockCache::Adopted HandOver(const ObjectRef& object) EXCLUDES(mutex_);
  // Drops blocks and the local file.
  void Clear() EXCLUDES(mutex_);

  // stage_aside.cc
  std::vector<base::ByteRange> StagedRanges() const EXCLUDES(mutex_);
  std::vector<ObjectRef> BaseObjects() const EXCLUDES(mutex_);  // as StagedFile's

 private:
  struct Block {
    BlockRef ref;
    std::uint8_t resident = 0;  // granules whose staged bytes are in `ref`
    std::uint8_t unsaved = 0;   // of those: changed since they were last handed to the disk
    std::uint8_t saving = 0;    // of those: being written to disk
    std::uint8_t far = 0;       // granules that were last saved on the far side
    std::uint8_t crc_known = 0;
    std::array<std::uint32_t, kGranulesPerBlock> crc{};
    std::array<std::uint32_t, kGranulesPerBlock> epoch{};  // of the last change
  };
  // One block as a sender, reader or the disk writer sees it.
  struct View {
    std::uint64_t index = 0;
    BlockRef ref;
    std::uint8_t resident = 0;
    std::uint8_t full = 0;  // granules wholly staged (up to the file's end)
    std::uint8_t some = 0;  // granules with staged bytes
    std::uint8_t crc_known = 0;
    std::uint8_t saving = 0;  // granules this view is to save
    std::uint8_t far = 0;     // granules whose place on disk is the far side
    std::array<std::uint32_t, kGranulesPerBlock> crc{};
    RangeSet staged;  // file offsets inside the block
    std::uint32_t Sum(std::uint64_t granule) const;
    std::uint64_t Place(std::uint64_t offset) const;  // in the local file
  };
  enum class Memory : std::uint8_t { kPool, kReserved };
  enum class Save : std::uint8_t { kRipe, kAll };
  struct ReadPlan;

  // stage_content.cc
  base::Status WriteBlock(std::uint64_t index, std::uint64_t in, std::span<const std::byte> data)
      EXCLUDES(mutex_);
  std::uint8_t ColdEdges(std::uint64_t index, base::ByteRange range) const REQUIRES(mutex_);
  bool LostAround(base::ByteRange range) const REQUIRES(mutex_);
  void TakePlace(Block& block, BlockRef& fresh, std::uint8_t copied) REQUIRES(mutex_);
  void Apply(std::uint64_t index, std::uint64_t in, std::span<const std::byte> data)
      REQUIRES(mutex_);
  base::Status WaitForBlock(BlockRef& block) EXCLUDES(mutex_);
  void Cut(std::uint64_t size) REQUIRES(mutex_);
  void CutBlock(std::uint64_t index, Block& block, std::uint64_t size) REQUIRES(mutex_);
  base::Status FillFromBase(base::ByteRange range) EXCLUDES(mutex_);
  void Unpin() EXCLUDES(mutex_);
  bool ChangedLocked(base::ByteRange range, std::uint32_t epoch) const REQUIRES(mutex_);

  // stage_content_memory.cc
  View Describe(std::uint64_t index) const REQUIRES(mutex_);
  std::uint8_t Missing(const View& view, std::uint8_t wanted) const REQUIRES(mutex_);
  // The block's `wanted` granules in memory, read back and checked where they were dropped.
  base::Result<View> MakeResident(std::uint64_t index, Memory memory, std::uint8_t wanted)
      EXCLUDES(mutex_);
  base::Result<std::uint8_t> ReadBack(const View& view, std::uint8_t missing, BlockRef& into)
      EXCLUDES(mutex_);
  std::uint8_t Unchanged(const View& view, std::uint8_t granules) const REQUIRES(mutex_);
  void Merge(std::uint64_t index, std::uint8_t granules, BlockRef& fresh) REQUIRES(mutex_);
  static base::Status Append(View& view, base::ByteRange range, StageParcel& parcel);
  // Sums of `view`'s granules that have not changed since `epoch` need not be made again.
  void KeepSums(const View& view, std::uint32_t epoch) EXCLUDES(mutex_);
  void AppendSums(std::uint64_t index, base::PieceSums& sums) const REQUIRES(mutex_);
  std::uint32_t SumOfBase(base::ByteRange granule) const REQUIRES(mutex_);
  bool Droppable(std::uint64_t index, const Block& block, Drop drop) const REQUIRES(mutex_);
  void DropBlock(std::uint64_t index, Block& block) REQUIRES(mutex_);
  // The caller holds mutex_ and the plan's.
  void PlanRead(base::ByteRange range, ReadPlan& plan) const NO_THREAD_SAFETY_ANALYSIS;
  void ReadFromDisk(const std::shared_ptr<ReadPlan>& plan, std::size_t slot, base::ByteRange range)
      EXCLUDES(mutex_);

  // stage_content_disk.cc
  void ScheduleSave(Save save) EXCLUDES(mutex_);
  void SaveInBackground() EXCLUDES(mutex_);
  // False when there was nothing to save.
  base::Result<bool> SaveRun(Save save) EXCLUDES(mutex_);
  std::vector<View> PickRun(Save save) REQUIRES(mutex_);
  base::Status WriteRun(std::vector<View>& run) EXCLUDES(mutex_);
  void FinishRun(const std::vector<View>& run, bool saved) REQUIRES(mutex_);
  base::Result<std::shared_ptr<StageDiskFile>> MakeFile() EXCLUDES(mutex_);

  // stage_content_persist.cc
  // Everything is saved and the manifest will name it where it lies. Answers what lies on the far
  // side.
  RangeSet KeepSaved() REQUIRES(mutex_);
  // The side of the file on which `granules` of a block may be saved: those that go to the far one.
  std::uint8_t FarToSave(std::uint64_t index, std::uint8_t granules) const REQUIRES(mutex_);
  base::Status Verify() EXCLUDES(mutex_);

  StageShared& shared_;
  const std::string name_;

  mutable base::Mutex mutex_;
  base::CondVar saved_;
  std::uint64_t size_ GUARDED_BY(mutex_);
  std::vector<FileExtent> base_ GUARDED_BY(mutex_);  // clipped at the smallest size since
  RangeSet staged_ GUARDED_BY(mutex_);
  RangeSet left_ GUARDED_BY(mutex_);
  RangeSet lost_ GUARDED_BY(mutex_);
  std::map<std::uint64_t, Block> blocks_ GUARDED_BY(mutex_);
  // Indices of blocks with memory; with unsaved granules; of those, complete ones. At most the
  // pool.
  std::set<std::uint64_t> resident_ GUARDED_BY(mutex_);
  std::set<std::uint64_t> unsaved_ GUARDED_BY(mutex_);
  std::set<std::uint64_t> ripe_ GUARDED_BY(mutex_);
  std::optional<std::uint64_t> pinned_ GUARDED_BY(mutex_);  // block a change is at work on
  // Truncations that no later one covers: offset -> epoch, both ascending.
  std::map<std::uint64_t, std::uint32_t> cuts_ GUARDED_BY(mutex_);
  std::uint32_t epoch_ GUARDED_BY(mutex_) = 1;
  std::shared_ptr<StageDiskFile> file_ GUARDED_BY(mutex_);  // made when first needed
  // Granules on the near side of the file that the latest manifest names.
  RangeSet kept_near_ GUARDED_BY(mutex_);
  bool saving_ GUARDED_BY(mutex_) = false;
  bool save_scheduled_ GUARDED_BY(mutex_) = false;
  bool save_all_ GUARDED_BY(mutex_) = false;
  bool memory_only_ GUARDED_BY(mutex_) = false;
  bool closed_ GUARDED_BY(mutex_) = false;  // handed over or cleared: nothing is saved any more
};

// Zeros to send and to answer holes with; a granule of static memory.
std::span<const std::byte, kGranuleSize> ZeroGranule();
// The CRC-32C of its first `length` bytes.
std::uint32_t SumOfZeros(std::uint64_t length);

}  // namespace cache
