#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "cache/block_cache.h"

namespace cache {
namespace {

constexpr std::size_t kNoPart = SIZE_MAX;

alignas(4096) constexpr std::array<std::byte, 64u << 10> kZeros{};

void AppendZeros(std::uint64_t length, PinnedBytes& target) {
  while (length > 0) {
    const std::uint64_t piece = std::min<std::uint64_t>(length, kZeros.size());
    target.pieces.push_back({std::span(kZeros).first(piece), {}});
    length -= piece;
  }
}

struct Part {
  base::ByteRange range;               // of the file
  const FileExtent* extent = nullptr;  // null = a hole
};

// The parts of one read, filled from several threads. Shared by them and by the caller that hands
// them out, which counts as a part itself until all are handed out.
class Gather {
 public:
  Gather(std::size_t parts, ReadDone done)
      : done_(std::move(done)), parts_(parts), open_(parts + 1) {}

  void Put(std::size_t part, base::Result<PinnedBytes> bytes) EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    Store(part, std::move(bytes));
  }

  // A part that was read later. The last one answers.
  void Arrived(std::size_t part, base::Result<PinnedBytes> bytes) EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    Store(part, std::move(bytes));
    if (open_ > 0) return;
    base::Result<PinnedBytes> whole = Join();
    lock.Unlock();
    done_(std::move(whole));
  }

  // All parts are handed out: the whole when all have come, nothing when some will come later. The
  // third outcome, all have come and one failed, sets `again` to that part: a failure may not be
  // told from the caller's thread, so it has to ask for it once more.
  std::optional<PinnedBytes> HandedOut(std::size_t& again) EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    again = kNoPart;
    if (--open_ > 0) return std::nullopt;
    if (!error_) return std::move(Join()).value();
    again = failed_;
    error_.reset();
    open_ = 2;
    return std::nullopt;
  }

 private:
  void Store(std::size_t part, base::Result<PinnedBytes> bytes) REQUIRES(mutex_) {
    --open_;
    if (bytes.ok()) {
      parts_[part] = std::move(bytes).value();
    } else if (!error_) {
      error_ = bytes.error();
      failed_ = part;
    }
  }

  base::Result<PinnedBytes> Join() REQUIRES(mutex_) {
    if (error_) return *error_;
    PinnedBytes whole;
    for (PinnedBytes& part : parts_) {
      std::move(part.pieces.begin(), part.pieces.end(), std::back_inserter(whole.pieces));
    }
    return whole;
  }

  const ReadDone done_;
  base::Mutex mutex_;
  std::vector<PinnedBytes> parts_ GUARDED_BY(mutex_);
  std::optional<base::Error> error_ GUARDED_BY(mutex_);
  std::size_t failed_ GUARDED_BY(mutex_) = 0;
  std::size_t open_ GUARDED_BY(mutex_);
};

std::vector<Part> Split(const std::vector<FileExtent>& extents, const base::ByteRange& range) {
  std::vector<Part> parts;
  std::uint64_t at = range.offset;
  for (const FileExtent& extent : extents) {
    const base::ByteRange overlap = base::Intersect({extent.offset, extent.length}, range);
    if (overlap.empty()) continue;
    if (overlap.offset > at) parts.push_back({{at, overlap.offset - at}, nullptr});
    parts.push_back({overlap, &extent});
    at = overlap.end();
  }
  if (at < range.end()) parts.push_back({{at, range.end() - at}, nullptr});
  return parts;
}

base::ByteRange InObject(const Part& part) {
  return {part.range.offset - part.extent->offset + part.extent->object_offset, part.range.length};
}

}  // namespace

std::optional<PinnedBytes> ReadExtents(BlockCache& cache, const std::vector<FileExtent>& extents,
                                       base::ByteRange range, ReadDone done) {
  const std::vector<Part> parts = Split(extents, range);
  if (parts.size() == 1 && parts[0].extent != nullptr) {
    return cache.Read(parts[0].extent->object, InObject(parts[0]), std::move(done));
  }
  // Shared by the parts on their way.
  const auto gather = std::make_shared<Gather>(parts.size(), std::move(done));
  const auto hand_out = [&](std::size_t i) {
    std::optional<PinnedBytes> here;
    if (parts[i].extent == nullptr) {
      AppendZeros(parts[i].range.length, here.emplace());
    } else {
      here = cache.Read(
          parts[i].extent->object, InObject(parts[i]),
          [gather, i](base::Result<PinnedBytes> bytes) { gather->Arrived(i, std::move(bytes)); });
    }
    if (here) gather->Put(i, std::move(*here));
  };
  for (std::size_t i = 0; i < parts.size(); ++i) hand_out(i);
  while (true) {
    std::size_t again = kNoPart;
    std::optional<PinnedBytes> whole = gather->HandedOut(again);
    if (again == kNoPart) return whole;
    hand_out(again);
  }
}

}  // namespace cache
