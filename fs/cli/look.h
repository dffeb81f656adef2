// Looking at a volume's name space without mounting it: opens the database read-only (a daemon may
// be using it) and walks paths. Owned by the ls and stat commands; one thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "fs/cli/volume_options.h"
#include "meta/catalog.h"

namespace fs::cli {

struct Look {
  std::unique_ptr<meta::Catalog> catalog;
  std::string path;  // inside the volume
  meta::Inode inode;
};

base::Result<Look> OpenLook(const VolumeOptions& options, const std::string& path);

// "-rw-r--r--", as ls prints it.
std::string ModeText(std::uint32_t mode);
// "2026-11-25 17:38:47", local time.
std::string TimeText(std::int64_t ns);

}  // namespace fs::cli
