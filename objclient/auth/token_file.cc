#include "objclient/auth/token_file.h"

#include <algorithm>

#include "base/fd.h"

namespace objclient {

base::Result<base::Secret> ReadTokenFile(const std::string& path) {
  auto read = base::ReadSmallFile(path);
  if (!read.ok()) return read.error().Annotate("token file");
  const base::Secret text(std::move(*read));
  const std::string& all = text.reveal();
  constexpr const char* kBlanks = " \t\r\n";
  const auto first = all.find_first_not_of(kBlanks);
  if (first == std::string::npos) {
    return base::Error(base::ErrorClass::kInvalid, "token file " + path + " is empty");
  }
  std::string token = all.substr(first, all.find_last_not_of(kBlanks) - first + 1);
  const bool clean =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!clean) {
    return base::Error(base::ErrorClass::kInvalid, "token file " + path + " holds no token");
  }
  return base::Secret(std::move(token));
}

}  // namespace objclient
