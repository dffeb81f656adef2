// Where a volume keeps its things, and what identifies it. Pure functions of their arguments and
// the environment that is passed in; any thread.
//
//   state directory: meta.db (the name space), staging/ (bytes not yet in the store), lock,
//   cairnfs.log cache directory: <volume uuid>/ with the cached bytes; may be deleted while nothing
//   is mounted
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "objclient/open_store.h"

namespace fs {

using objclient::Environment;

// The bucket and, for a custom endpoint, the endpoint: two buckets of one name on two servers are
// two volumes. Kept in the database, compared at every mount.
std::string VolumeIdentity(const objclient::BucketUrl& url, const objclient::StoreOptions& options,
                           const Environment& environment);

// The bucket's URL and the endpoint that it is at, "" for the cloud's own.
std::pair<std::string, std::string> SplitVolumeIdentity(const std::string& identity);

// $XDG_STATE_HOME/cairnfs, /var/lib/cairnfs for root, ~/.local/state/cairnfs; below it one
// directory a volume, named by a digest of its identity. Without $HOME it is the user's own as the
// system knows it; where that knows none, the error names the option.
base::Result<std::filesystem::path> DefaultStateDirectory(const std::string& identity, bool is_root,
                                                          const Environment& environment);
// $XDG_CACHE_HOME/cairnfs, /var/cache/cairnfs for root, ~/.cache/cairnfs.
base::Result<std::filesystem::path> DefaultCacheDirectory(bool is_root,
                                                          const Environment& environment);

// The smaller of 1 GiB and a tenth of the memory this process may use (cgroup v2 limit included),
// at least 256 MiB.
std::uint64_t DefaultMemoryLimit();

// Makes it where it is missing; the error names the option.
base::Status MakeStateDirectory(const std::filesystem::path& state_directory);

// Holds the state directory for this process; kExists (EBUSY) names the holder.
base::Result<base::UniqueFd> LockStateDirectory(const std::filesystem::path& state_directory);
// The holder's mount is gone and it only sends what is left: others are told so.
base::Status NoteUnmounted(const base::UniqueFd& lock);

inline std::filesystem::path DatabasePath(const std::filesystem::path& state_directory) {
  return state_directory / "meta.db";
}

}  // namespace fs
