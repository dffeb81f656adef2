#include "base/digest/piece_sums.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace base {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

std::size_t CountPieces(std::uint64_t size) {
  return static_cast<std::size_t>((size + kSummedPieceSize - 1) / kSummedPieceSize);
}

SharedPieceSums Share(PieceSums sums) {
  const bool known = std::any_of(sums.begin(), sums.end(), [](std::uint32_t sum) { return sum; });
  return known ? std::make_shared<const PieceSums>(std::move(sums)) : nullptr;
}

std::string EncodePieceSums(const PieceSums& sums) {
  return {reinterpret_cast<const char*>(sums.data()), sums.size() * sizeof(std::uint32_t)};
}

SharedPieceSums DecodePieceSums(std::string_view bytes, std::uint64_t size) {
  PieceSums sums(CountPieces(size));
  if (sums.empty() || bytes.size() != sums.size() * sizeof(std::uint32_t)) return nullptr;
  std::memcpy(sums.data(), bytes.data(), bytes.size());
  return Share(std::move(sums));
}

}  // namespace base
