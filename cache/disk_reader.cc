#include "cache/disk_reader.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

namespace cache {
namespace {

// Whole pages of granule `granule` inside the object.
base::ByteRange PagesOf(const CachedObject& object, std::uint64_t granule) {
  const std::uint64_t start = granule * kGranuleSize;
  return WholePages({start, std::min(kGranuleSize, object.ref.size - start)});
}

std::span<std::byte> AlignedIn(std::vector<std::byte>& buffer, std::uint64_t length) {
  buffer.resize(length + kPageSize);
  void* start = buffer.data();
  std::size_t space = buffer.size();
  std::align(kPageSize, length, start, space);
  return {static_cast<std::byte*>(start), length};
}

}  // namespace

DiskReader::DiskReader(Lane::Options options, CacheState& state, BlockPool& pool,
                       base::Executor& waiting, base::Executor& readers, DiskTier& tier,
                       Lane& store_lane)
    : state_(state),
      readers_(readers),
      tier_(tier),
      store_lane_(store_lane),
      lane_(options, state, pool, waiting, [this](Want want) {
        readers_.Submit([this, want = std::move(want)]() mutable { Run(want); });
      }) {}

void DiskReader::Run(Want& want) {
  const std::uint64_t first = want.range.offset / kGranuleSize;
  std::vector<Target> targets = Targets(want);
  std::vector<std::span<std::byte>> memory;
  memory.reserve(targets.size());
  for (const Target& target : targets) memory.push_back(target.memory);
  std::shared_ptr<DiskFile> file;
  {
    const base::MutexLock lock(state_.mutex);
    file = want.object->file;
  }
  std::size_t corrupt = 0;
  const std::vector<bool> good = tier_.Read(file, first, memory, corrupt);
  state_.metrics.corrupt_granules.Add(corrupt);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!good[i]) continue;
    state_.metrics.disk_bytes.Add(memory[i].size());
    if (!targets[i].aside.empty()) CopyClaimed(want, first + i, memory[i]);
  }
  Answers answers = Finish(want, good);
  want.object.reset();
  store_lane_.Pump();
  lane_.Land(std::move(answers));
}

std::vector<DiskReader::Target> DiskReader::Targets(const Want& want) {
  std::vector<Target> targets;
  const base::MutexLock lock(state_.mutex);
  for (std::uint64_t at = want.range.offset; at < want.range.end(); at += kGranuleSize) {
    const base::ByteRange pages = PagesOf(*want.object, at / kGranuleSize);
    Target target;
    if (want.object->AnyValid(pages)) {
      target.memory = AlignedIn(target.aside, pages.length);
    } else {
      target.memory = want.object->Memory(pages).front();
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

// Pages that are valid already may be in somebody's hands: only those claimed for this want change.
void DiskReader::CopyClaimed(const Want& want, std::uint64_t granule,
                             std::span<const std::byte> bytes) {
  const base::ByteRange pages = PagesOf(*want.object, granule);
  std::vector<std::pair<std::uint64_t, std::span<std::byte>>> pieces;
  {
    const base::MutexLock lock(state_.mutex);
    for (const base::ByteRange& run : want.object->Claimed(pages)) {
      pieces.emplace_back(run.offset - pages.offset, want.object->Memory(run).front());
    }
  }
  for (const auto& [offset, target] : pieces) {
    std::memcpy(target.data(), bytes.data() + offset, target.size());
  }
}

Answers DiskReader::Finish(const Want& want, const std::vector<bool>& good) {
  Answers answers;
  const base::MutexLock lock(state_.mutex);
  for (std::size_t i = 0; i < good.size(); ++i) {
    const base::ByteRange pages = PagesOf(*want.object, want.range.offset / kGranuleSize + i);
    if (good[i]) {
      Answers ready = want.object->Publish(pages);
      answers.insert(answers.end(), std::make_move_iterator(ready.begin()),
                     std::make_move_iterator(ready.end()));
      want.object->Settle(pages, Kept::kOnDisk);
      continue;
    }
    for (const base::ByteRange& run : want.object->Claimed(pages)) {
      store_lane_.Push({want.object, run, want.demand});
    }
  }
  return answers;
}

}  // namespace cache
