#include "cache/lane.h"

#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace cache {
namespace {

constexpr std::uint32_t kWaitSliceMs =
    200;  // how soon a waiting lane notices that the cache closes

}  // namespace

Lane::Lane(Options options, CacheState& state, BlockPool& pool, base::Executor& waiting,
           std::function<void(Want)> start)
    : options_(options), state_(state), pool_(pool), waiting_(waiting), start_(std::move(start)) {}

void Lane::Push(Want want) { queue_.Push(std::move(want)); }

void Lane::Promote(const CachedObject& object, const base::ByteRange& range) {
  queue_.Promote(object, range);
}

void Lane::Pump() {
  while (true) {
    base::MutexLock lock(state_.mutex);
    if (state_.closing) {
      Answers answers = FailQueued(base::Error(base::ErrorClass::kCancelled, "cache is closing"));
      lock.Unlock();
      state_.Deliver(std::move(answers));
      return;
    }
    if (starving_ || running_ >= options_.depth) return;
    std::optional<Want> want = queue_.Pop(options_.max_bytes);
    if (!want) return;
    ++running_;
    state_.Enter();
    lock.Unlock();
    if (GiveBlocks(*want)) start_(std::move(*want));
  }
}

void Lane::Land(Answers answers) {
  {
    const base::MutexLock lock(state_.mutex);
    --running_;
  }
  Pump();
  state_.Deliver(std::move(answers));
  state_.Leave();
}

// False when the want got no block at all; it is queued again or given up then.
bool Lane::GiveBlocks(Want& want) {
  base::MutexLock lock(state_.mutex);
  const std::vector<std::uint32_t> missing = want.object->MissingBlocks(want.range);
  lock.Unlock();
  std::vector<BlockRef> blocks;
  blocks.reserve(missing.size());
  while (blocks.size() < missing.size()) {
    BlockRef block = TakeBlock();
    if (!block) break;
    blocks.push_back(std::move(block));
  }
  lock.Lock();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    want.object->Install(missing[i], std::move(blocks[i]));
  }
  if (blocks.size() == missing.size()) {
    if (!want.demand) state_.GrowWindow();
    return true;
  }
  const std::uint64_t cut =
      std::max(want.range.offset, missing[blocks.size()] * std::uint64_t{kBlockSize});
  const base::ByteRange rest{cut, want.range.end() - cut};
  want.range.length = cut - want.range.offset;
  GiveUp(want, rest);
  if (!want.range.empty()) return true;
  --running_;
  lock.Unlock();
  state_.Leave();
  return false;
}

// There is no memory for `rest`: what is awaited is kept for when there is, the others are dropped.
void Lane::GiveUp(const Want& want, const base::ByteRange& rest) {
  std::vector<base::ByteRange> keep;
  ForEachBlock(rest, [&](std::uint32_t index, std::uint32_t first, std::uint32_t count) {
    const base::ByteRange pages{index * std::uint64_t{kBlockSize} + first * kPageSize,
                                count * kPageSize};
    if (!want.object->IsAwaited(pages)) {
      want.object->Unclaim(pages);
    } else {
      keep.push_back(pages);
    }
  });
  for (auto it = keep.rbegin(); it != keep.rend(); ++it) {
    queue_.PushFront({want.object, *it, true});
  }
  state_.ShrinkWindow();
  if (keep.empty() || starving_) return;
  starving_ = true;
  state_.Enter();
  // The queue of the executor has room for every lane, so this does not block.
  waiting_.Submit([this] { WaitForBlock(); });
}

BlockRef Lane::TakeBlock() {
  {
    const base::MutexLock lock(state_.mutex);
    if (spare_) return std::move(spare_);
  }
  return pool_.TryAllocate();
}

void Lane::WaitForBlock() {
  base::Result<BlockRef> block = BlockRef();
  for (std::uint32_t waited = 0;; waited += kWaitSliceMs) {
    block = pool_.Allocate(kWaitSliceMs);
    if (block.ok() || waited >= options_.block_wait_ms) break;
    const base::MutexLock lock(state_.mutex);
    if (state_.closing) break;
  }
  Answers answers;
  {
    const base::MutexLock lock(state_.mutex);
    starving_ = false;
    if (block.ok()) {
      spare_ = std::move(block).value();
    } else {
      answers = FailQueued(block.error().Annotate("read"));
    }
  }
  state_.Deliver(std::move(answers));
  Pump();
  state_.Leave();
}

Answers Lane::FailQueued(const base::Error& error) {
  Answers answers;
  for (const Want& want : queue_.TakeAll()) {
    Answers failed = want.object->Fail(want.range, error);
    answers.insert(answers.end(), std::make_move_iterator(failed.begin()),
                   std::make_move_iterator(failed.end()));
  }
  return answers;
}

}  // namespace cache
