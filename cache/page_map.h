// PageMap: which of a block's 4 KiB pages have some property (valid, being fetched). A value; no
// locks.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "cache/block_pool.h"

namespace cache {

inline constexpr std::uint64_t kPageSize = 4096;  // bytes
inline constexpr std::uint32_t kPagesPerBlock = kBlockSize / kPageSize;

// Pages [first, first + count) of a block.
class PageMap {
 public:
  void Set(std::uint32_t first, std::uint32_t count);
  void Clear(std::uint32_t first, std::uint32_t count);
  bool None() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }
  bool Test(std::uint32_t page) const { return (words_[page / 64] >> (page % 64) & 1) != 0; }
  // How many of the pages are set.
  std::uint32_t Count(std::uint32_t first, std::uint32_t count) const;
  bool All(std::uint32_t first, std::uint32_t count) const { return Count(first, count) == count; }

 private:
  std::array<std::uint64_t, kPagesPerBlock / 64> words_{};
};

// The smallest whole pages that hold `range`; the end may lie behind an object's last byte.
base::ByteRange WholePages(const base::ByteRange& range);

// Calls visit(block index, first page, page count) for every block that `range` (whole pages)
// touches, in order.
template <typename Visit>
void ForEachBlock(const base::ByteRange& range, Visit visit) {
  for (std::uint64_t at = range.offset; at < range.end();) {
    const std::uint64_t index = at / kBlockSize;
    const std::uint64_t stop = std::min(range.end(), (index + 1) * kBlockSize);
    const std::uint64_t first = at % kBlockSize / kPageSize;
    visit(static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(first),
          static_cast<std::uint32_t>((stop - at + kPageSize - 1) / kPageSize));
    at = stop;
  }
}

}  // namespace cache
