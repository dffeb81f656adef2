// Opening files below a directory without ever leaving it: neither by ".." nor by a symbolic link,
// at whatever component. Both functions answer alike, ELOOP or ENOTDIR for a link; none makes
// files. Used by LocalTree; any thread.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace objclient {

// `path` is relative, without empty components; "" is the root itself. One openat2(2) where the
// kernel has it (since Linux 5.6), OpenByComponents where it does not.
base::Result<base::UniqueFd> OpenBeneath(int root, const std::string& path, int flags);
// The same by an openat(2) for each component. Sandboxes and valgrind know no openat2.
base::Result<base::UniqueFd> OpenByComponents(int root, const std::string& path, int flags);

}  // namespace objclient
