// Must: takes the value out of a result, or fails the test. One thread or many.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include "base/result.h"

namespace meta {

// errno of a result, 0 when it is one of success.
template <typename T>
int ErrnoOf(const base::Result<T>& result) {
  return result.ok() ? 0 : result.error().errno_value();
}

// The value, or a failed test and a default value.
template <typename T>
T Must(base::Result<T> result) {
  if (result.ok()) return std::move(result).value();
  ADD_FAILURE() << result.error().ToString();
  return T{};
}
inline void Must(const base::Status& status) {
  if (!status.ok()) ADD_FAILURE() << status.error().ToString();
}

// The same for types without a default value: ends the test program.
template <typename T>
T MustHave(base::Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::cerr << result.error().ToString() << "\n";
  std::abort();
}

}  // namespace meta
