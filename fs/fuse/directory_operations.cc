// Callbacks of open directories.
#include <memory>
#include <vector>

#include "fs/fuse/dir_stream.h"
#include "fs/fuse/operations.h"

namespace fs {
namespace {

DirStream* StreamOf(const fuse_file_info* info) {
  return reinterpret_cast<DirStream*>(info->fh);  // NOLINT: libfuse hands back our own pointer
}

void OpenDir(fuse_req_t request, fuse_ino_t ino, fuse_file_info* info) {
  Door& door = DoorOf(request);
  const Reply reply(request, "opendir");
  door.filesystem.OpenDir(
      ToInodeId(ino), [reply, &door, ino, answer = *info](const base::Status& status) mutable {
        if (!status.ok()) return reply.Fail(status.error());
        const auto parent = door.filesystem.Parent(ToInodeId(ino));
        if (!parent.ok()) return reply.Fail(parent.error());
        auto stream = std::make_unique<DirStream>(
            ToInodeId(ino), *parent, [&door, ino](std::string_view after, std::size_t limit) {
              return door.filesystem.ReadDir(ToInodeId(ino), after, limit);
            });
        answer.fh = reinterpret_cast<std::uint64_t>(stream.release());  // ReleaseDir deletes it
        reply.Open(answer);
      });
}

// Fills one buffer of the kernel's size with entries from `offset` on.
void FillDirectory(fuse_req_t request, size_t size, off_t offset, fuse_file_info* info, bool plus) {
  const Reply reply(request, plus ? "readdirplus" : "readdir");
  const KernelTimeouts& timeouts = DoorOf(request).timeouts;
  std::vector<char> buffer(size);
  std::size_t used = 0;
  while (true) {
    const auto next = StreamOf(info)->At(offset);
    if (!next.ok()) {
      if (used == 0) return reply.Fail(next.error());
      break;
    }
    if (!next->has_value()) break;
    const meta::DirEntry& entry = **next;
    const bool is_dot = entry.name == "." || entry.name == "..";
    fuse_entry_param parameters = ToEntry(entry.inode, timeouts);
    if (is_dot) parameters.ino = 0;  // no lookup count for these
    const std::size_t need =
        plus ? fuse_add_direntry_plus(request, buffer.data() + used, size - used,
                                      entry.name.c_str(), &parameters, offset + 1)
             : fuse_add_direntry(request, buffer.data() + used, size - used, entry.name.c_str(),
                                 &parameters.attr, offset + 1);
    if (need > size - used) break;
    used += need;
    ++offset;
  }
  reply.Buffer({buffer.data(), used});
}

void ReadDir(fuse_req_t request, fuse_ino_t /*ino*/, size_t size, off_t offset,
             fuse_file_info* info) {
  FillDirectory(request, size, offset, info, false);
}

void ReadDirPlus(fuse_req_t request, fuse_ino_t /*ino*/, size_t size, off_t offset,
                 fuse_file_info* info) {
  FillDirectory(request, size, offset, info, true);
}

void ReleaseDir(fuse_req_t request, fuse_ino_t /*ino*/, fuse_file_info* info) {
  const std::unique_ptr<DirStream> stream(StreamOf(info));
  Reply(request, "releasedir").Errno(0);
}

void FsyncDir(fuse_req_t request, fuse_ino_t ino, int /*datasync*/, fuse_file_info* /*info*/) {
  Reply(request, "fsyncdir").Done(DoorOf(request).filesystem.FsyncDir(ToInodeId(ino)));
}

}  // namespace

void AddDirectoryOperations(fuse_lowlevel_ops& operations) {
  operations.opendir = OpenDir;
  operations.readdir = ReadDir;
  operations.readdirplus = ReadDirPlus;
  operations.releasedir = ReleaseDir;
  operations.fsyncdir = FsyncDir;
}

}  // namespace fs
