// CHECK stops the process where going on would lose or tear data. It is for broken invariants of
// our own, never for input or I/O, which are values (base/result.h).
#pragma once

namespace base {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace base

#define CHECK(condition)                                   \
  do {                                                     \
    if (!(condition)) [[unlikely]]                         \
      ::base::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)
