// Callbacks that look up and change names.
#include <cerrno>
#include <cstdint>
#include <span>

#include "fs/fuse/operations.h"

namespace fs {
namespace {

// A completion that answers with the entry, or the error.
Done<meta::Inode> AnswerEntry(const Reply& reply, const KernelTimeouts& timeouts) {
  return [reply, &timeouts](base::Result<meta::Inode> inode) {
    if (!inode.ok()) return reply.Fail(inode.error());
    reply.Entry(*inode, timeouts);
  };
}

DoneStatus AnswerStatus(const Reply& reply) {
  return [reply](const base::Status& status) { reply.Done(status); };
}

void Lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  Door& door = DoorOf(request);
  const Reply reply(request, "lookup");
  door.filesystem.Lookup(ToInodeId(parent), name, [reply, &door](base::Result<meta::Inode> inode) {
    if (inode.ok()) return reply.Entry(*inode, door.timeouts);
    if (inode.error().errno_value() == ENOENT) return reply.NoEntry(door.timeouts);
    reply.Fail(inode.error());
  });
}

void MakeNode(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t rdev) {
  Door& door = DoorOf(request);
  door.filesystem.MakeNode(CallerOf(request), ToInodeId(parent), name, mode, rdev,
                           AnswerEntry(Reply(request, "mknod"), door.timeouts));
}

void MakeDir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  Door& door = DoorOf(request);
  door.filesystem.MakeDir(CallerOf(request), ToInodeId(parent), name, mode,
                          AnswerEntry(Reply(request, "mkdir"), door.timeouts));
}

void Symlink(fuse_req_t request, const char* target, fuse_ino_t parent, const char* name) {
  Door& door = DoorOf(request);
  door.filesystem.Symlink(CallerOf(request), target, ToInodeId(parent), name,
                          AnswerEntry(Reply(request, "symlink"), door.timeouts));
}

void Link(fuse_req_t request, fuse_ino_t ino, fuse_ino_t parent, const char* name) {
  Door& door = DoorOf(request);
  door.filesystem.Link(ToInodeId(ino), ToInodeId(parent), name,
                       AnswerEntry(Reply(request, "link"), door.timeouts));
}

void ReadLink(fuse_req_t request, fuse_ino_t ino) {
  const Reply reply(request, "readlink");
  const auto target = DoorOf(request).filesystem.ReadLink(ToInodeId(ino));
  if (!target.ok()) return reply.Fail(target.error());
  reply.Link(target->c_str());
}

void Unlink(fuse_req_t request, fuse_ino_t parent, const char* name) {
  DoorOf(request).filesystem.Unlink(ToInodeId(parent), name,
                                    AnswerStatus(Reply(request, "unlink")));
}

void RemoveDir(fuse_req_t request, fuse_ino_t parent, const char* name) {
  DoorOf(request).filesystem.RemoveDir(ToInodeId(parent), name,
                                       AnswerStatus(Reply(request, "rmdir")));
}

void Rename(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent,
            const char* new_name, unsigned flags) {
  DoorOf(request).filesystem.Rename(ToInodeId(parent), name, ToInodeId(new_parent), new_name, flags,
                                    AnswerStatus(Reply(request, "rename")));
}

void Forget(fuse_req_t request, fuse_ino_t ino, std::uint64_t /*lookups*/) {
  DoorOf(request).filesystem.Forget(ToInodeId(ino));
  fuse_reply_none(request);
}

void ForgetMany(fuse_req_t request, size_t count, fuse_forget_data* forgotten) {
  for (const fuse_forget_data& each : std::span(forgotten, count)) {
    DoorOf(request).filesystem.Forget(ToInodeId(each.ino));
  }
  fuse_reply_none(request);
}

}  // namespace

void AddNameOperations(fuse_lowlevel_ops& operations) {
  operations.lookup = Lookup;
  operations.mknod = MakeNode;
  operations.mkdir = MakeDir;
  operations.symlink = Symlink;
  operations.link = Link;
  operations.readlink = ReadLink;
  operations.unlink = Unlink;
  operations.rmdir = RemoveDir;
  operations.rename = Rename;
  operations.forget = Forget;
  operations.forget_multi = ForgetMany;
}

}  // namespace fs
