#include "objclient/local/local_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string_view>

#include "objclient/local/object_attrs.h"
#include "objclient/local/open_beneath.h"

namespace objclient {
namespace {

constexpr mode_t kDirectoryMode = 0755;
constexpr std::size_t kNameLimit = 255;
constexpr std::size_t kKeyLimit = 4000;  // below PATH_MAX, which opening enforces
// How often a parent may be pruned by a concurrent delete between our making and using it.
constexpr int kParentAttempts = 32;

base::Error NoObject() {
  return base::Error(base::ErrorClass::kNotFound, "there is no such object");
}

std::string WithoutSlash(const ObjectKey& key) {
  return key.ends_with('/') ? key.substr(0, key.size() - 1) : key;
}

// "a/b" of "a/b/c" and of "a/b/c/"; "" at the top.
std::string ParentPath(const ObjectKey& key) {
  const std::string path = WithoutSlash(key);
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string LeafName(const ObjectKey& key) {
  const std::string path = WithoutSlash(key);
  return path.substr(path.rfind('/') + 1);
}

bool IsReserved(std::string_view path) {
  for (const std::string_view own : {LocalTree::kTempDirectory, LocalTree::kUploadDirectory}) {
    if (path == own || (path.starts_with(own) && path[own.size()] == '/')) return true;
  }
  return false;
}

base::Error InTheWay(const ObjectKey& key) {
  return base::Error(base::ErrorClass::kExists,
                     fmt::format("a folder cannot hold '{}': a directory or file of a shorter or "
                                 "longer key is in its way",
                                 key),
                     EISDIR);
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

base::Result<DirectoryStream> OpenStream(int fd) {
  // A descriptor of its own: the stream closes it and moves its position.
  const int own = ::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return base::Error::FromErrno(errno, "open directory");
  DirectoryStream stream(::fdopendir(own));
  if (stream) return stream;
  const int errno_value = errno;
  ::close(own);
  return base::Error::FromErrno(errno_value, "fdopendir");
}

bool IsDots(const char* name) {
  return name == std::string_view(".") || name == std::string_view("..");
}

}  // namespace

base::Result<std::unique_ptr<LocalTree>> LocalTree::Open(const std::string& directory) {
  TRY_ASSIGN(base::UniqueFd root, base::OpenFile(directory, O_RDONLY | O_DIRECTORY));
  return std::unique_ptr<LocalTree>(new LocalTree(std::move(root)));
}

base::Status LocalTree::CheckKey(const ObjectKey& key) {
  const auto invalid = [&](std::string_view why, int errno_value = EINVAL) {
    return base::Error(base::ErrorClass::kInvalid,
                       fmt::format("a folder cannot hold the key '{}': {}", key, why), errno_value);
  };
  if (key.empty()) return invalid("it is empty");
  if (key.size() > kKeyLimit) return invalid("it is longer than 4000 bytes", ENAMETOOLONG);
  if (key.find('\0') != std::string::npos) return invalid("it contains a zero byte");
  const std::string path = WithoutSlash(key);
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view name = std::string_view(path).substr(at, end - at);
    if (name.empty()) return invalid("it has an empty name between slashes");
    if (name == "." || name == "..") return invalid("'.' and '..' are no names");
    if (name.size() > kNameLimit) return invalid("a name is longer than 255 bytes", ENAMETOOLONG);
    at = end + 1;
  }
  if (IsReserved(path)) return invalid("it is reserved for the store's own files");
  return base::Ok();
}

base::Result<base::UniqueFd> LocalTree::OpenBeneath(const std::string& path, int flags) const {
  return objclient::OpenBeneath(root_.get(), path, flags);
}

base::Result<base::UniqueFd> LocalTree::EnsureDirectory(const std::string& path) const {
  auto found = OpenBeneath(path, O_RDONLY | O_DIRECTORY);
  if (found.ok() || found.error().errno_value() != ENOENT || path.empty()) return found;
  for (int attempt = 0; attempt < kParentAttempts; ++attempt) {
    TRY_ASSIGN(const base::UniqueFd parent, EnsureDirectory(ParentPath(path)));
    const std::string name = LeafName(path);
    if (::mkdirat(parent.get(), name.c_str(), kDirectoryMode) == 0) {
      if (::fsync(parent.get()) != 0) return base::Error::FromErrno(errno, "fsync " + path);
    } else if (errno != EEXIST && errno != ENOENT) {
      return base::Error::FromErrno(errno, fmt::format("mkdir {}", path));
    }
    found = OpenBeneath(path, O_RDONLY | O_DIRECTORY);
    if (found.ok() || found.error().errno_value() != ENOENT) return found;
  }
  return found;
}

base::Result<base::UniqueFd> LocalTree::OpenParent(const ObjectKey& key, bool make) const {
  const std::string path = ParentPath(key);
  auto parent = make ? EnsureDirectory(path) : OpenBeneath(path, O_RDONLY | O_DIRECTORY);
  if (parent.ok()) return parent;
  const int errno_value = parent.error().errno_value();
  if (errno_value != ENOTDIR && errno_value != ELOOP && errno_value != EEXIST) return parent;
  if (make) return InTheWay(key).WithErrno(ENOTDIR);
  return NoObject();
}

base::Result<OpenedObject> LocalTree::OpenObject(const ObjectKey& key) const {
  if (!CheckKey(key).ok()) return NoObject();
  const bool directory = key.ends_with('/');
  // O_NONBLOCK: opening a pipe that someone left in the folder must not wait for its writer.
  auto fd = OpenBeneath(WithoutSlash(key), O_RDONLY | (directory ? O_DIRECTORY : O_NONBLOCK));
  if (!fd.ok()) {
    const int errno_value = fd.error().errno_value();
    if (errno_value == ENOENT || errno_value == ENOTDIR || errno_value == ELOOP ||
        errno_value == ENXIO) {
      return NoObject();
    }
    return fd.error();
  }
  OpenedObject object;
  object.fd = std::move(fd).value();
  if (::fstat(object.fd.get(), &object.status) != 0) return base::Error::FromErrno(errno, "fstat");
  if (directory) {
    TRY_ASSIGN(const auto entries, ReadDirectory(object.fd.get(), key));
    if (!IsObject(object.fd.get(), key, entries.empty())) return NoObject();
  } else if (!S_ISREG(object.status.st_mode)) {
    return NoObject();
  }
  object.head = ReadHead(object.fd.get(), object.status, true);
  object.head.key = key;
  return object;
}

base::Mutex& LocalTree::LockOf(const ObjectKey& key) {
  return locks_[std::hash<ObjectKey>{}(key) % locks_.size()];
}

base::Status LocalTree::CheckPrecondition(const ObjectKey& key,
                                          const Precondition& precondition) const {
  if (precondition.empty()) return base::Ok();
  const auto present = OpenObject(key);
  if (!present.ok() && present.error().error_class() != base::ErrorClass::kNotFound) {
    return present.error();
  }
  if (precondition.if_absent && present.ok()) {
    return base::Error(base::ErrorClass::kConflict, "the key is taken");
  }
  if (!precondition.if_match.empty() &&
      (!present.ok() || present->head.etag != precondition.if_match)) {
    return base::Error(base::ErrorClass::kConflict, "the object was replaced or deleted");
  }
  return base::Ok();
}

base::Status LocalTree::Rename(int from_directory, const std::string& name, int directory,
                               const ObjectKey& key, const Precondition& precondition) {
  const std::string leaf = LeafName(key);
  base::MutexLock lock(LockOf(key));
  TRY(CheckPrecondition(key, precondition));
  int result = -1;
  if (precondition.if_absent) {
    // Exclusive against other processes too.
    result = ::renameat2(from_directory, name.c_str(), directory, leaf.c_str(), RENAME_NOREPLACE);
    if (result != 0 && (errno == EINVAL || errno == ENOSYS)) {
      result = ::linkat(from_directory, name.c_str(), directory, leaf.c_str(), 0);
      if (result == 0) ::unlinkat(from_directory, name.c_str(), 0);
    }
  } else {
    result = ::renameat(from_directory, name.c_str(), directory, leaf.c_str());
  }
  if (result == 0) return base::Ok();
  const int errno_value = errno;
  struct stat status;
  const bool directory_there =
      ::fstatat(directory, leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISDIR(status.st_mode);
  if (errno_value == EISDIR || errno_value == ENOTEMPTY || directory_there) return InTheWay(key);
  if (errno_value == EEXIST) {
    return base::Error(base::ErrorClass::kConflict, "the key is taken");
  }
  return base::Error::FromErrno(errno_value, "rename");
}

base::Status LocalTree::Publish(int from_directory, const std::string& name, const ObjectKey& key,
                                const Precondition& precondition) {
  TRY(CheckKey(key));
  // Looked at here too, so that a refused write leaves no empty parents behind.
  TRY(CheckPrecondition(key, precondition));
  for (int attempt = 0;; ++attempt) {
    TRY_ASSIGN(const base::UniqueFd parent, OpenParent(key, true));
    const base::Status renamed = Rename(from_directory, name, parent.get(), key, precondition);
    if (!renamed.ok()) {
      const bool pruned = renamed.error().errno_value() == ENOENT;
      if (pruned && attempt < kParentAttempts) continue;
      return renamed;
    }
    if (::fsync(parent.get()) != 0) return base::Error::FromErrno(errno, "fsync of the directory");
    return base::Ok();
  }
}

base::Result<ObjectHead> LocalTree::PublishDirectory(const ObjectKey& key, const Metadata& metadata,
                                                     const Precondition& precondition) {
  TRY(CheckKey(key));
  TRY(CheckPrecondition(key, precondition));
  TRY_ASSIGN(const base::UniqueFd parent, OpenParent(key, true));
  const std::string leaf = LeafName(key);
  base::UniqueFd directory;
  {
    base::MutexLock lock(LockOf(key));
    // Checked before mkdir: what that makes is empty and would look like an object.
    TRY(CheckPrecondition(key, precondition));
    if (::mkdirat(parent.get(), leaf.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
      return base::Error::FromErrno(errno, "mkdir");
    }
    directory = base::UniqueFd(
        ::openat(parent.get(), leaf.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) return InTheWay(key).WithErrno(ENOTDIR);
    TRY(SetObjectAttrs(directory.get(), metadata));
  }
  if (::fsync(directory.get()) != 0 || ::fsync(parent.get()) != 0) {
    return base::Error::FromErrno(errno, "fsync of the directory");
  }
  struct stat status;
  if (::fstat(directory.get(), &status) != 0) return base::Error::FromErrno(errno, "fstat");
  ObjectHead head = ReadHead(directory.get(), status, true);
  head.key = key;
  return head;
}

base::Status LocalTree::RemoveDirectoryObject(const ObjectKey& key, int parent,
                                              const std::string& if_match) {
  base::MutexLock lock(LockOf(key));
  if (!if_match.empty()) TRY(CheckPrecondition(key, {.if_absent = false, .if_match = if_match}));
  const std::string leaf = LeafName(key);
  const base::UniqueFd directory(
      ::openat(parent, leaf.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return base::Ok();
  ClearObjectAttrs(directory.get());
  if (::unlinkat(parent, leaf.c_str(), AT_REMOVEDIR) == 0) return base::Ok();
  if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOENT) {
    if (::fsync(directory.get()) == 0) return base::Ok();
  }
  return base::Error::FromErrno(errno, "rmdir");
}

base::Result<base::UniqueFd> LocalTree::Remove(const ObjectKey& key, const std::string& if_match) {
  if (!CheckKey(key).ok()) return base::UniqueFd();
  auto parent = OpenParent(key, false);
  if (!parent.ok()) {
    if (parent.error().error_class() == base::ErrorClass::kNotFound) return base::UniqueFd();
    return parent;
  }
  if (key.ends_with('/')) {
    TRY(RemoveDirectoryObject(key, parent->get(), if_match));
    return Prune(key, std::move(parent).value());
  }
  {
    base::MutexLock lock(LockOf(key));
    const auto present = OpenObject(key);
    if (!present.ok()) {
      if (present.error().error_class() == base::ErrorClass::kNotFound) return base::UniqueFd();
      // What we may not read we may still delete, unless its version matters.
      if (!if_match.empty()) return present.error();
    } else if (!if_match.empty() && present->head.etag != if_match) {
      return base::Error(base::ErrorClass::kConflict, "the object was replaced");
    }
    if (::unlinkat(parent->get(), LeafName(key).c_str(), 0) != 0 && errno != ENOENT) {
      return base::Error::FromErrno(errno, "unlink");
    }
  }
  return Prune(key, std::move(parent).value());
}

base::UniqueFd LocalTree::Prune(const ObjectKey& key, base::UniqueFd parent) {
  for (std::string path = ParentPath(key); !path.empty(); path = ParentPath(path)) {
    auto above = OpenParent(path, false);
    if (!above.ok()) break;
    base::MutexLock lock(LockOf(path + "/"));
    if (HasObjectAttrs(parent.get())) break;
    if (::unlinkat(above->get(), LeafName(path).c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      break;
    }
    parent = std::move(above).value();
  }
  return parent;
}

base::Status LocalTree::SyncRemoved(int directory) {
  // The directory itself may have been removed since, which loses nothing.
  if (directory >= 0 && ::fsync(directory) != 0) return base::Error::FromErrno(errno, "fsync");
  return base::Ok();
}

base::Result<std::vector<TreeEntry>> LocalTree::ReadDirectory(int fd, const std::string& path) {
  TRY_ASSIGN(const DirectoryStream stream, OpenStream(fd));
  std::vector<TreeEntry> entries;
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    if (IsDots(entry->d_name) || IsReserved(path + entry->d_name)) continue;
    unsigned char type = entry->d_type;
    struct stat status;
    if (type == DT_UNKNOWN && ::fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
      type = S_ISDIR(status.st_mode) ? DT_DIR : S_ISREG(status.st_mode) ? DT_REG : DT_LNK;
    }
    if (type == DT_DIR) {
      entries.push_back({std::string(entry->d_name) + "/"});
    } else if (type == DT_REG) {
      entries.push_back({entry->d_name});
    }
  }
  if (errno != 0) return base::Error::FromErrno(errno, fmt::format("read directory {}", path));
  std::ranges::sort(entries, {}, &TreeEntry::name);
  if (!path.empty()) return entries;

  // Our own directory shows only when it holds more than the hidden ones.
  const base::UniqueFd own(
      ::openat(fd, ".cairnfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (own) {
    TRY_ASSIGN(const auto inner, ReadDirectory(own.get(), ".cairnfs/"));
    if (inner.empty()) {
      std::erase_if(entries, [](const TreeEntry& entry) { return entry.name == ".cairnfs/"; });
    }
  }
  return entries;
}

bool LocalTree::IsObject(int fd, const std::string& path, bool empty) {
  if (path.empty()) return false;
  return HasObjectAttrs(fd) || (empty && path != ".cairnfs/");
}

}  // namespace objclient
