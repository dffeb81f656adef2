// Filesystem: one method per POSIX operation, on inode numbers. The only floor that sees names
// (meta), bytes (cache) and the store together; knows nothing of FUSE. Owned by the mount, any
// thread.
//
// Methods that may need the network take a completion and never block the caller on it; the others
// answer at once. Completions are called exactly once, without locks held, possibly inline when
// there is nothing to wait for. Errors carry the errno for the kernel.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cache/block_cache.h"
#include "cache/staging.h"
#include "meta/catalog.h"
#include "objclient/object_store.h"

namespace fs {

template <typename T>
using Done = std::function<void(base::Result<T>)>;
using DoneStatus = std::function<void(base::Status)>;

// Who asks.
struct Caller {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  mode_t umask = 0;
};

struct FilesystemOptions {
  bool read_only = false;
  // Seconds after which a directory of the bucket is listed again; negative = never.
  double refresh_s = 60;
  uid_t uid = 0;  // owner of what is found in the bucket
  gid_t gid = 0;
  std::uint32_t file_mode = 0644;
  std::uint32_t directory_mode = 0755;
  std::uint32_t commit_threads = 32;      // closes that may wait for the store at a time
  std::uint32_t settle_delay_ms = 500;    // a renamed file rests this long before it is moved
  std::uint32_t retry_pending_ms = 2000;  // first wait before a failed upload is tried again
  // What user.cairnfs.status tells of the mount.
  std::string url;
  std::string state_directory;  // has conflicts/ as well, see ops/set_aside.h
  std::string version;
  std::uint64_t memory_limit = 0;  // bytes
};

// What the kernel is told when the bucket changed under it. Called from background threads.
class KernelNotifier {
 public:
  virtual ~KernelNotifier() = default;
  virtual void InvalidateEntry(meta::InodeId parent, const std::string& name) = 0;
  virtual void InvalidateInode(meta::InodeId inode) = 0;
};

// A handle of an open file or directory; opaque, handed back to the calls below.
enum class HandleId : std::uint64_t {};

struct Opened {
  HandleId handle{};
  bool keep_cache = false;  // content is that of the last open: the kernel may keep its pages
};

struct DirPage {
  std::vector<meta::DirEntry> entries;
};

// What is still under way; the mount root's user.cairnfs.status carries it as JSON.
struct Progress {
  std::uint64_t uploads = 0;       // files whose bytes are not in the store yet
  std::uint64_t upload_bytes = 0;  // bytes still to send
  std::uint64_t settles = 0;       // renamed files and directories still to be moved in the bucket
  std::uint64_t moves = 0;    // the same in files, as far as those below directories are counted
  std::uint64_t deletes = 0;  // objects still to be deleted
  std::string last_error;     // of a background job, empty when the last one succeeded
};

class Filesystem {
 public:
  struct Parts {
    meta::Catalog& catalog;
    objclient::ObjectStore& store;
    cache::BlockCache& cache;
    cache::Staging& staging;
    base::Clock& clock;
    base::Metrics& metrics;
    KernelNotifier* notifier = nullptr;  // may be set later with SetNotifier
  };
  // Replays the intents of a former process (docs/write_path.md) before it returns.
  static base::Result<std::unique_ptr<Filesystem>> Open(FilesystemOptions options, Parts parts);
  virtual ~Filesystem() = default;
  virtual void SetNotifier(KernelNotifier* notifier) = 0;

