// FuseNotifier: tells the kernel that names or content changed under it. Calls only enqueue; one
// thread sends, without any lock of ours held (libfuse documents the deadlock). A full queue drops
// the newest: the kernel's timeouts bound how long a dropped one can be missed.
#pragma once

#include "base/executor.h"
#include "fs/filesystem.h"
#include "fs/fuse/reply.h"

namespace fs {

class FuseNotifier final : public KernelNotifier {
 public:
  explicit FuseNotifier(fuse_session* session);
  void InvalidateEntry(meta::InodeId parent, const std::string& name) override;
  void InvalidateInode(meta::InodeId inode) override;

 private:
  fuse_session* const session_;
  base::Executor sender_;
};

}  // namespace fs
