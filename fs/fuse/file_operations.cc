// Callbacks of open files.
#include <fcntl.h>

#include <cerrno>

#include "fs/fuse/operations.h"

namespace fs {
namespace {

HandleId HandleOf(const fuse_file_info* info) { return HandleId{info->fh}; }

// Write-only opens bypass the page cache: the writer's 1 MiB requests reach the pool without a
// detour (0.13 against 0.51 CPU s/GiB). Everything that may read or map goes through it.
void SetModes(const Opened& opened, int open_flags, fuse_file_info& info) {
  info.fh = static_cast<std::uint64_t>(opened.handle);
  info.direct_io = (open_flags & O_ACCMODE) == O_WRONLY ? 1 : 0;
  info.keep_cache = opened.keep_cache ? 1 : 0;
}

void Create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode,
            fuse_file_info* info) {
  Door& door = DoorOf(request);
  const Reply reply(request, "create");
  door.filesystem.Create(
      CallerOf(request), ToInodeId(parent), name, mode, info->flags,
      [reply, &door, answer = *info](base::Result<std::pair<meta::Inode, Opened>> created) mutable {
        if (!created.ok()) return reply.Fail(created.error());
        SetModes(created->second, answer.flags, answer);
        reply.Created(created->first, door.timeouts, answer);
      });
}

void Open(fuse_req_t request, fuse_ino_t ino, fuse_file_info* info) {
  const Reply reply(request, "open");
  DoorOf(request).filesystem.Open(ToInodeId(ino), info->flags,
                                  [reply, answer = *info](base::Result<Opened> opened) mutable {
                                    if (!opened.ok()) return reply.Fail(opened.error());
                                    SetModes(*opened, answer.flags, answer);
                                    reply.Open(answer);
                                  });
}

void Read(fuse_req_t request, fuse_ino_t ino, size_t size, off_t offset, fuse_file_info* info) {
  const Reply reply(request, "read");
  const auto answer = [reply](const base::Result<cache::PinnedBytes>& bytes) {
    if (!bytes.ok()) return reply.Fail(bytes.error());
    reply.Bytes(*bytes);
  };
  const auto hit = DoorOf(request).filesystem.Read(
      ToInodeId(ino), HandleOf(info), {static_cast<std::uint64_t>(offset), size}, answer);
  if (hit) answer(*hit);
}

void Write(fuse_req_t request, fuse_ino_t ino, const char* data, size_t size, off_t offset,
           fuse_file_info* info) {
  const Reply reply(request, "write");
  const auto bytes = std::as_bytes(std::span(data, size));
  const base::Status status = DoorOf(request).filesystem.Write(
      ToInodeId(ino), HandleOf(info), static_cast<std::uint64_t>(offset), bytes);
  if (!status.ok()) return reply.Fail(status.error());
  reply.Written(size);
}

// Of what may take as long as the store does.
DoneStatus AnswerStatus(fuse_req_t request, std::string_view operation) {
  const Reply reply(request, operation);
  reply.LetEnd(DoorOf(request).waiting);
  return [reply](const base::Status& status) { reply.Done(status); };
}

void Flush(fuse_req_t request, fuse_ino_t ino, fuse_file_info* info) {
  DoorOf(request).filesystem.Flush(ToInodeId(ino), HandleOf(info), AnswerStatus(request, "flush"));
}

void Fsync(fuse_req_t request, fuse_ino_t ino, int /*datasync*/, fuse_file_info* info) {
  DoorOf(request).filesystem.Fsync(ToInodeId(ino), HandleOf(info), AnswerStatus(request, "fsync"));
}

void Release(fuse_req_t request, fuse_ino_t ino, fuse_file_info* info) {
  DoorOf(request).filesystem.Release(ToInodeId(ino), HandleOf(info));
  Reply(request, "release").Errno(0);
}

void Fallocate(fuse_req_t request, fuse_ino_t ino, int mode, off_t offset, off_t length,
               fuse_file_info* info) {
  const base::ByteRange range{static_cast<std::uint64_t>(offset),
                              static_cast<std::uint64_t>(length)};
  Reply(request, "fallocate")
      .Done(DoorOf(request).filesystem.Fallocate(ToInodeId(ino), HandleOf(info), mode, range));
}

void Seek(fuse_req_t request, fuse_ino_t ino, off_t offset, int whence, fuse_file_info* info) {
  const Reply reply(request, "lseek");
  const auto found = DoorOf(request).filesystem.Seek(ToInodeId(ino), HandleOf(info),
                                                     static_cast<std::uint64_t>(offset), whence);
  if (!found.ok()) return reply.Fail(found.error());
  reply.Offset(static_cast<off_t>(*found));
}

}  // namespace

void AddFileOperations(fuse_lowlevel_ops& operations) {
  operations.create = Create;
  operations.open = Open;
  operations.read = Read;
  operations.write = Write;
  operations.flush = Flush;
  operations.fsync = Fsync;
  operations.release = Release;
  operations.fallocate = Fallocate;
  operations.lseek = Seek;
}

}  // namespace fs
