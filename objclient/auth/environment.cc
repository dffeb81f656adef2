#include "objclient/auth/environment.h"

#include <algorithm>
#include <cstdlib>

namespace objclient {

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
  };
}

bool IsSwitchedOn(const Environment& environment, const std::string& name) {
  std::string value = environment(name).value_or("");
  std::transform(value.begin(), value.end(), value.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return value == "true" || value == "yes" || value == "on" || value == "1";
}

}  // namespace objclient
