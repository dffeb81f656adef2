// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure
// functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace base {

// Bytes of the character that `text` begins with; 0 when it is malformed. `text` is not empty.
std::size_t Utf8Length(std::string_view text);
bool IsUtf8(std::string_view text);

}  // namespace base
