// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure
// functions.
#pragma once

#include <optional>
#include <string_view>

namespace base {

// Takes the first character off `text`, which is not empty. Nothing when it is malformed; `text`
// then stays as it is.
std::optional<char32_t> TakeCharacter(std::string_view& text);
bool IsUtf8(std::string_view text);

}  // namespace base
