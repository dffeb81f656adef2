#include "base/fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace base {

void UniqueFd::Reset() {
  // close(2) is not retried on EINTR: on Linux the descriptor is gone either way.
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<UniqueFd> OpenFile(const std::filesystem::path& path, int flags, mode_t mode) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return Error::FromErrno(errno, fmt::format("open {}", path.string()));
  return UniqueFd(fd);
}

Status ReadFull(int fd, std::uint64_t offset, std::span<std::byte> target) {
  std::size_t done = 0;
  while (done < target.size()) {
    const ssize_t n =
        ::pread(fd, target.data() + done, target.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return Error::FromErrno(errno, fmt::format("read of {} bytes at {}", target.size(), offset));
    }
    if (n == 0) {
      return Error(ErrorClass::kCorrupt, fmt::format("file ends at {}, expected {} bytes at {}",
                                                     offset + done, target.size(), offset));
    }
    done += static_cast<std::size_t>(n);
  }
  return Ok();
}

Status WriteFull(int fd, std::uint64_t offset, std::span<const std::byte> source) {
  std::size_t done = 0;
  while (done < source.size()) {
    const ssize_t n =
        ::pwrite(fd, source.data() + done, source.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return Error::FromErrno(n < 0 ? errno : EIO,
                              fmt::format("write of {} bytes at {}", source.size(), offset));
    }
    done += static_cast<std::size_t>(n);
  }
  return Ok();
}

Status SyncDirectory(const std::filesystem::path& directory) {
  TRY_ASSIGN(const UniqueFd fd, OpenFile(directory, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) {
    return Error::FromErrno(errno, fmt::format("fsync {}", directory.string()));
  }
  return Ok();
}

Status MakeDirectories(const std::filesystem::path& path, mode_t mode) {
  std::filesystem::path made;
  for (const std::filesystem::path& part : path) {
    made /= part;
    if (::mkdir(made.c_str(), mode) == 0 || errno == EEXIST || errno == EISDIR) continue;
    // A parent may be unwritable, or on a read-only mount, and exist all the same.
    const int mkdir_errno = errno;
    std::error_code ignored;
    if (!std::filesystem::is_directory(made, ignored)) {
      return Error::FromErrno(mkdir_errno, fmt::format("mkdir {}", made.string()));
    }
  }
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    return Error::FromErrno(ENOTDIR, fmt::format("mkdir {}", path.string()));
  }
  return Ok();
}

Result<std::string> ReadSmallFile(const std::filesystem::path& path, std::size_t limit) {
  TRY_ASSIGN(const UniqueFd fd, OpenFile(path, O_RDONLY));
  std::string text;
  char buffer[4096];
  // Not sized by fstat: files of /proc say 0.
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::FromErrno(errno, fmt::format("read {}", path.string()));
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > limit) {
      return Error(ErrorClass::kInvalid,
                   fmt::format("{} is larger than {} bytes", path.string(), limit));
    }
  }
}

}  // namespace base
