#include "base/utf8.h"

#include <cstdint>

namespace base {
namespace {

constexpr std::size_t kLengthMax = 4;
// The least character that needs so many bytes; a smaller one is an overlong form.
constexpr std::uint32_t kLeast[kLengthMax + 1] = {0, 0, 0x80, 0x800, 0x10000};
constexpr std::uint32_t kSurrogateFirst = 0xD800;
constexpr std::uint32_t kSurrogateLast = 0xDFFF;
constexpr std::uint32_t kCharacterLast = 0x10FFFF;

// What the first byte promises; 0 for one that begins no character.
std::size_t PromisedLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC0) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF8 ? 4 : 0;
}

}  // namespace

std::size_t Utf8Length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = PromisedLength(lead);
  if (length <= 1) return length;
  if (length > text.size()) return 0;
  std::uint32_t character = lead & (0x7Fu >> length);
  for (const char c : text.substr(1, length - 1)) {
    const auto next = static_cast<unsigned char>(c);
    if ((next & 0xC0) != 0x80) return 0;
    character = character << 6 | (next & 0x3Fu);
  }
  const bool surrogate = character >= kSurrogateFirst && character <= kSurrogateLast;
  const bool fits = character >= kLeast[length] && character <= kCharacterLast && !surrogate;
  return fits ? length : 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace base
