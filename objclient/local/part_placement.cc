#include "objclient/local/part_placement.h"

#include <iterator>

namespace objclient {

std::optional<std::uint64_t> PartPlacement::Claim(std::uint32_t number, std::uint64_t size) {
  const auto after = claimed_.lower_bound(number);
  if (after != claimed_.end() && after->first == number) return std::nullopt;
  std::uint64_t offset = (number - 1) * size;
  if (after != claimed_.begin()) {
    const auto& [previous, range] = *std::prev(after);
    const std::uint64_t gap = number - previous - 1;
    // Sizes grew somewhere in the gap; where is not known yet.
    if (gap > 0 && size > range.length) return std::nullopt;
    offset = range.end() + gap * range.length;
  }
  if (after != claimed_.end() && offset + size > after->second.offset) return std::nullopt;
  claimed_[number] = {offset, size};
  return offset;
}

}  // namespace objclient
