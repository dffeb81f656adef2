// Replay: what a former process left in the catalog, put in order before the mount answers anybody:
// orphans are released, uploads that nobody promised are aborted (unless the bucket has the object:
// then only the catalog missed it), promised ones are recovered from their staged files and go on
// in the background, other staged files are swept away. Settles and deletes are left to
// Maintenance.
#pragma once

#include "fs/ops/committer.h"
#include "fs/ops/context.h"

namespace fs {

base::Status Replay(Context& context, Committer& committer);

}  // namespace fs
