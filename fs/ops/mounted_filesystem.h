// MountedFilesystem: the Filesystem of a mounted volume, one method per POSIX operation, one file
// per theme (lookup, attr, dir, file, rename, link, xattr). Puts the rooms together and adds
// nothing that one of them could do: names are the catalog's, bytes the cache's and the stages',
// what happens behind the caller is the Committer's, the Refresher's and Maintenance's.
//
// Lock order: none of the tables' locks is held while another is taken, except that FileInode's is
// never held with InodeTable's. Owned by the mount; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fs/filesystem.h"
#include "fs/ops/committer.h"
#include "fs/ops/context.h"
#include "fs/ops/handle_table.h"
#include "fs/ops/maintenance.h"
#include "fs/ops/refresher.h"

namespace fs {

class MountedFilesystem final : public Filesystem {
 public:
  MountedFilesystem(FilesystemOptions options, const Parts& parts);
  // Stops the background threads; what is not in the bucket by then is replayed at the next mount.
  ~MountedFilesystem() override;
  base::Status Start();
  void SetNotifier(KernelNotifier* notifier) override { context_.notifier.store(notifier); }

  // lookup.cc
  void Lookup(meta::InodeId parent, std::string_view name, Done<meta::Inode> done) override;
  void Forget(meta::InodeId inode) override;

  // attr.cc
  void GetAttr(meta::InodeId inode, Done<meta::Inode> done) override;
  void SetAttr(meta::InodeId inode, const meta::AttrChange& change,
               std::optional<std::uint64_t> size, std::optional<HandleId> handle,
               Done<meta::Inode> done) override;
  base::Result<meta::Totals> StatFs() override;

  // link.cc
  void MakeNode(const Caller& caller, meta::InodeId parent, std::string_view name, mode_t mode,
                dev_t rdev, Done<meta::Inode> done) override;
  void Symlink(const Caller& caller, std::string_view target, meta::InodeId parent,
               std::string_view name, Done<meta::Inode> done) override;
  base::Result<std::string> ReadLink(meta::InodeId inode) override;
  void Link(meta::InodeId inode, meta::InodeId parent, std::string_view name,
            Done<meta::Inode> done) override;
  void Unlink(meta::InodeId parent, std::string_view name, DoneStatus done) override;

  // rename.cc
  void Rename(meta::InodeId parent, std::string_view name, meta::InodeId new_parent,
              std::string_view new_name, unsigned flags, DoneStatus done) override;

  // file.cc
  void Create(const Caller& caller, meta::InodeId parent, std::string_view name, mode_t mode,
              int open_flags, Done<std::pair<meta::Inode, Opened>> done) override;
  void Open(meta::InodeId inode, int open_flags, Done<Opened> done) override;
  void Flush(meta::InodeId inode, HandleId handle, DoneStatus done) override;
  void Fsync(meta::InodeId inode, HandleId handle, DoneStatus done) override;
  void Release(meta::InodeId inode, HandleId handle) override;

  // io.cc
  std::optional<base::Result<cache::PinnedBytes>> Read(meta::InodeId inode, HandleId handle,
                                                       base::ByteRange range,
                                                       cache::ReadDone done) override;
  base::Status Write(meta::InodeId inode, HandleId handle, std::uint64_t offset,
                     std::span<const std::byte> data) override;
  base::Status Fallocate(meta::InodeId inode, HandleId handle, int mode,
                         base::ByteRange range) override;
  base::Result<std::uint64_t> Seek(meta::InodeId inode, HandleId handle, std::uint64_t offset,
                                   int whence) override;

  // dir.cc
  void MakeDir(const Caller& caller, meta::InodeId parent, std::string_view name, mode_t mode,
               Done<meta::Inode> done) override;
  void RemoveDir(meta::InodeId parent, std::string_view name, DoneStatus done) override;
  void OpenDir(meta::InodeId inode, DoneStatus done) override;
  base::Result<DirPage> ReadDir(meta::InodeId inode, std::string_view after,
                                std::size_t limit) override;
  base::Result<meta::InodeId> Parent(meta::InodeId inode) override;
  base::Status FsyncDir(meta::InodeId inode) override;

