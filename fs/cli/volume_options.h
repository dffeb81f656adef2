// Options that several commands share: which volume is meant. Filled by the parser, resolved once.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "objclient/open_store.h"

namespace CLI {
class App;
}

namespace fs::cli {

struct VolumeOptions {
  std::string url;
  std::string state_directory;  // empty = by the volume's identity
  objclient::StoreOptions store;
};

// --endpoint, --region, --profile, --state-dir.
void AddVolumeOptions(CLI::App& command, VolumeOptions& options);

// What a command that looks at the name space was pointed at: a path below a mounted directory, or
// a bucket URL (mounted or not) with a path inside it.
struct VolumeTarget {
  std::filesystem::path state_directory;
  std::string path;  // from the root of the volume, no leading or trailing '/'
};
base::Result<VolumeTarget> ResolveTarget(const VolumeOptions& options, const std::string& path);

// The value of an extended attribute of a path, for talking to the daemon that serves it.
base::Result<std::string> ReadXattr(const std::filesystem::path& path, const char* name);

// Where `path` is mounted by cairnfs: the mount point that contains it; kNotFound when none does.
base::Result<std::filesystem::path> FindMount(const std::filesystem::path& path);

}  // namespace fs::cli
