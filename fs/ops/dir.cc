// Directories.
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "fs/object_naming.h"
#include "fs/ops/mounted_filesystem.h"

namespace fs {
namespace {

constexpr int kReadDirTries = 3;

}  // namespace

void MountedFilesystem::MakeDir(const Caller& caller, meta::InodeId parent, std::string_view name,
                                mode_t mode, Done<meta::Inode> done) {
  Make(parent, name, Describe(caller, parent, S_IFDIR | (mode & 07777)), std::move(done));
}

void MountedFilesystem::RemoveDir(meta::InodeId parent, std::string_view name, DoneStatus done) {
  if (const auto writable = CheckWritable(); !writable.ok()) return done(writable);
  const auto directory = context_.catalog.Lookup(parent, name);
  if (!directory.ok()) return done(directory.error());
  if (!directory->is_dir()) return done(base::Error::FromErrno(ENOTDIR, "rmdir"));
  // Only a listing tells whether it is empty.
  WhenListed(directory->id, [this, parent, name = std::string(name), id = directory->id,
                             done = std::move(done)](const base::Status& listed) {
    if (!listed.ok()) return done(listed);
    const auto paths = context_.catalog.Paths(id);
    const auto removed = context_.catalog.RemoveDir(parent, name, context_.Now());
    if (!removed.ok()) return done(removed.error());
    if (paths.ok() && !paths->empty()) DropMarker(id, paths->front().key);
    AfterRemoval(*removed);
    done(base::Ok());
  });
}

void MountedFilesystem::OpenDir(meta::InodeId inode, DoneStatus done) {
  refresher_.Ensure(inode, [this, inode, done = std::move(done)](const base::Status& listed) {
    // What is known of a directory listed before is better than nothing.
    const bool known = refresher_.Check(inode) != Refresher::Freshness::kNever;
    done(listed.ok() || known ? base::Ok() : listed);
  });
}

base::Result<DirPage> MountedFilesystem::ReadDir(meta::InodeId inode, std::string_view after,
                                                 std::size_t limit) {
  DirPage page;
  for (int tries = 0; tries < kReadDirTries; ++tries) {
    const std::uint64_t commits = context_.inodes.commits();
    TRY_ASSIGN(page.entries, context_.catalog.ReadDir(inode, after, limit));
    for (meta::DirEntry& entry : page.entries) {
      if (!entry.inode.is_file()) continue;
      if (const auto overlay = context_.inodes.OverlayOf(entry.inode.id)) {
        overlay->ApplyTo(entry.inode);
      }
    }
    // See Current: a commit that ended in between may have hidden a new size.
    if (context_.inodes.commits() == commits) break;
  }
  return page;
}

base::Result<meta::InodeId> MountedFilesystem::Parent(meta::InodeId inode) {
  return context_.catalog.Parent(inode);
}

base::Status MountedFilesystem::FsyncDir(meta::InodeId /*inode*/) {
  return context_.catalog.Sync();
}

}  // namespace fs