  // xattr.cc
  base::Result<std::string> GetXattr(meta::InodeId inode, std::string_view name) override;
  base::Status SetXattr(meta::InodeId inode, std::string_view name, std::string_view value,
                        int flags) override;
  base::Result<std::vector<std::string>> ListXattrs(meta::InodeId inode) override;
  base::Status RemoveXattr(meta::InodeId inode, std::string_view name) override;

  // mounted_filesystem.cc
  Progress GetProgress() override;
  base::Status Shutdown(std::uint64_t deadline_ms) override;

 private:
  struct RenameRequest;

  // EROFS on a read-only mount.
  base::Status CheckWritable() const;
  // For whoever makes `name` in `parent`: EROFS, EPERM for reserved names.
  base::Status CheckNewName(meta::InodeId parent, std::string_view name) const;
  // Runs `then` when the catalog knows what the bucket has in `directory`: inline unless it was
  // never listed.
  void WhenListed(meta::InodeId directory, DoneStatus then);

  base::Result<meta::Inode> ChangeAttributes(meta::InodeId inode, const meta::AttrChange& change);
  // What a new inode in `parent` is made with.
  base::Result<meta::NewInode> Describe(const Caller& caller, meta::InodeId parent,
                                        mode_t mode) const;
  void Make(meta::InodeId parent, std::string_view name, base::Result<meta::NewInode> what,
            Done<meta::Inode> done);
  // An inode lost a name; with its last one gone it lives until its last handle is closed.
  void AfterRemoval(const meta::Removed& removed);
  // Has a marker object of a directory that is no longer at `catalog_key` deleted.
  void DropMarker(meta::InodeId directory, const objclient::ObjectKey& catalog_key);
  // Of all that a directory left at `left_key` when it was renamed.
  void DropMarkers(meta::InodeId top, const objclient::ObjectKey& left_key);

  base::Status Truncate(const InodeRef& file, std::uint64_t size);
  // Runs what may have to wait for a commit of `file`: inline when it will not.
  void WhenFree(const InodeRef& file, std::function<void()> task);
  base::Result<Opened> OpenFileHandle(const InodeRef& file, int open_flags);
  void CreateListed(const Caller& caller, meta::InodeId parent, const std::string& name,
                    mode_t mode, int open_flags, const Done<std::pair<meta::Inode, Opened>>& done);
  void DiscardUnwritten(const InodeRef& file);
  base::Result<std::shared_ptr<const OpenFile>> FindWriter(HandleId handle) const;

  std::optional<base::Result<cache::PinnedBytes>> ReadView(const FileInode::View& view,
                                                           base::ByteRange range,
                                                           cache::ReadDone done);
  // A read of `used` met an object that is not there any more: tries what is there now, once.
  void RetryRead(const std::shared_ptr<const OpenFile>& open, const FileInode::View& used,
                 base::ByteRange range, const base::Error& error, const cache::ReadDone& done);
  // Lists the directories that hold the file again.
  void RefreshParents(meta::InodeId inode);
  base::Status ZeroRange(const OpenFile& open, base::ByteRange range);

  void RenameListed(const std::shared_ptr<RenameRequest>& request);
  void RenameSent(const std::shared_ptr<RenameRequest>& request);

  base::Result<std::string> VirtualXattr(meta::InodeId inode, std::string_view name);
  std::string StatusJson();
  void Changed();
  void Stop();

  base::Mutex mutex_;
  base::CondVar changed_;
  std::uint64_t changes_ GUARDED_BY(mutex_) = 0;  // bumped when the backlog may have shrunk
  bool stopped_ GUARDED_BY(mutex_) = false;

  // In this order: rooms use what is above them until they are gone.
  Context context_;
  HandleTable handles_;
  Mover mover_;
  Committer committer_;
  Maintenance maintenance_;
  Refresher refresher_;
};

}  // namespace fs
