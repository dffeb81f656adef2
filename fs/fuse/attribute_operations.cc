// Callbacks of attributes, extended attributes and the file system's own numbers.
#include <sys/statvfs.h>

#include <cerrno>
#include <string>

#include "fs/fuse/operations.h"

namespace fs {
namespace {

std::int64_t ToNs(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

Done<meta::Inode> AnswerAttr(const Reply& reply, const KernelTimeouts& timeouts) {
  return [reply, &timeouts](base::Result<meta::Inode> inode) {
    if (!inode.ok()) return reply.Fail(inode.error());
    reply.Attr(*inode, timeouts);
  };
}

void GetAttr(fuse_req_t request, fuse_ino_t ino, fuse_file_info* /*info*/) {
  Door& door = DoorOf(request);
  door.filesystem.GetAttr(ToInodeId(ino), AnswerAttr(Reply(request, "getattr"), door.timeouts));
}

void SetAttr(fuse_req_t request, fuse_ino_t ino, struct stat* attributes, int to_set,
             fuse_file_info* info) {
  Door& door = DoorOf(request);
  meta::AttrChange change;
  std::optional<std::uint64_t> size;
  if ((to_set & FUSE_SET_ATTR_MODE) != 0) change.mode = attributes->st_mode & 07777u;
  if ((to_set & FUSE_SET_ATTR_UID) != 0) change.uid = attributes->st_uid;
  if ((to_set & FUSE_SET_ATTR_GID) != 0) change.gid = attributes->st_gid;
  if ((to_set & FUSE_SET_ATTR_SIZE) != 0) size = static_cast<std::uint64_t>(attributes->st_size);
  if ((to_set & FUSE_SET_ATTR_ATIME) != 0) change.atime_ns = ToNs(attributes->st_atim);
  if ((to_set & FUSE_SET_ATTR_MTIME) != 0) change.mtime_ns = ToNs(attributes->st_mtim);
  if ((to_set & FUSE_SET_ATTR_ATIME_NOW) != 0) change.atime_ns = door.clock.WallNs();
  if ((to_set & FUSE_SET_ATTR_MTIME_NOW) != 0) change.mtime_ns = door.clock.WallNs();
  std::optional<HandleId> handle;
  if (info != nullptr) handle = HandleId{info->fh};
  door.filesystem.SetAttr(ToInodeId(ino), change, size, handle,
                          AnswerAttr(Reply(request, "setattr"), door.timeouts));
}

// The two-step protocol of getxattr and listxattr: size 0 asks how long the value is.
void AnswerValue(const Reply& reply, std::string_view value, size_t size) {
  if (size == 0) return reply.Xattr(value.size());
  if (value.size() > size) return reply.Errno(ERANGE);
  reply.Buffer(value);
}

void GetXattr(fuse_req_t request, fuse_ino_t ino, const char* name, size_t size) {
  const Reply reply(request, "getxattr");
  const auto value = DoorOf(request).filesystem.GetXattr(ToInodeId(ino), name);
  if (!value.ok()) return reply.Fail(value.error());
  AnswerValue(reply, *value, size);
}

void ListXattrs(fuse_req_t request, fuse_ino_t ino, size_t size) {
  const Reply reply(request, "listxattr");
  const auto names = DoorOf(request).filesystem.ListXattrs(ToInodeId(ino));
  if (!names.ok()) return reply.Fail(names.error());
  std::string list;
  for (const std::string& name : *names) {
    list += name;
    list.push_back('\0');
  }
  AnswerValue(reply, list, size);
}

void SetXattr(fuse_req_t request, fuse_ino_t ino, const char* name, const char* value, size_t size,
              int flags) {
  Reply(request, "setxattr")
      .Done(DoorOf(request).filesystem.SetXattr(ToInodeId(ino), name, {value, size}, flags));
}

void RemoveXattr(fuse_req_t request, fuse_ino_t ino, const char* name) {
  Reply(request, "removexattr").Done(DoorOf(request).filesystem.RemoveXattr(ToInodeId(ino), name));
}

// A bucket has no end: what is used is exact, what is free is a petabyte and a billion names.
void StatFs(fuse_req_t request, fuse_ino_t /*ino*/) {
  constexpr std::uint64_t kBlock = 4096;
  constexpr std::uint64_t kFreeBlocks = (1ull << 50) / kBlock;
  constexpr std::uint64_t kFreeNames = 1'000'000'000;
  const Reply reply(request, "statfs");
  const auto totals = DoorOf(request).filesystem.StatFs();
  if (!totals.ok()) return reply.Fail(totals.error());
  struct statvfs out {};
  out.f_bsize = kBlock;
  out.f_frsize = kBlock;
  out.f_blocks = kFreeBlocks + (totals->bytes + kBlock - 1) / kBlock;
  out.f_bfree = out.f_bavail = kFreeBlocks;
  out.f_files = totals->files + totals->directories + kFreeNames;
  out.f_ffree = out.f_favail = kFreeNames;
  out.f_namemax = 255;
  reply.StatFs(out);
}

}  // namespace

void AddAttributeOperations(fuse_lowlevel_ops& operations) {
  operations.getattr = GetAttr;
  operations.setattr = SetAttr;
  operations.getxattr = GetXattr;
  operations.listxattr = ListXattrs;
  operations.setxattr = SetXattr;
  operations.removexattr = RemoveXattr;
  operations.statfs = StatFs;
}

}  // namespace fs
