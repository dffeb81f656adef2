#include "cache/cached_object.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace cache {

void BlockLru::Touch(Slot& slot) {
  Remove(slot);
  blocks_.push_back(slot);
}

void BlockLru::Spend(Slot& slot) {
  Remove(slot);
  blocks_.push_front(slot);
}

void BlockLru::Remove(Slot& slot) {
  if (slot.is_linked()) blocks_.erase(blocks_.iterator_to(slot));
}

std::vector<BlockRef> BlockLru::Evict(std::size_t count) {
  std::vector<BlockRef> taken;
  for (auto it = blocks_.begin(); it != blocks_.end() && taken.size() < count;) {
    Slot& slot = *it;
    if (slot.readers > 0 || slot.block.use_count() > 1) {
      ++it;
      continue;
    }
    it = blocks_.erase(it);
    taken.push_back(std::move(slot.block));
    const std::uint32_t index = slot.index;
    slot.object->slots_.erase(index);
  }
  return taken;
}

CachedObject::CachedObject(ObjectRef object, BlockLru& lru)
    : ref(std::move(object)), read_ahead(ref.size), lru_(lru) {}

CachedObject::~CachedObject() {
  for (auto& [index, slot] : slots_) lru_.Remove(slot);
}

std::size_t CachedObject::BlocksOf(const base::ByteRange& range) {
  if (range.empty()) return 0;
  return static_cast<std::size_t>((range.end() - 1) / kBlockSize - range.offset / kBlockSize + 1);
}

const Slot* CachedObject::Find(std::uint32_t index) const {
  const auto found = slots_.find(index);
  return found == slots_.end() ? nullptr : &found->second;
}

Slot& CachedObject::At(std::uint32_t index) {
  Slot& slot = slots_[index];
  slot.object = this;
  slot.index = index;
  return slot;
}

template <typename Test>
std::vector<base::ByteRange> CachedObject::Runs(const base::ByteRange& range, Test test) const {
  std::vector<base::ByteRange> runs;
  ForEachBlock(WholePages(range),
               [&](std::uint32_t index, std::uint32_t first, std::uint32_t count) {
                 const Slot* const slot = Find(index);
                 for (std::uint32_t page = first; page < first + count; ++page) {
                   if (!test(slot, page)) continue;
                   const std::uint64_t at = index * std::uint64_t{kBlockSize} + page * kPageSize;
                   if (runs.empty() || runs.back().end() != at) runs.push_back({at, 0});
                   runs.back().length += kPageSize;
                 }
               });
  return runs;
}

bool CachedObject::Covers(const base::ByteRange& range) const {
  bool all = true;
  ForEachBlock(WholePages(range),
               [&](std::uint32_t index, std::uint32_t first, std::uint32_t count) {
                 const Slot* const slot = Find(index);
                 all = all && slot != nullptr && slot->valid.All(first, count);
               });
  return all;
}

bool CachedObject::HasGap(const base::ByteRange& range) const {
  bool gap = false;
  ForEachBlock(WholePages(range),
               [&](std::uint32_t index, std::uint32_t first, std::uint32_t count) {
                 const Slot* const slot = Find(index);
                 gap = gap || slot == nullptr ||
                       slot->valid.Count(first, count) + slot->claimed.Count(first, count) < count;
               });
  return gap;
}

bool CachedObject::IsAwaited(const base::ByteRange& range) const {
  return std::any_of(parked_.begin(), parked_.end(), [&](const ParkedRead& read) {
    return !base::Intersect(WholePages(read.range), range).empty();
  });
}

bool CachedObject::AnyValid(const base::ByteRange& range) const {
  bool any = false;
  ForEachBlock(WholePages(range),
               [&](std::uint32_t index, std::uint32_t first, std::uint32_t count) {
                 const Slot* const slot = Find(index);
                 any = any || (slot != nullptr && slot->valid.Count(first, count) > 0);
               });
  return any;
}

PinnedBytes CachedObject::Pin(const base::ByteRange& range) {
  PinnedBytes pinned;
  pinned.pieces.reserve(BlocksOf(range));
  for (std::uint64_t at = range.offset; at < range.end();) {
    Slot& slot = At(static_cast<std::uint32_t>(at / kBlockSize));
    const std::uint64_t inside = at % kBlockSize;
    const std::uint64_t length = std::min(range.end() - at, kBlockSize - inside);
    pinned.pieces.push_back({slot.block.bytes().subspan(inside, length), slot.block});
    if (slot.is_linked() && !slot.spent) lru_.Touch(slot);
    at += length;
  }
  return pinned;
}

void CachedObject::Park(const base::ByteRange& range, ReadDone done) {
  ParkedRead read{range, std::move(done), 0};
  ForEachBlock(WholePages(range),
               [&](std::uint32_t index, std::uint32_t first, std::uint32_t count) {
                 Slot& slot = At(index);
                 ++slot.readers;
                 read.missing += count - slot.valid.Count(first, count);
               });
  CHECK(read.missing > 0);
  parked_.push_back(std::move(read));
}

