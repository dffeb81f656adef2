// The kernel's own read-ahead of a mount: 128 KiB by default, which caps a reader at a few requests
// in flight. Only /sys/class/bdi can raise it, and only root may.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace fs {

// Sets read_ahead_kb of the device mounted at `mount_point`; kAuth when we may not.
base::Status RaiseKernelReadAhead(const std::filesystem::path& mount_point, std::uint32_t kib);

}  // namespace fs
