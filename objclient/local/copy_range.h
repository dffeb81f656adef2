// CopyRange: bytes from one local file to another inside the kernel: shared blocks where the file
// system can (XFS, Btrfs), copy_file_range elsewhere, read and write across file systems. Any
// thread.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace objclient {

// Copies `range` of `source` to `target` at `target_offset`; kConflict when the source ends before.
base::Status CopyRange(int source, base::ByteRange range, int target, std::uint64_t target_offset);

}  // namespace objclient
