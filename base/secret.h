// Secret: a string that cannot be printed, logged or compared by accident. reveal() is for the
// signer.
#pragma once

#include <string>
#include <utility>

namespace base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace base
