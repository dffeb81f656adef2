// ByteRange, byte sizes and the text form of sizes ("256MiB"). Values only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

// Bytes [offset, offset + length).
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t end() const { return offset + length; }
  bool empty() const { return length == 0; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// The overlap of two ranges; length 0 when there is none.
ByteRange Intersect(const ByteRange& a, const ByteRange& b);

// "64M", "1GiB", "500000": powers of 1024. kInvalid with a hint otherwise.
Result<std::uint64_t> ParseSize(std::string_view text);
// "1.5 GiB", for people.
std::string FormatSize(std::uint64_t bytes);

}  // namespace base
