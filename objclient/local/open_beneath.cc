#include "objclient/local/open_beneath.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace objclient {
namespace {

constexpr int kAlways = O_CLOEXEC | O_NOCTTY;

base::Error OpenError(int errno_value, const std::string& path) {
  return base::Error::FromErrno(errno_value, fmt::format("open {}", path));
}

base::Result<base::UniqueFd> OpenOne(int directory, const std::string& name, int flags,
                                     const std::string& path) {
  if (name == "..") return OpenError(EXDEV, path);
  int fd = -1;
  do {
    fd = ::openat(directory, name.c_str(), flags | kAlways | O_NOFOLLOW);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return OpenError(errno, path);
  return base::UniqueFd(fd);
}

}  // namespace

base::Result<base::UniqueFd> OpenBeneath(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | kAlways);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const char* const name = path.empty() ? "." : path.c_str();
  while (true) {
    const long fd = ::syscall(SYS_openat2, root, name, &how, sizeof how);
    if (fd >= 0) return base::UniqueFd(static_cast<int>(fd));
    // EPERM: an old filter of system calls that does not know this one.
    if (errno == ENOSYS || errno == EPERM) return OpenByComponents(root, path, flags);
    if (errno != EINTR && errno != EAGAIN) return OpenError(errno, path);
  }
}

base::Result<base::UniqueFd> OpenByComponents(int root, const std::string& path, int flags) {
  if (path.size() >= PATH_MAX) return OpenError(ENAMETOOLONG, path);
  base::UniqueFd parent;
  std::size_t begin = 0;
  for (std::size_t slash; (slash = path.find('/', begin)) != std::string::npos; begin = slash + 1) {
    const int directory = parent ? parent.get() : root;
    TRY_ASSIGN(parent,
               OpenOne(directory, path.substr(begin, slash - begin), O_PATH | O_DIRECTORY, path));
  }
  const std::string leaf = path.empty() ? "." : path.substr(begin);
  return OpenOne(parent ? parent.get() : root, leaf, flags, path);
}

}  // namespace objclient
