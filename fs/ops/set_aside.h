// Setting aside: what becomes of changes to a file when another writer of the bucket removed or
// replaced the object that they are to, so that they can never be completed. The bytes go to
// `<state directory>/conflicts/NAME` (sparse, each at its place), with NAME.json beside them that
// says where they belong; the file is what the bucket says. Called by the committer.
#pragma once

#include <filesystem>

#include "fs/ops/context.h"

namespace fs {

// The caller holds the whole turn of `file`, whose commit failed. Returns where the bytes are. An
// error leaves everything as it was.
base::Result<std::filesystem::path> SetAside(Context& context, FileInode& file);

}  // namespace fs
