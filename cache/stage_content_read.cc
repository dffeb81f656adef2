// StageContent: reads over staged bytes, base bytes and holes.
#include <algorithm>
#include <iterator>
#include <utility>

#include "cache/stage_content.h"

namespace cache {

// The pieces of one read, each in its slot; whoever brings the last one answers.
struct StageContent::ReadPlan {
  struct Base {
    std::size_t slot;
    base::ByteRange range;
  };
  // --- constant once the plan is made ---
  std::vector<Base> from_base;
  std::vector<Base> from_disk;
  std::vector<FileExtent> extents;
  ReadDone done;

  base::Mutex mutex;
  std::vector<PinnedBytes> slots GUARDED_BY(mutex);
  std::size_t pending GUARDED_BY(mutex) = 1;  // 1: the planner itself
  std::optional<base::Error> error GUARDED_BY(mutex);

  // Puts a piece in its place; true for the last one.
  bool Put(std::size_t slot, base::Result<PinnedBytes> bytes) {
    const base::MutexLock lock(mutex);
    if (bytes.ok()) {
      slots[slot] = std::move(bytes).value();
    } else {
      error = bytes.error();
    }
    return --pending == 0;
  }
  bool PutNothing() {
    const base::MutexLock lock(mutex);
    return --pending == 0;
  }
  base::Result<PinnedBytes> Take() {
    const base::MutexLock lock(mutex);
    if (error.has_value()) return *error;
    PinnedBytes all;
    for (PinnedBytes& slot : slots) {
      std::move(slot.pieces.begin(), slot.pieces.end(), std::back_inserter(all.pieces));
    }
    return all;
  }
};

namespace {

void AppendZeros(std::uint64_t length, PinnedBytes& bytes) {
  while (length > 0) {
    const std::uint64_t step = std::min(length, kGranuleSize);
    bytes.pieces.push_back({ZeroGranule().first(step), {}});
    length -= step;
  }
}

}  // namespace

// Cuts the range into what is in memory, on disk and of the base.
void StageContent::PlanRead(base::ByteRange range, ReadPlan& plan) const {
  const auto gap = [&](std::uint64_t from, std::uint64_t to) NO_THREAD_SAFETY_ANALYSIS {
    if (from >= to) return;
    if (!base_.empty()) plan.from_base.push_back({plan.slots.size(), {from, to - from}});
    plan.slots.emplace_back();
    if (base_.empty()) AppendZeros(to - from, plan.slots.back());
  };
  std::uint64_t at = range.offset;
  for (const base::ByteRange& staged : staged_.In(range)) {
    gap(at, staged.offset);
    at = staged.offset;
    while (at < staged.end()) {
      const std::uint64_t index = at / kBlockSize;
      const base::ByteRange inside = base::Intersect(staged, BlockRange(index));
      const auto it = blocks_.find(index);
      const std::uint8_t wanted = GranulesOf(index, inside);
      if (it != blocks_.end() && Without(wanted, it->second.resident) == 0) {
        const auto bytes =
            it->second.ref.bytes().subspan(inside.offset % kBlockSize, inside.length);
        plan.slots.emplace_back().pieces.push_back({bytes, it->second.ref});
      } else {
        plan.from_disk.push_back({plan.slots.size(), inside});
        plan.slots.emplace_back();
      }
      at = inside.end();
    }
  }
  gap(at, range.end());
  for (const FileExtent& extent : base_) {
    if (plan.from_base.empty()) break;
    if (!base::Intersect({extent.offset, extent.length}, range).empty()) {
      plan.extents.push_back(extent);
    }
  }
  plan.pending += plan.from_base.size() + plan.from_disk.size();
}

std::optional<PinnedBytes> StageContent::Read(base::ByteRange range, ReadDone done) {
  auto plan = std::make_shared<ReadPlan>();
  plan->done = std::move(done);
  {
    const base::MutexLock lock(mutex_);
    const base::MutexLock plan_lock(plan->mutex);
    PlanRead(range, *plan);
  }
  for (const auto& [slot, part] : plan->from_disk) {
    shared_.readers.Submit([self = shared_from_this(), plan, slot = slot, part = part] {
      self->ReadFromDisk(plan, slot, part);
    });
  }
  for (const auto& [slot, part] : plan->from_base) {
    auto now = ReadExtents(shared_.cache, plan->extents, part,
                           [plan, slot = slot](base::Result<PinnedBytes> bytes) {
                             if (plan->Put(slot, std::move(bytes))) plan->done(plan->Take());
                           });
    // Not the last: the planner's own count is still there.
    if (now.has_value()) (void)plan->Put(slot, *std::move(now));
  }
  if (!plan->PutNothing()) return std::nullopt;
  auto all = plan->Take();
  if (all.ok()) return std::move(all).value();
  // Never inline: an error that was there at once is told by a thread of ours.
  shared_.readers.Submit([plan] { plan->done(plan->Take()); });
  return std::nullopt;
}

void StageContent::ReadFromDisk(const std::shared_ptr<ReadPlan>& plan, std::size_t slot,
                                base::ByteRange range) {
  const auto put = [plan, slot](base::Result<PinnedBytes> bytes) {
    if (plan->Put(slot, std::move(bytes))) plan->done(plan->Take());
  };
  const std::uint64_t index = range.offset / kBlockSize;
  auto view = MakeResident(index, Memory::kPool, GranulesOf(index, range));
  if (!view.ok()) return put(view.error());
  if (!view->staged.Contains(range)) {
    // Overtaken by a truncate, or by the file being given away: ask again where the bytes are.
    auto now = Read(range, put);
    if (now.has_value()) put(*std::move(now));
    return;
  }
  PinnedBytes bytes;
  bytes.pieces.push_back(
      {view->ref.bytes().subspan(range.offset % kBlockSize, range.length), view->ref});
  put(std::move(bytes));
}

}  // namespace cache
