#include "fs/cli/command.h"

#include <cstdio>

namespace fs::cli {

int Fail(const std::string& message) {
  std::fprintf(stderr, "cairnfs: %s\n", message.c_str());
  return kFailed;
}

}  // namespace fs::cli
