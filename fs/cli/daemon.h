// Detaching from the terminal with a true exit status: the parent waits until the child says that
// the mount works, or why it does not, and exits accordingly. Call before any thread exists.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace fs::cli {

class Readiness {
 public:
  // In the foreground nobody waits.
  Readiness() = default;
  explicit Readiness(base::UniqueFd to_parent) : to_parent_(std::move(to_parent)) {}

  // The mount works: the parent exits with 0; stdin, stdout and stderr go to /dev/null.
  void Ready();
  // The parent prints the message and exits with 1.
  void Failed(const std::string& message);
  bool detached() const { return static_cast<bool>(to_parent_); }

 private:
  base::UniqueFd to_parent_;
};

// Returns in the child. The parent stays until the child reports and never returns.
base::Result<Readiness> Detach();

}  // namespace fs::cli
