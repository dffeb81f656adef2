// Attributes and truncation by path.
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "fs/ops/current.h"
#include "fs/ops/mounted_filesystem.h"
#include "fs/ops/upload_target.h"

namespace fs {
namespace {

// What a change of owner does to set-id bits when the caller does not say (as Linux does it).
meta::AttrChange WithKilledBits(const meta::Inode& inode, meta::AttrChange change) {
  const bool owner_changes = change.uid || change.gid;
  if (!owner_changes || change.mode || inode.is_dir()) return change;
  std::uint32_t mode = inode.mode & 07777 & ~static_cast<std::uint32_t>(S_ISUID);
  if ((mode & S_IXGRP) != 0) mode &= ~static_cast<std::uint32_t>(S_ISGID);
  if (mode != (inode.mode & 07777)) change.mode = mode;
  return change;
}

bool IsEmpty(const meta::AttrChange& change) {
  return !change.mode && !change.uid && !change.gid && !change.atime_ns && !change.mtime_ns;
}

}  // namespace

void MountedFilesystem::GetAttr(meta::InodeId inode, Done<meta::Inode> done) {
  done(CurrentInode(context_, inode));
}

void MountedFilesystem::SetAttr(meta::InodeId inode, const meta::AttrChange& change,
                                std::optional<std::uint64_t> size, std::optional<HandleId> handle,
                                Done<meta::Inode> done) {
  if (const auto writable = CheckWritable(); !writable.ok()) return done(writable.error());
  if (!size) return done(ChangeAttributes(inode, change));
  const auto attributes = context_.catalog.GetInode(inode);
  if (!attributes.ok()) return done(attributes.error());
  if (!attributes->is_file()) {
    return done(base::Error::FromErrno(attributes->is_dir() ? EISDIR : EINVAL, "truncate"));
  }
  const InodeRef file = context_.inodes.Acquire(inode);
  WhenFree(file, [this, file, change, size, handle, done = std::move(done)] {
    if (const auto cut = Truncate(file, *size); !cut.ok()) return done(cut.error());
    if (!IsEmpty(change)) {
      if (const auto changed = ChangeAttributes(file->id(), change); !changed.ok()) {
        return done(changed.error());
      }
    }
    // No close will come for a truncate(2) of a file that nobody writes.
    if (handle || file->writers() > 0) return done(CurrentInode(context_, file->id()));
    committer_.Request(file, [this, file, done](const base::Status& committed) {
      if (!committed.ok()) return done(committed.error());
      done(CurrentInode(context_, file->id()));
    });
  });
}

base::Result<meta::Inode> MountedFilesystem::ChangeAttributes(meta::InodeId inode,
                                                              const meta::AttrChange& change) {
  const std::int64_t now = context_.Now();
  TRY_ASSIGN(const meta::Inode before, context_.catalog.GetInode(inode));
  // The overlay first: a commit under way then sees the new time, or sets it right afterwards.
  if (const InodeRef file = context_.inodes.Find(inode); file && change.mtime_ns) {
    file->SetMtime(*change.mtime_ns, now);
  }
  TRY_ASSIGN(const meta::Inode after,
             context_.catalog.SetAttr(inode, WithKilledBits(before, change), now));
  return CurrentInode(context_, after.id);
}

base::Status MountedFilesystem::Truncate(const InodeRef& file, std::uint64_t size) {
  const FileInode::Turn turn = file->TakeAll();
  if (file->stage() == nullptr) {
    TRY_ASSIGN(const ContentPtr content, LoadContent(context_, *file));
    TRY(DropSetId(context_, file->id()));
    if (content->size == size) {
      meta::AttrChange touch;
      touch.mtime_ns = context_.Now();
      TRY_ASSIGN(const auto touched, context_.catalog.SetAttr(file->id(), touch, *touch.mtime_ns));
      static_cast<void>(touched);
      return base::Ok();
    }
  }
  TRY_ASSIGN(const auto stage, EnsureStage(context_, file));
  TRY(stage->Truncate(size));
  file->Touch(context_.Now());
  return base::Ok();
}

void MountedFilesystem::WhenFree(const InodeRef& file, std::function<void()> task) {
  if (!file->CommitIsNear()) return task();
  refresher_.Run(std::move(task));
}

base::Result<meta::Totals> MountedFilesystem::StatFs() { return context_.catalog.GetTotals(); }

}  // namespace fs
