#include "cache/page_map.h"

#include <algorithm>
#include <bit>

namespace cache {
namespace {

// The bits of pages [first, last) that fall into word `word`.
std::uint64_t MaskOf(std::uint32_t word, std::uint32_t first, std::uint32_t last) {
  const std::uint32_t low = std::max(first, word * 64) - word * 64;
  const std::uint32_t high = std::min(last, word * 64 + 64) - word * 64;
  const std::uint64_t below_high = high == 64 ? ~0ull : (1ull << high) - 1;
  return below_high & ~((1ull << low) - 1);
}

template <typename Visit>
void ForEachWord(std::uint32_t first, std::uint32_t count, Visit visit) {
  if (count == 0) return;
  const std::uint32_t last = first + count;
  for (std::uint32_t word = first / 64; word <= (last - 1) / 64; ++word) {
    visit(word, MaskOf(word, first, last));
  }
}

}  // namespace

void PageMap::Set(std::uint32_t first, std::uint32_t count) {
  ForEachWord(first, count,
              [this](std::uint32_t word, std::uint64_t mask) { words_[word] |= mask; });
}

void PageMap::Clear(std::uint32_t first, std::uint32_t count) {
  ForEachWord(first, count,
              [this](std::uint32_t word, std::uint64_t mask) { words_[word] &= ~mask; });
}

std::uint32_t PageMap::Count(std::uint32_t first, std::uint32_t count) const {
  int total = 0;
  ForEachWord(first, count, [&](std::uint32_t word, std::uint64_t mask) {
    total += std::popcount(words_[word] & mask);
  });
  return static_cast<std::uint32_t>(total);
}

base::ByteRange WholePages(const base::ByteRange& range) {
  const std::uint64_t start = range.offset / kPageSize * kPageSize;
  if (range.empty()) return {start, 0};
  const std::uint64_t end = (range.end() + kPageSize - 1) / kPageSize * kPageSize;
  return {start, end - start};
}

}  // namespace cache
