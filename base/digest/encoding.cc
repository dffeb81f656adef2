#include <sys/random.h>

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "base/digest/digest.h"

namespace base {

std::string HexLower(std::span<const std::uint8_t> bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string Base64(std::span<const std::uint8_t> bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < n ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= n ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

std::string Base64Crc32c(std::uint32_t crc) {
  const std::array<std::uint8_t, 4> big_endian = {
      static_cast<std::uint8_t>(crc >> 24), static_cast<std::uint8_t>(crc >> 16),
      static_cast<std::uint8_t>(crc >> 8), static_cast<std::uint8_t>(crc)};
  return Base64(big_endian);
}

std::string RandomHex(std::size_t bytes) {
  constexpr std::size_t kMostAtOnce = 256;  // the most getentropy(3) gives
  std::vector<std::uint8_t> random(bytes);
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t n = std::min(kMostAtOnce, bytes - done);
    CHECK(::getentropy(random.data() + done, n) == 0);
    done += n;
  }
  return HexLower(random);
}

}  // namespace base
