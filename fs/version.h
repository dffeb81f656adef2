// The program's version, as the build file says it. Values only.
#pragma once

namespace fs {
inline constexpr char kVersion[] = CAIRNFS_VERSION;
}  // namespace fs
