#include <isa-l/crc.h>

#include <algorithm>

#include "base/digest/crc_polynomial.h"
#include "base/digest/digest.h"

namespace base {

std::uint32_t Crc32c(std::uint32_t crc, std::span<const std::byte> data) {
  // ISA-L works on the bare remainder (no inversion), counts in int, and forgets const.
  constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;
  std::uint32_t remainder = ~crc;
  while (!data.empty()) {
    const std::size_t n = std::min(data.size(), kMostAtOnce);
    auto* bytes = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(data.data()));
    remainder = crc32_iscsi(bytes, static_cast<int>(n), remainder);
    data = data.subspan(n);
  }
  return ~remainder;
}

std::uint32_t Crc32cCombine(std::uint32_t crc_a, std::uint32_t crc_b, std::uint64_t length_b) {
  return CrcPolynomial<std::uint32_t, 0x82F63B78>::Combine(crc_a, crc_b, length_b);
}

}  // namespace base
