// Making and removing names.
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "fs/ops/current.h"
#include "fs/ops/mounted_filesystem.h"

namespace fs {

void MountedFilesystem::MakeNode(const Caller& caller, meta::InodeId parent, std::string_view name,
                                 mode_t mode, dev_t rdev, Done<meta::Inode> done) {
  const mode_t type = (mode & S_IFMT) == 0 ? S_IFREG : mode & S_IFMT;
  auto what = Describe(caller, parent, type | (mode & 07777));
  if (what.ok()) what->rdev = rdev;
  Make(parent, name, std::move(what), std::move(done));
}

void MountedFilesystem::Symlink(const Caller& caller, std::string_view target, meta::InodeId parent,
                                std::string_view name, Done<meta::Inode> done) {
  Caller unmasked = caller;
  unmasked.umask = 0;
  auto what = Describe(unmasked, parent, S_IFLNK | 0777);
  if (what.ok()) what->symlink_target = target;
  Make(parent, name, std::move(what), std::move(done));
}

base::Result<std::string> MountedFilesystem::ReadLink(meta::InodeId inode) {
  TRY_ASSIGN(meta::Inode link, context_.catalog.GetInode(inode));
  if (!S_ISLNK(link.mode)) return base::Error::FromErrno(EINVAL, "readlink");
  return std::move(link.symlink_target);
}

void MountedFilesystem::Link(meta::InodeId inode, meta::InodeId parent, std::string_view name,
                             Done<meta::Inode> done) {
  if (const auto allowed = CheckNewName(parent, name); !allowed.ok()) return done(allowed.error());
  WhenListed(parent, [this, inode, parent, name = std::string(name),
                      done = std::move(done)](const base::Status& listed) {
    if (!listed.ok()) return done(listed.error());
    const auto linked = context_.catalog.Link(inode, parent, name, context_.Now());
    done(linked.ok() ? CurrentInode(context_, inode) : linked);
  });
}

void MountedFilesystem::Unlink(meta::InodeId parent, std::string_view name, DoneStatus done) {
  if (const auto writable = CheckWritable(); !writable.ok()) return done(writable);
  const auto removed = context_.catalog.Unlink(parent, name, context_.Now());
  if (!removed.ok()) return done(removed.error());
  AfterRemoval(*removed);
  done(base::Ok());
}

}  // namespace fs