std::vector<base::ByteRange> CachedObject::Claim(const base::ByteRange& range) {
  const base::ByteRange inside = base::Intersect(WholePages(range), {0, PagesEnd()});
  std::vector<base::ByteRange> runs = Runs(inside, [](const Slot* slot, std::uint32_t page) {
    return slot == nullptr || (!slot->valid.Test(page) && !slot->claimed.Test(page));
  });
  for (const base::ByteRange& run : runs) {
    ForEachBlock(run, [&](std::uint32_t index, std::uint32_t first, std::uint32_t count) {
      Slot& slot = At(index);
      slot.claimed.Set(first, count);
      lru_.Remove(slot);
    });
  }
  return runs;
}

void CachedObject::Unclaim(const base::ByteRange& range) {
  ForEachBlock(WholePages(range),
               [&](std::uint32_t index, std::uint32_t first, std::uint32_t count) {
                 const auto found = slots_.find(index);
                 if (found == slots_.end()) return;
                 found->second.claimed.Clear(first, count);
                 Replace(found->second);
               });
}

std::vector<base::ByteRange> CachedObject::Claimed(const base::ByteRange& range) const {
  return Runs(range, [](const Slot* slot, std::uint32_t page) {
    return slot != nullptr && slot->claimed.Test(page);
  });
}

std::vector<std::uint32_t> CachedObject::MissingBlocks(const base::ByteRange& range) const {
  std::vector<std::uint32_t> missing;
  ForEachBlock(range, [&](std::uint32_t index, std::uint32_t, std::uint32_t) {
    const Slot* const slot = Find(index);
    if (slot == nullptr || !slot->block) missing.push_back(index);
  });
  return missing;
}

void CachedObject::Install(std::uint32_t index, BlockRef block) {
  Slot& slot = At(index);
  CHECK(!slot.claimed.None());
  if (!slot.block) slot.block = std::move(block);
}

std::vector<std::span<std::byte>> CachedObject::Memory(const base::ByteRange& range) const {
  std::vector<std::span<std::byte>> pieces;
  for (std::uint64_t at = range.offset; at < range.end();) {
    const std::uint64_t inside = at % kBlockSize;
    const std::uint64_t length = std::min(range.end() - at, kBlockSize - inside);
    const Slot* const slot = Find(static_cast<std::uint32_t>(at / kBlockSize));
    pieces.push_back(slot->block.bytes().subspan(inside, length));
    at += length;
  }
  return pieces;
}

Answers CachedObject::Publish(const base::ByteRange& range) {
  Answers answers;
  const base::ByteRange pages = WholePages(range);
  for (const base::ByteRange& run : Claimed(pages)) {
    ForEachBlock(run, [&](std::uint32_t index, std::uint32_t first, std::uint32_t count) {
      Slot& slot = slots_.at(index);
      slot.claimed.Clear(first, count);
      slot.valid.Set(first, count);
    });
    for (ParkedRead& read : parked_) {
      read.missing -= base::Intersect(WholePages(read.range), run).length / kPageSize;
    }
  }
  for (auto read = parked_.begin(); read != parked_.end();) {
    if (read->missing > 0) {
      ++read;
      continue;
    }
    answers.push_back(Finish(*read, Pin(read->range)));
    read = parked_.erase(read);
  }
  ForEachBlock(pages, [&](std::uint32_t index, std::uint32_t, std::uint32_t) {
    const auto found = slots_.find(index);
    if (found != slots_.end()) Replace(found->second);
  });
  return answers;
}

Answers CachedObject::Fail(const base::ByteRange& range, const base::Error& error) {
  Answers answers;
  for (const base::ByteRange& run : Claimed(range)) {
    for (auto read = parked_.begin(); read != parked_.end();) {
      if (base::Intersect(WholePages(read->range), run).empty()) {
        ++read;
        continue;
      }
      answers.push_back(Finish(*read, error));
      read = parked_.erase(read);
    }
  }
  Unclaim(range);
  return answers;
}

Answer CachedObject::Finish(ParkedRead& read, base::Result<PinnedBytes> result) {
  ReleaseReader(read.range);
  return {std::move(read.done), std::move(result), BlocksOf(read.range)};
}

void CachedObject::ReleaseReader(const base::ByteRange& range) {
  ForEachBlock(WholePages(range), [&](std::uint32_t index, std::uint32_t, std::uint32_t) {
    Slot& slot = slots_.at(index);
    --slot.readers;
    Replace(slot);
  });
}

void CachedObject::Replace(Slot& slot) {
  if (!slot.claimed.None()) return;
  if (slot.readers == 0 && (!slot.block || forgotten_)) {
    lru_.Remove(slot);
    const std::uint32_t index = slot.index;
    slots_.erase(index);
    return;
  }
  if (slot.block && !slot.is_linked() && !forgotten_) lru_.Touch(slot);
}

