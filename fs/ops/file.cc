// Opening, closing and syncing files.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "fs/ops/current.h"
#include "fs/ops/mounted_filesystem.h"
#include "fs/ops/upload_target.h"

namespace fs {
namespace {

bool Writes(int open_flags) { return (open_flags & O_ACCMODE) != O_RDONLY; }

base::Error BadHandle() { return base::Error::FromErrno(EBADF, "no such open file"); }

}  // namespace

void MountedFilesystem::Create(const Caller& caller, meta::InodeId parent, std::string_view name,
                               mode_t mode, int open_flags,
                               Done<std::pair<meta::Inode, Opened>> done) {
  if (const auto allowed = CheckNewName(parent, name); !allowed.ok()) return done(allowed.error());
  WhenListed(parent, [this, caller, parent, name = std::string(name), mode, open_flags,
                      done = std::move(done)](const base::Status& listed) {
    if (!listed.ok()) return done(listed.error());
    CreateListed(caller, parent, name, mode, open_flags, done);
  });
}

void MountedFilesystem::CreateListed(const Caller& caller, meta::InodeId parent,
                                     const std::string& name, mode_t mode, int open_flags,
                                     const Done<std::pair<meta::Inode, Opened>>& done) {
  const auto what = Describe(caller, parent, S_IFREG | (mode & 07777));
  if (!what.ok()) return done(what.error());
  const auto inode = context_.catalog.Create(parent, name, *what);
  if (inode.ok()) {
    const InodeRef file = context_.inodes.Acquire(inode->id);
    file->SetUnpublished();
    const auto opened = OpenFileHandle(file, open_flags);
    if (!opened.ok()) return done(opened.error());
    return done(std::pair(*inode, *opened));
  }
  const bool exists = inode.error().error_class() == base::ErrorClass::kExists;
  if (!exists || (open_flags & O_EXCL) != 0) return done(inode.error());
  // Somebody made it between the kernel's lookup and this.
  const auto existing = context_.catalog.Lookup(parent, name);
  if (!existing.ok()) return done(existing.error());
  Open(existing->id, open_flags, [this, id = existing->id, done](base::Result<Opened> opened) {
    if (!opened.ok()) return done(opened.error());
    const auto attributes = CurrentInode(context_, id);
    if (!attributes.ok()) return done(attributes.error());
    done(std::pair(*attributes, *opened));
  });
}

void MountedFilesystem::Open(meta::InodeId inode, int open_flags, Done<Opened> done) {
  const bool truncates = (open_flags & O_TRUNC) != 0;
  if (Writes(open_flags) || truncates) {
    if (const auto writable = CheckWritable(); !writable.ok()) return done(writable.error());
  }
  const auto attributes = context_.catalog.GetInode(inode);
  if (!attributes.ok()) return done(attributes.error());
  if (!attributes->is_file()) {
    return done(base::Error::FromErrno(attributes->is_dir() ? EISDIR : EINVAL, "open"));
  }
  const InodeRef file = context_.inodes.Acquire(inode);
  if (!truncates) return done(OpenFileHandle(file, open_flags));
  WhenFree(file, [this, file, open_flags, done = std::move(done)] {
    if (const auto cut = Truncate(file, 0); !cut.ok()) return done(cut.error());
    done(OpenFileHandle(file, open_flags));
  });
}

base::Result<Opened> MountedFilesystem::OpenFileHandle(const InodeRef& file, int open_flags) {
  TRY_ASSIGN(const ContentPtr content, LoadLatestContent(context_, *file));
  OpenFile open;
  open.file = file;
  open.writable = Writes(open_flags);
  open.readable = (open_flags & O_ACCMODE) != O_WRONLY;
  open.append = (open_flags & O_APPEND) != 0;
  const FileInode::View view = file->view();
  open.epoch = view.epoch;
  file->AddHandle(open.writable);
  Opened opened;
  opened.handle = handles_.Add(std::move(open));
  const bool whole = view.stage == nullptr && !content->objects.empty();
  const std::int64_t object = whole ? content->objects.front().id : 0;
  opened.keep_cache = context_.inodes.RememberOpened(file->id(), object) && whole;
  return opened;
}

void MountedFilesystem::Flush(meta::InodeId /*inode*/, HandleId handle, DoneStatus done) {
  const auto open = handles_.Find(handle);
  if (open == nullptr) return done(BadHandle());
  if (!open->writable) return done(base::Ok());
  committer_.Request(open->file, std::move(done));
}

void MountedFilesystem::Fsync(meta::InodeId /*inode*/, HandleId handle, DoneStatus done) {
  const auto open = handles_.Find(handle);
  if (open == nullptr) return done(BadHandle());
  if (open->file->state() == FileInode::State::kClean && !context_.options.read_only) {
    // Attributes may still be on their way to the disk.
    if (const auto synced = context_.catalog.Sync(); !synced.ok()) return done(synced);
  }
  committer_.Request(open->file, std::move(done));
}

void MountedFilesystem::Release(meta::InodeId /*inode*/, HandleId handle) {
  const auto open = handles_.Remove(handle);
  if (open == nullptr) return;
  const InodeRef& file = open->file;
  file->RemoveHandle(open->writable);
  if (file->orphan()) {
    committer_.DiscardIfOrphan(file);
  } else if (open->writable && file->state() != FileInode::State::kFailed) {
    // A close flushes first; this is for what came after it. Errors wait for the next one who asks.
    committer_.Request(file, nullptr);
    DiscardUnwritten(file);
  }
}

// A stage whose every write failed holds nothing: the committed content is the file.
void MountedFilesystem::DiscardUnwritten(const InodeRef& file) {
  if (file->writers() > 0 || file->CommitIsNear()) return;
  const FileInode::Turn turn = file->TakeAll();
  const auto stage = file->stage();
  if (stage == nullptr || stage->dirty() || file->state() != FileInode::State::kDirty) return;
  DiscardStage(context_, *file);
}

base::Result<std::shared_ptr<const OpenFile>> MountedFilesystem::FindWriter(HandleId handle) const {
  auto open = handles_.Find(handle);
  if (open == nullptr || !open->writable) return BadHandle();
  return open;
}

}  // namespace fs
