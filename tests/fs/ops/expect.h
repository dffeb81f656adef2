// EXPECT_OK, ASSERT_OK and EXPECT_ERRNO for base::Result.
#pragma once

#include <gtest/gtest.h>

#include "base/result.h"

namespace fs {

template <typename T>
std::string ErrorText(const base::Result<T>& result) {
  return result.ok() ? std::string("ok") : result.error().ToString();
}
template <typename T>
int ErrnoOf(const base::Result<T>& result) {
  return result.ok() ? 0 : result.error().errno_value();
}

}  // namespace fs

#define EXPECT_OK(expression)                                        \
  do {                                                               \
    const auto expect_result = (expression);                         \
    EXPECT_TRUE(expect_result.ok()) << fs::ErrorText(expect_result); \
  } while (false)
#define ASSERT_OK(expression)                                        \
  do {                                                               \
    const auto assert_result = (expression);                         \
    ASSERT_TRUE(assert_result.ok()) << fs::ErrorText(assert_result); \
  } while (false)
#define EXPECT_ERRNO(expression, errno_value)                                         \
  do {                                                                                \
    const auto errno_result = (expression);                                           \
    EXPECT_EQ(fs::ErrnoOf(errno_result), errno_value) << fs::ErrorText(errno_result); \
  } while (false)