  // --- names ---
  virtual void Lookup(meta::InodeId parent, std::string_view name, Done<meta::Inode> done) = 0;
  virtual void GetAttr(meta::InodeId inode, Done<meta::Inode> done) = 0;
  // `size` set = truncate; `handle` when the kernel sends one.
  virtual void SetAttr(meta::InodeId inode, const meta::AttrChange& change,
                       std::optional<std::uint64_t> size, std::optional<HandleId> handle,
                       Done<meta::Inode> done) = 0;
  virtual void MakeNode(const Caller& caller, meta::InodeId parent, std::string_view name,
                        mode_t mode, dev_t rdev, Done<meta::Inode> done) = 0;
  virtual void MakeDir(const Caller& caller, meta::InodeId parent, std::string_view name,
                       mode_t mode, Done<meta::Inode> done) = 0;
  virtual void Symlink(const Caller& caller, std::string_view target, meta::InodeId parent,
                       std::string_view name, Done<meta::Inode> done) = 0;
  virtual base::Result<std::string> ReadLink(meta::InodeId inode) = 0;
  virtual void Link(meta::InodeId inode, meta::InodeId parent, std::string_view name,
                    Done<meta::Inode> done) = 0;
  virtual void Unlink(meta::InodeId parent, std::string_view name, DoneStatus done) = 0;
  virtual void RemoveDir(meta::InodeId parent, std::string_view name, DoneStatus done) = 0;
  virtual void Rename(meta::InodeId parent, std::string_view name, meta::InodeId new_parent,
                      std::string_view new_name, unsigned flags, DoneStatus done) = 0;
  // The kernel has dropped the inode and its pages; what was kept to tell it about them goes.
  virtual void Forget(meta::InodeId inode) = 0;

  // --- files ---
  virtual void Create(const Caller& caller, meta::InodeId parent, std::string_view name,
                      mode_t mode, int open_flags, Done<std::pair<meta::Inode, Opened>> done) = 0;
  virtual void Open(meta::InodeId inode, int open_flags, Done<Opened> done) = 0;
  // `range` need not be clipped. A hit is returned at once and `done` is not called.
  virtual std::optional<base::Result<cache::PinnedBytes>> Read(meta::InodeId inode, HandleId handle,
                                                               base::ByteRange range,
                                                               cache::ReadDone done) = 0;
  // Blocks for pool memory (back-pressure). `append`: the offset is the end of the file.
  virtual base::Status Write(meta::InodeId inode, HandleId handle, std::uint64_t offset,
                             std::span<const std::byte> data) = 0;
  // close(2) of one descriptor: commits what was written (level object).
  virtual void Flush(meta::InodeId inode, HandleId handle, DoneStatus done) = 0;
  virtual void Fsync(meta::InodeId inode, HandleId handle, DoneStatus done) = 0;
  virtual void Release(meta::InodeId inode, HandleId handle) = 0;
  // fallocate(2) mode 0 and KEEP_SIZE and PUNCH_HOLE|KEEP_SIZE; ENOTSUP for the rest.
  virtual base::Status Fallocate(meta::InodeId inode, HandleId handle, int mode,
                                 base::ByteRange range) = 0;
  // SEEK_DATA, SEEK_HOLE.
  virtual base::Result<std::uint64_t> Seek(meta::InodeId inode, HandleId handle,
                                           std::uint64_t offset, int whence) = 0;

  // --- directories ---
  // Lists the bucket when the directory was not listed yet or its listing is old.
  virtual void OpenDir(meta::InodeId inode, DoneStatus done) = 0;
  virtual base::Result<DirPage> ReadDir(meta::InodeId inode, std::string_view after,
                                        std::size_t limit) = 0;
  virtual base::Result<meta::InodeId> Parent(meta::InodeId inode) = 0;
  virtual base::Status FsyncDir(meta::InodeId inode) = 0;

  // --- the rest ---
  virtual base::Result<std::string> GetXattr(meta::InodeId inode, std::string_view name) = 0;
  virtual base::Status SetXattr(meta::InodeId inode, std::string_view name, std::string_view value,
                                int flags) = 0;
  virtual base::Result<std::vector<std::string>> ListXattrs(meta::InodeId inode) = 0;
  virtual base::Status RemoveXattr(meta::InodeId inode, std::string_view name) = 0;
  virtual base::Result<meta::Totals> StatFs() = 0;

  virtual Progress GetProgress() = 0;
  // Commits every open file, waits until uploads, settles and deletes are done or `deadline_ms`
  // passed; then stops the background threads. What is left is replayed at the next mount.
  virtual base::Status Shutdown(std::uint64_t deadline_ms) = 0;
};

}  // namespace fs
