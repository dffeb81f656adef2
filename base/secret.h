// Secret: a string that cannot be printed, logged or compared by accident, and whose bytes are
// overwritten before its memory is given back. reveal() is for who signs or sends. A value.
#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace base {

class Secret {
 public:
  Secret() = default;
  // Takes the text over and leaves no copy of it in `value`, where a short one would stay behind.
  explicit Secret(std::string&& value) : value_(std::move(value)) { Wipe(value); }
  explicit Secret(const std::string& value) : value_(value) {}
  explicit Secret(const char* value) : value_(value) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { Wipe(other.value_); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      Wipe(value_);
      value_ = other.value_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      Wipe(value_);
      value_ = std::move(other.value_);
      Wipe(other.value_);
    }
    return *this;
  }
  ~Secret() { Wipe(value_); }

  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  static void Wipe(std::string& text) {
    text.resize(text.capacity());  // bytes past the end may be old ones; needs no memory
    explicit_bzero(text.data(), text.size());
    text.clear();
  }

  std::string value_;
};

}  // namespace base
