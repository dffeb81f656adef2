#include "cache/read.h"

namespace cache {

std::optional<std::uint32_t> ObjectRef::SumOf(std::uint64_t granule) const {
  if (sums == nullptr || granule >= sums->size() || (*sums)[granule] == 0) return std::nullopt;
  return (*sums)[granule];
}

std::uint64_t PinnedBytes::size() const {
  std::uint64_t total = 0;
  for (const Piece& piece : pieces) total += piece.bytes.size();
  return total;
}

}  // namespace cache
