#include "fs/cli/command.h"

#include <cstdio>

namespace fs::cli {

int Fail(const std::string& message) {
  std::fprintf(stderr, "cairnfs: %s\n", message.c_str());
  return kFailed;
}

int FailUsage(const std::string& message) {
  (void)Fail(message);
  return kUsage;
}

}  // namespace fs::cli
