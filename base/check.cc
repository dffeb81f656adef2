#include "base/check.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/log.h"

namespace base {

void CheckFailed(const char* condition, const char* file, int line) {
  LogLine(LogLevel::kError, fmt::format("CHECK failed: {} at {}:{}", condition, file, line));
  std::abort();
}

}  // namespace base
