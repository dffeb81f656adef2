// Taking a mount away, as root or through fusermount3; and telling one whose daemon has died.
// Blocking calls of one thread.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace fs::cli {

// `force`: also while files are open. EBUSY says who to look for.
base::Status Unmount(const std::filesystem::path& directory, bool force);

// The daemon of the mount at `directory` is gone, and only its mount is left. Asks a daemon that
// lives, and waits for it.
bool IsDeadMount(const std::filesystem::path& directory);

}  // namespace fs::cli
