// Extended attributes. The catalog keeps what users set; user.cairnfs.* is ours and says how things
// stand: `durable` of a file (memory, local or object), `status` of the root (JSON).
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "fs/ops/mounted_filesystem.h"
#include "objclient/describe_store.h"

namespace fs {
namespace {

constexpr std::string_view kOwn = "user.cairnfs.";
constexpr std::string_view kDurable = "user.cairnfs.durable";
constexpr std::string_view kStatus = "user.cairnfs.status";
constexpr std::array<std::string_view, 3> kNamespaces{"user.", "trusted.", "security."};

bool IsOwn(std::string_view name) { return name.starts_with(kOwn); }

base::Status CheckNamespace(std::string_view name) {
  for (const std::string_view known : kNamespaces) {
    if (name.starts_with(known) && name.size() > known.size()) return base::Ok();
  }
  return base::Error::FromErrno(EOPNOTSUPP, "xattr '" + std::string(name) + "'");
}

base::Error NoAttribute(std::string_view name) {
  return base::Error::FromErrno(ENODATA, "xattr '" + std::string(name) + "'");
}

}  // namespace

base::Result<std::string> MountedFilesystem::GetXattr(meta::InodeId inode, std::string_view name) {
  if (IsOwn(name)) return VirtualXattr(inode, name);
  TRY(CheckNamespace(name));
  return context_.catalog.GetXattr(inode, name);
}

base::Result<std::string> MountedFilesystem::VirtualXattr(meta::InodeId inode,
                                                          std::string_view name) {
  if (name == kStatus && inode == meta::kRootInode) return StatusJson();
  if (name != kDurable) return NoAttribute(name);
  TRY_ASSIGN(const meta::Inode attributes, context_.catalog.GetInode(inode));
  if (!attributes.is_file()) return NoAttribute(name);
  const InodeRef file = context_.inodes.Find(inode);
  if (!file || (file->stage() == nullptr && !file->CommitIsNear())) {
    return std::string(file && file->unpublished() ? "memory" : "object");
  }
  return std::string(file->persisted() ? "local" : "memory");
}

std::string MountedFilesystem::StatusJson() {
  const Progress progress = GetProgress();
  const nlohmann::json status{
      {"pid", getpid()},
      {"url", context_.options.url},
      {"state_directory", context_.options.state_directory},
      {"version", context_.options.version},
      {"memory_limit", context_.options.memory_limit},
      {"read_only", context_.options.read_only},
      {"conditional_writes", objclient::WhoDecides(context_.store.capabilities())},
      {"uploads", progress.uploads},
      {"upload_bytes", progress.upload_bytes},
      {"settles", progress.settles},
      {"moves", progress.moves},
      {"deletes", progress.deletes},
      {"last_error", progress.last_error},
      {"metrics", context_.metrics.Snapshot()},
  };
  // Keys and messages may hold any bytes.
  return status.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

base::Status MountedFilesystem::SetXattr(meta::InodeId inode, std::string_view name,
                                         std::string_view value, int flags) {
  TRY(CheckWritable());
  if (IsOwn(name)) return base::Error::FromErrno(EPERM, "user.cairnfs.* cannot be set");
  TRY(CheckNamespace(name));
  auto mode = meta::Catalog::XattrMode::kAny;
  if ((flags & XATTR_CREATE) != 0) mode = meta::Catalog::XattrMode::kCreate;
  if ((flags & XATTR_REPLACE) != 0) mode = meta::Catalog::XattrMode::kReplace;
  return context_.catalog.SetXattr(inode, name, value, mode, context_.Now());
}

base::Result<std::vector<std::string>> MountedFilesystem::ListXattrs(meta::InodeId inode) {
  return context_.catalog.ListXattrs(inode);
}

base::Status MountedFilesystem::RemoveXattr(meta::InodeId inode, std::string_view name) {
  TRY(CheckWritable());
  if (IsOwn(name)) return base::Error::FromErrno(EPERM, "user.cairnfs.* cannot be removed");
  TRY(CheckNamespace(name));
  return context_.catalog.RemoveXattr(inode, name, context_.Now());
}

}  // namespace fs
