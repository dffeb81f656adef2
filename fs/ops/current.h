// Current attributes: what the catalog says with what is only in memory laid over it.
#pragma once

#include <cstdint>

#include "fs/ops/context.h"

namespace fs {

// `read` asks the catalog. A commit that ends between its answer and the look at the overlay would
// leave neither with the new size: then it is asked again.
template <typename Read>
base::Result<meta::Inode> Current(Context& context, Read read) {
  for (;;) {
    const std::uint64_t commits = context.inodes.commits();
    TRY_ASSIGN(meta::Inode inode, read());
    if (!inode.is_file()) return inode;
    if (const auto overlay = context.inodes.OverlayOf(inode.id)) {
      overlay->ApplyTo(inode);
      return inode;
    }
    if (context.inodes.commits() == commits) return inode;
  }
}

inline base::Result<meta::Inode> CurrentInode(Context& context, meta::InodeId inode) {
  return Current(context, [&] { return context.catalog.GetInode(inode); });
}

}  // namespace fs
