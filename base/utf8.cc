#include "base/utf8.h"

#include <cstddef>

namespace base {
namespace {

constexpr std::size_t kLengthMax = 4;
// The least character that needs so many bytes; a smaller one is an overlong form.
constexpr char32_t kLeast[kLengthMax + 1] = {0, 0, 0x80, 0x800, 0x10000};
constexpr char32_t kSurrogateFirst = 0xD800;
constexpr char32_t kSurrogateLast = 0xDFFF;
constexpr char32_t kCharacterLast = 0x10FFFF;

// What the first byte promises; 0 for one that begins no character.
std::size_t PromisedLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC0) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF8 ? 4 : 0;
}

}  // namespace

std::optional<char32_t> TakeCharacter(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = PromisedLength(lead);
  if (length == 0 || length > text.size()) return std::nullopt;
  char32_t character = length == 1 ? lead : lead & (0x7Fu >> length);
  for (const char c : text.substr(1, length - 1)) {
    const auto next = static_cast<unsigned char>(c);
    if ((next & 0xC0) != 0x80) return std::nullopt;
    character = character << 6 | (next & 0x3Fu);
  }
  const bool surrogate = character >= kSurrogateFirst && character <= kSurrogateLast;
  if (character < kLeast[length] || character > kCharacterLast || surrogate) return std::nullopt;
  text.remove_prefix(length);
  return character;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    if (!TakeCharacter(text)) return false;
  }
  return true;
}

}  // namespace base
