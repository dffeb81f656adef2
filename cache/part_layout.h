// PartLayout: which bytes of a file are which part of its multipart upload. Parts 1 to 4000 have
// `part_bytes`, later ones eight times that, so that with 8 MiB small files have enough parts to go
// out in parallel and the largest file is about 400 GiB in the 10000 parts a store takes. Where a
// store wants equal parts all of them have `part_bytes`, and the largest file is 78 GiB. A value;
// the layout does not depend on the file's size, so a part may leave before the size is known.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"

namespace cache {

class PartLayout {
 public:
  static constexpr std::uint32_t kSmallParts = 4000;
  static constexpr std::uint32_t kParts = 10000;
  static constexpr std::uint64_t kGrowth = 8;

  explicit PartLayout(std::uint64_t part_bytes, bool equal = false)
      : part_bytes_(part_bytes), growth_(equal ? 1 : kGrowth) {}

  // The largest file.
  std::uint64_t max_size() const {
    return part_bytes_ * (kSmallParts + growth_ * (kParts - kSmallParts));
  }
  // Number (from 1) of the part that holds `offset`, which is below max_size().
  std::uint32_t PartOf(std::uint64_t offset) const {
    const std::uint64_t small = offset / part_bytes_;
    if (small < kSmallParts) return static_cast<std::uint32_t>(small + 1);
    const std::uint64_t beyond = offset - part_bytes_ * kSmallParts;
    return static_cast<std::uint32_t>(kSmallParts + 1 + beyond / (part_bytes_ * growth_));
  }
  // Bytes of part `number`, the file's end not considered.
  base::ByteRange Range(std::uint32_t number) const {
    const std::uint64_t index = number - 1;
    if (index < kSmallParts) return {index * part_bytes_, part_bytes_};
    return {part_bytes_ * (kSmallParts + (index - kSmallParts) * growth_), part_bytes_ * growth_};
  }
  // The same, clipped at `size`.
  base::ByteRange Range(std::uint32_t number, std::uint64_t size) const {
    base::ByteRange range = Range(number);
    range.length = range.offset >= size ? 0 : std::min(range.length, size - range.offset);
    return range;
  }
  // How many parts a file of `size` bytes has; 0 for an empty one.
  std::uint32_t Count(std::uint64_t size) const { return size == 0 ? 0 : PartOf(size - 1); }

 private:
  std::uint64_t part_bytes_;
  std::uint64_t growth_;  // of the parts after kSmallParts
};

}  // namespace cache
