// UniqueFd owns a file descriptor. The functions below are the system calls with EINTR and short
// counts handled; every error names the path or what was done. Any thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"

namespace base {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { Reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void Reset();

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC added.
Result<UniqueFd> OpenFile(const std::filesystem::path& path, int flags, mode_t mode = 0600);
// Reads exactly target.size() bytes; kCorrupt when the file ends before.
Status ReadFull(int fd, std::uint64_t offset, std::span<std::byte> target);
Status WriteFull(int fd, std::uint64_t offset, std::span<const std::byte> source);
// fsync of a directory, so that a rename or create in it is durable.
Status SyncDirectory(const std::filesystem::path& directory);
// mkdir -p with `mode` for what it makes.
Status MakeDirectories(const std::filesystem::path& path, mode_t mode = 0700);
// The whole of a small file, at most `limit` bytes (kInvalid when larger).
Result<std::string> ReadSmallFile(const std::filesystem::path& path, std::size_t limit = 1 << 20);

}  // namespace base
