#include "fs/fuse/kernel_notifier.h"

#include "base/log.h"

namespace fs {
namespace {
constexpr std::size_t kQueueLimit = 100'000;
}

FuseNotifier::FuseNotifier(fuse_session* session)
    : session_(session),
      sender_({.name = "cairn-notify", .threads = 1, .queue_limit = kQueueLimit}) {}

void FuseNotifier::InvalidateEntry(meta::InodeId parent, const std::string& name) {
  const bool queued = sender_.TrySubmit([this, parent, name] {
    // ENOENT: the kernel does not know the name, which is as good.
    (void)fuse_lowlevel_notify_inval_entry(session_, meta::Raw(parent), name.data(), name.size());
  });
  if (!queued) LOG_WARN("invalidation dropped parent={}", meta::Raw(parent));
}

void FuseNotifier::InvalidateInode(meta::InodeId inode) {
  const bool queued = sender_.TrySubmit(
      [this, inode] { (void)fuse_lowlevel_notify_inval_inode(session_, meta::Raw(inode), 0, 0); });
  if (!queued) LOG_WARN("invalidation dropped inode={}", meta::Raw(inode));
}

}  // namespace fs