void CachedObject::Spend(const base::ByteRange& range) {
  for (std::uint64_t index = range.offset / kBlockSize; index < range.end() / kBlockSize; ++index) {
    const auto found = slots_.find(static_cast<std::uint32_t>(index));
    if (found == slots_.end()) continue;
    found->second.spent = true;
    LetSpentGo(found->second);
  }
}

void CachedObject::LetSpentGo(Slot& slot) {
  if (!slot.spent || !slot.is_linked() || !IsSettled(slot)) return;
  if (slot.only_copy || slot.readers > 0) {
    lru_.Spend(slot);
    return;
  }
  lru_.Remove(slot);
  const std::uint32_t index = slot.index;
  slots_.erase(index);
}

std::vector<base::ByteRange> CachedObject::OfferGranules(const base::ByteRange& range) {
  std::vector<base::ByteRange> runs;
  for (std::uint64_t at = range.offset / kGranuleSize * kGranuleSize; at < range.end();
       at += kGranuleSize) {
    const base::ByteRange granule{at, std::min(kGranuleSize, ref.size - at)};
    const auto found = slots_.find(static_cast<std::uint32_t>(at / kBlockSize));
    if (found == slots_.end() || !Covers(granule)) continue;
    Slot& slot = found->second;
    const auto bit = static_cast<std::uint8_t>(1u << (at % kBlockSize / kGranuleSize));
    if (((slot.settled | slot.offered) & bit) != 0) continue;
    slot.offered = static_cast<std::uint8_t>(slot.offered | bit);
    if (runs.empty() || runs.back().end() != at) runs.push_back({at, 0});
    runs.back().length += granule.length;
  }
  return runs;
}

void CachedObject::Settle(const base::ByteRange& granules, Kept kept) {
  for (std::uint64_t at = granules.offset; at < granules.end(); at += kGranuleSize) {
    const auto found = slots_.find(static_cast<std::uint32_t>(at / kBlockSize));
    if (found == slots_.end()) continue;
    Slot& slot = found->second;
    slot.settled = static_cast<std::uint8_t>(slot.settled | 1u << (at % kBlockSize / kGranuleSize));
    slot.only_copy = slot.only_copy || kept == Kept::kNowhere;
    LetSpentGo(slot);
  }
}

std::optional<PinnedBytes::Piece> CachedObject::PinGranule(const base::ByteRange& granule) const {
  if (!Covers(granule)) return std::nullopt;
  const Slot* const slot = Find(static_cast<std::uint32_t>(granule.offset / kBlockSize));
  return PinnedBytes::Piece{
      slot->block.bytes().subspan(granule.offset % kBlockSize, granule.length), slot->block};
}

void CachedObject::Adopt(std::uint32_t index, BlockRef block) {
  const std::uint64_t start = index * std::uint64_t{kBlockSize};
  if (start >= ref.size || Find(index) != nullptr) return;
  Slot& slot = At(index);
  slot.block = std::move(block);
  const std::uint64_t length = std::min<std::uint64_t>(kBlockSize, ref.size - start);
  slot.valid.Set(0, static_cast<std::uint32_t>((length + kPageSize - 1) / kPageSize));
  lru_.Touch(slot);
}

std::vector<base::ByteRange> CachedObject::TakeBlocks(CachedObject& other) {
  std::vector<base::ByteRange> taken;
  for (auto it = other.slots_.begin(); it != other.slots_.end();) {
    Slot& theirs = it->second;
    const bool movable = theirs.block && theirs.claimed.None() && theirs.readers == 0;
    if (!movable || Find(it->first) != nullptr) {
      ++it;
      continue;
    }
    lru_.Remove(theirs);
    Slot& slot = At(it->first);
    slot.block = std::move(theirs.block);
    slot.valid = theirs.valid;
    slot.settled = theirs.settled;
    slot.only_copy = theirs.only_copy;
    lru_.Touch(slot);
    const std::uint64_t start = it->first * std::uint64_t{kBlockSize};
    taken.push_back({start, std::min<std::uint64_t>(kBlockSize, ref.size - start)});
    it = other.slots_.erase(it);
  }
  return taken;
}

void CachedObject::Forget() {
  forgotten_ = true;
  for (auto it = slots_.begin(); it != slots_.end();) {
    Slot& slot = it->second;
    lru_.Remove(slot);
    it = slot.claimed.None() && slot.readers == 0 ? slots_.erase(it) : std::next(it);
  }
}

bool CachedObject::IsSettled(const Slot& slot) const {
  const std::uint64_t inside =
      std::min<std::uint64_t>(kBlockSize, ref.size - slot.index * std::uint64_t{kBlockSize});
  const std::uint64_t granules = (inside + kGranuleSize - 1) / kGranuleSize;
  return slot.settled + 1u >= 1u << granules;
}

std::uint64_t CachedObject::PagesEnd() const {
  return (ref.size + kPageSize - 1) / kPageSize * kPageSize;
}

}  // namespace cache
