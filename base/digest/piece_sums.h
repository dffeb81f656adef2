// PieceSums: the CRC-32C of each 128 KiB of some bytes, in order; the last piece may be shorter.
// One that is not known is 0, and a piece whose sum happens to be 0 counts as not known. Values and
// pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace base {

inline constexpr std::uint64_t kSummedPieceSize = 128u << 10;  // bytes

using PieceSums = std::vector<std::uint32_t>;
// Shared by all who name the same bytes; null = none is known.
using SharedPieceSums = std::shared_ptr<const PieceSums>;

std::size_t CountPieces(std::uint64_t size);
// Null when none is known.
SharedPieceSums Share(PieceSums sums);

// Four bytes a piece, little-endian.
std::string EncodePieceSums(const PieceSums& sums);
// Null when `bytes` are not as many as the sums of `size` bytes take: they are not of those.
SharedPieceSums DecodePieceSums(std::string_view bytes, std::uint64_t size);

}  // namespace base
