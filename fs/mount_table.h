// The kernel's mount table as text (/proc/self/mountinfo, proc(5)): finding a mount without
// touching it, since every look at a FUSE mount is a request to its daemon. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fs {

struct MountEntry {
  std::string device;  // "major:minor"
  std::string type;    // "fuse.cairnfs"
  std::string source;  // what was mounted
};

// The mount at exactly `mount_point`, the topmost when mounts are stacked.
std::optional<MountEntry> FindMountEntry(std::string_view mountinfo, std::string_view mount_point);

base::Result<std::string> ReadMountInfo();

}  // namespace fs
