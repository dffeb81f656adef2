// Values of a read: which object bytes are asked for, and the pinned bytes that answer. Used by the
// block cache, the staged file and fs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest/piece_sums.h"
#include "base/result.h"
#include "cache/block_pool.h"
#include "objclient/object.h"

namespace cache {

// One immutable object. `id` is unique for ever within the volume (the cache's key); `etag` goes
// out as If-Match.
struct ObjectRef {
  std::int64_t id = 0;
  objclient::ObjectKey key;
  std::string etag;
  std::uint64_t size = 0;
  // What is known of the bytes: a granule with a sum is always fetched whole, and checked.
  base::SharedPieceSums sums = nullptr;

  std::optional<std::uint32_t> SumOf(std::uint64_t granule) const;
};

// `length` bytes of a file at `offset` are the object's at `object_offset`; uncovered = zeros.
struct FileExtent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t object_offset = 0;
  ObjectRef object;
};

// Bytes that stay valid while this value lives: pieces in order, each with what keeps it alive.
// `hold` is empty for bytes of static memory (zeros).
struct PinnedBytes {
  struct Piece {
    std::span<const std::byte> bytes;
    BlockRef hold;
  };
  std::vector<Piece> pieces;
  std::uint64_t size() const;
};

// Called exactly once, never inline from the call that took it, without locks held.
using ReadDone = std::function<void(base::Result<PinnedBytes>)>;

}  // namespace cache
