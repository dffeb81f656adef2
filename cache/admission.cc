#include "cache/admission.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/digest/digest.h"

namespace cache {

Admission::Admission(Options options, CacheState& state, DiskTier& tier)
    : options_(options),
      state_(state),
      tier_(tier),
      executor_(std::in_place,
                base::Executor::Options{"cache-admit", options.threads, options.queue_limit}),
      timer_(std::in_place, "cache-save") {}

Admission::~Admission() {
  executor_->Drain();  // runs ask for the timer, the timer for the executor
  timer_.reset();
  executor_.reset();
  tier_.Save();
}

void Admission::Offer(const std::shared_ptr<CachedObject>& object,
                      const std::vector<base::ByteRange>& runs) {
  for (const base::ByteRange& run : runs) {
    if (executor_->TrySubmit([this, object, run] { Run(object, run); })) continue;
    state_.metrics.dropped_admissions.Add();
    const base::MutexLock lock(state_.mutex);
    object->Settle(run, Kept::kNowhere);
  }
}

void Admission::Run(const std::shared_ptr<CachedObject>& object, const base::ByteRange& run) {
  std::vector<Batch> batches = Collect(*object, run);
  std::uint64_t collected = 0;
  for (Batch& batch : batches) {
    collected += batch.range.length;
    auto file = tier_.Write(object->ref, batch.first, batch.memory, batch.crcs);
    bool forgotten = false;
    {
      const base::MutexLock lock(state_.mutex);
      if (file.ok()) object->file = file.value();
      object->Settle(batch.range, file.ok() ? Kept::kOnDisk : Kept::kNowhere);
      forgotten = object->forgotten();
    }
    if (!file.ok()) state_.metrics.dropped_admissions.Add();
    if (forgotten) tier_.Drop(object->ref.id);
  }
  if (collected < run.length) state_.metrics.dropped_admissions.Add();
  if (!batches.empty()) SaveSoon();
}

std::vector<Admission::Batch> Admission::Collect(CachedObject& object, const base::ByteRange& run) {
  std::vector<Batch> batches;
  {
    const base::MutexLock lock(state_.mutex);
    if (object.forgotten()) return batches;
    for (std::uint64_t at = run.offset; at < run.end(); at += kGranuleSize) {
      const base::ByteRange granule{at, std::min(kGranuleSize, object.ref.size - at)};
      std::optional<PinnedBytes::Piece> piece = object.PinGranule(granule);
      if (!piece) continue;
      if (batches.empty() || batches.back().range.end() != at) {
        Batch& batch = batches.emplace_back();
        batch.first = at / kGranuleSize;
        batch.range.offset = at;
      }
      batches.back().range.length += granule.length;
      batches.back().memory.push_back(piece->bytes);
      batches.back().pins.push_back(std::move(piece->hold));
    }
  }
  for (Batch& batch : batches) {
    for (std::size_t i = 0; i < batch.memory.size(); ++i) {
      std::span<const std::byte>& bytes = batch.memory[i];
      const std::optional<std::uint32_t> known = object.ref.SumOf(batch.first + i);
      batch.crcs.push_back(known ? *known : base::Crc32c(0, bytes));
      const std::uint64_t padding = WholePages({0, bytes.size()}).length - bytes.size();
      if (padding == 0) continue;
      // Behind the object's last byte nobody reads: the file gets zeros there.
      const std::size_t inside = (batch.first + i) * kGranuleSize % kBlockSize;
      const std::span<std::byte> block = batch.pins[i].bytes();
      std::memset(block.data() + inside + bytes.size(), 0, padding);
      bytes = block.subspan(inside, bytes.size() + padding);
    }
  }
  return batches;
}

void Admission::SaveSoon() {
  {
    const base::MutexLock lock(mutex_);
    if (save_due_) return;
    save_due_ = true;
  }
  timer_->After(options_.save_delay, [this] {
    const bool taken = executor_->TrySubmit([this] {
      {
        const base::MutexLock lock(mutex_);
        save_due_ = false;
      }
      tier_.Save();
    });
    if (taken) return;
    const base::MutexLock lock(mutex_);
    save_due_ = false;  // the next change asks again
  });
}

void Admission::Drop(std::int64_t object_id) {
  if (!executor_->TrySubmit([this, object_id] { tier_.Drop(object_id); })) tier_.Drop(object_id);
}

}  // namespace cache
