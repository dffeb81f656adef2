#include "cache/read.h"

namespace cache {

std::uint64_t PinnedBytes::size() const {
  std::uint64_t total = 0;
  for (const Piece& piece : pieces) total += piece.bytes.size();
  return total;
}

}  // namespace cache
