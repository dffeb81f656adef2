// Result<T>: a value or an Error. Status is Result<void>. Both are [[nodiscard]]; functions return
// them instead of throwing. TRY and TRY_ASSIGN pass an error to the caller:
//   TRY(file.Sync());
//   TRY_ASSIGN(auto head, store.Head(key));
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/error.h"

namespace base {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;
inline Status Ok() { return {}; }

}  // namespace base

#define CAIRNFS_CONCAT_INNER(a, b) a##b
#define CAIRNFS_CONCAT(a, b) CAIRNFS_CONCAT_INNER(a, b)

#define TRY(expression)                              \
  do {                                               \
    auto try_status = (expression);                  \
    if (!try_status.ok()) return try_status.error(); \
  } while (false)

#define TRY_ASSIGN_INNER(result, target, expression) \
  auto result = (expression);                        \
  if (!result.ok()) return result.error();           \
  target = std::move(result).value()

#define TRY_ASSIGN(target, expression) \
  TRY_ASSIGN_INNER(CAIRNFS_CONCAT(try_result_, __LINE__), target, expression)
