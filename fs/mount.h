// Mount: one mounted volume with everything it needs, started from the bottom up (store, catalog,
// pool, cache, staging, filesystem) and stopped from the top down. Owned by the mount command's
// main thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fs/filesystem.h"
#include "objclient/open_store.h"

namespace fs {

struct MountConfig {
  objclient::BucketUrl url;
  objclient::StoreOptions store;
  std::string identity;                   // VolumeIdentity of the two above
  std::filesystem::path mount_point;      // absolute
  std::filesystem::path state_directory;  // of this volume alone
  std::filesystem::path cache_directory;  // shared by volumes
  std::uint64_t memory_limit = 0;         // bytes, of the whole process
  std::uint64_t cache_size = 0;           // bytes on disk; 0 = no disk cache
  bool allow_other = false;
  std::vector<std::string> mount_options;
  FilesystemOptions filesystem;
  std::chrono::milliseconds shutdown_limit{60000};  // for what is left to send after an unmount
};

// The least memory limit that works: the pool's smallest size and the rest of the process.
inline constexpr std::uint64_t kMemoryLimitMin = 128ull << 20;

// Kept out of the pool: stacks, the kernel's request buffers, HTTP buffers, SQLite.
inline constexpr std::uint64_t kMemoryOutsidePool = 96ull << 20;

// Mounts, calls `ready` when the mount works, serves until it is unmounted, sends what is left and
// returns. Blocks the calling thread.
base::Status MountAndServe(const MountConfig& config, base::Clock& clock,
                           const std::function<void()>& ready);

}  // namespace fs
