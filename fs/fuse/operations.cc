#include "fs/fuse/operations.h"

#include "base/log.h"

namespace fs {
namespace {

constexpr unsigned kMaxWrite = 1u << 20;
constexpr unsigned kMaxBackground = 64;

// Splicing loses to replies from pool memory, the write-back cache to direct writes (limits
// measured on the reference machine, docs/read_path.md); pages are invalidated by notification, not
// by mtime.
constexpr unsigned kUnwanted = FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
                               FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_AUTO_INVAL_DATA;
constexpr unsigned kWanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_ASYNC_DIO |
                             FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS |
                             FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_CACHE_SYMLINKS;

void Init(void* user_data, fuse_conn_info* connection) {
  connection->want &= ~kUnwanted;
  connection->want |= kWanted & connection->capable;
  connection->max_write = kMaxWrite;
  connection->max_background = kMaxBackground;
  connection->congestion_threshold = kMaxBackground * 3 / 4;
  connection->time_gran = 1;
  static_cast<Door*>(user_data)->ready();
}

}  // namespace

Door& DoorOf(fuse_req_t request) { return *static_cast<Door*>(fuse_req_userdata(request)); }

Caller CallerOf(fuse_req_t request) {
  const fuse_ctx* context = fuse_req_ctx(request);
  return {.uid = context->uid, .gid = context->gid, .pid = context->pid, .umask = context->umask};
}

fuse_lowlevel_ops MakeOperations() {
  fuse_lowlevel_ops operations{};
  operations.init = Init;
  AddNameOperations(operations);
  AddFileOperations(operations);
  AddDirectoryOperations(operations);
  AddAttributeOperations(operations);
  return operations;
}

}  // namespace fs
