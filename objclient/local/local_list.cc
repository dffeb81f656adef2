#include "objclient/local/local_list.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "objclient/local/object_attrs.h"

namespace objclient {
namespace {

// Directories with fewer names are cheaper to read again than to keep.
constexpr std::size_t kSnapshotNames = 1000;

bool Full(const ListPage& page, std::uint32_t limit) {
  return page.objects.size() + page.prefixes.size() >= std::max<std::uint32_t>(limit, 1);
}

// Nothing when the file went away or is no file any more.
std::optional<ObjectHead> HeadAt(int directory, const std::string& name) {
  struct stat status;
  const base::UniqueFd fd(
      ::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  // A file that we may not open is listed all the same, without its attributes.
  const bool known =
      fd ? ::fstat(fd.get(), &status) == 0
         : errno != ENOENT && ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!known || !S_ISREG(status.st_mode)) return std::nullopt;
  return ReadHead(fd.get(), status, false);
}

}  // namespace

base::Result<ListPage> LocalLister::List(const ListRequest& request) {
  if (!request.delimiter.empty() && request.delimiter != "/") {
    return base::Error(base::ErrorClass::kUnsupported, "only '/' delimits keys in a folder");
  }
  const std::size_t slash = request.prefix.rfind('/');
  const std::string base =
      slash == std::string::npos ? std::string() : request.prefix.substr(0, slash + 1);
  // A prefix that no path can have has no objects.
  if (!base.empty() && !LocalTree::CheckKey(base).ok()) return ListPage{};
  Cursor cursor{request, {}, request.continuation};
  TRY_ASSIGN(const bool complete, Walk(base, cursor));
  if (!complete) cursor.page.continuation = cursor.last;
  return std::move(cursor.page);
}

base::Result<LocalLister::Names> LocalLister::ReadNames(int directory, const struct stat& status,
                                                        const std::string& path, bool continued) {
  if (continued) {
    base::MutexLock lock(mutex_);
    if (snapshot_.names && snapshot_.path == path && snapshot_.inode == status.st_ino &&
        snapshot_.mtime_ns == MtimeNs(status)) {
      return snapshot_.names;
    }
  }
  TRY_ASSIGN(auto entries, LocalTree::ReadDirectory(directory, path));
  auto names = std::make_shared<const std::vector<TreeEntry>>(std::move(entries));
  if (names->size() >= kSnapshotNames) {
    base::MutexLock lock(mutex_);
    snapshot_ = Snapshot{path, status.st_ino, MtimeNs(status), names};
  }
  return Names(names);
}

base::Result<bool> LocalLister::Walk(const std::string& path, Cursor& cursor) {
  const auto directory = tree_.OpenBeneath(path, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) {
    const int errno_value = directory.error().errno_value();
    if (errno_value == ENOENT || errno_value == ENOTDIR || errno_value == ELOOP) return true;
    return directory.error();
  }
  struct stat status;
  if (::fstat(directory->get(), &status) != 0) return base::Error::FromErrno(errno, "fstat");
  const bool continued = !cursor.request.continuation.empty();
  TRY_ASSIGN(const Names names, ReadNames(directory->get(), status, path, continued));

  if (path > cursor.last && path.starts_with(cursor.request.prefix) &&
      LocalTree::IsObject(directory->get(), path, names->empty())) {
    if (Full(cursor.page, cursor.request.limit)) return false;
    ObjectHead head = ReadHead(directory->get(), status, false);
    head.key = cursor.last = path;
    cursor.page.objects.push_back(std::move(head));
  }
  // Entries before the continuation are skipped in one step; the one it lies in is kept.
  auto entry = names->begin();
  if (cursor.last.starts_with(path)) {
    const std::string after = cursor.last.substr(path.size());
    entry = std::ranges::upper_bound(*names, after, {}, &TreeEntry::name);
    while (entry != names->begin() && after.starts_with(std::prev(entry)->name)) --entry;
  }
  for (; entry != names->end(); ++entry) {
    TRY_ASSIGN(const bool more, WalkEntry(directory->get(), path, *entry, cursor));
    if (!more) return false;
  }
  return true;
}

base::Result<bool> LocalLister::WalkEntry(int directory, const std::string& path,
                                          const TreeEntry& entry, Cursor& cursor) {
  const ListRequest& request = cursor.request;
  const std::string key = path + entry.name;
  const bool inside = key.starts_with(request.prefix);
  if (!inside && !(entry.directory() && request.prefix.starts_with(key))) return true;
  const bool passed = key <= cursor.last;

  if (entry.directory() && (request.delimiter.empty() || !inside)) {
    if (passed && !cursor.last.starts_with(key)) return true;
    return Walk(key, cursor);
  }
  if (passed) return true;
  if (Full(cursor.page, request.limit)) {
    // Only what is really there makes another page.
    return !entry.directory() && !HeadAt(directory, entry.name);
  }
  if (entry.directory()) {
    cursor.page.prefixes.push_back(key);
    cursor.last = key;
    return true;
  }
  auto head = HeadAt(directory, entry.name);
  if (!head) return true;
  head->key = cursor.last = key;
  cursor.page.objects.push_back(*std::move(head));
  return true;
}

}  // namespace objclient
