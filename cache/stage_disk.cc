#include "cache/stage_disk.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include "base/fd.h"

namespace cache {
namespace {

// Left free for the name space, whose database is on the same disk: staged bytes can leave by the
// network, a commit cannot.
constexpr std::uint64_t kReserveMax = 64u << 20;  // bytes
constexpr std::uint64_t kReserveShare = 4;        // at most this part of a small disk

base::Status CheckRoom(int fd, std::uint64_t bytes, const std::filesystem::path& path) {
  struct statvfs disk {};
  if (fstatvfs(fd, &disk) != 0) return base::Error::FromErrno(errno, "statvfs " + path.string());
  const std::uint64_t reserve =
      std::min(kReserveMax, disk.f_blocks * disk.f_frsize / kReserveShare);
  if (disk.f_bavail * disk.f_frsize >= bytes + reserve) return base::Ok();
  return base::Error::FromErrno(ENOSPC, "write " + path.string());
}

bool Aligned(std::uint64_t offset, const void* address, std::uint64_t length) {
  return ((offset | reinterpret_cast<std::uintptr_t>(address) | length) % kDirectAlign) == 0;
}

// Takes `bytes` off the front of the pieces that are still to be written.
void Advance(std::vector<iovec>& pieces, std::size_t& first, std::size_t bytes) {
  while (bytes > 0) {
    iovec& piece = pieces[first];
    const std::size_t step = std::min(bytes, piece.iov_len);
    piece.iov_base = static_cast<std::byte*>(piece.iov_base) + step;
    piece.iov_len -= step;
    bytes -= step;
    if (piece.iov_len == 0) ++first;
  }
}

class LocalStageFile final : public StageDiskFile {
 public:
  LocalStageFile(std::filesystem::path path, base::UniqueFd buffered, base::UniqueFd direct)
      : path_(std::move(path)), buffered_(std::move(buffered)), direct_(std::move(direct)) {}

  base::Status WriteAligned(std::uint64_t offset,
                            const std::vector<std::span<const std::byte>>& pieces) override {
    std::vector<iovec> vectors;
    vectors.reserve(pieces.size());
    std::uint64_t bytes = 0;
    for (const auto& piece : pieces) {
      bytes += piece.size();
      vectors.push_back({const_cast<std::byte*>(piece.data()), piece.size()});
    }
    TRY(CheckRoom(buffered_.get(), bytes, path_));
    const int fd = direct_ ? direct_.get() : buffered_.get();
    std::size_t first = 0;
    while (first < vectors.size()) {
      const auto count = static_cast<int>(std::min<std::size_t>(vectors.size() - first, IOV_MAX));
      const ssize_t n = pwritev(fd, &vectors[first], count, static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return base::Error::FromErrno(errno, "write " + path_.string());
      if (n == 0) return base::Error::FromErrno(ENOSPC, "write " + path_.string());
      offset += static_cast<std::uint64_t>(n);
      Advance(vectors, first, static_cast<std::size_t>(n));
    }
    return base::Ok();
  }

  base::Status WriteRagged(std::uint64_t offset, std::span<const std::byte> data) override {
    TRY(CheckRoom(buffered_.get(), data.size(), path_));
    return base::WriteFull(buffered_.get(), offset, data);
  }

  base::Status Read(std::uint64_t offset, std::span<std::byte> target) override {
    const bool direct = direct_ && Aligned(offset, target.data(), target.size());
    return base::ReadFull(direct ? direct_.get() : buffered_.get(), offset, target);
  }

  base::Status Sync() override {
    if (fdatasync(buffered_.get()) != 0) {
      return base::Error::FromErrno(errno, "fdatasync " + path_.string());
    }
    return base::Ok();
  }

  base::Status Resize(std::uint64_t size) override {
    if (ftruncate(buffered_.get(), static_cast<off_t>(size)) != 0) {
      return base::Error::FromErrno(errno, "ftruncate " + path_.string());
    }
    return base::Ok();
  }

 private:
  const std::filesystem::path path_;
  const base::UniqueFd buffered_;
  const base::UniqueFd direct_;  // empty where the file system has no O_DIRECT
};

class LocalStageDisk final : public StageDisk {
 public:
  explicit LocalStageDisk(std::filesystem::path directory) : directory_(std::move(directory)) {}

  base::Result<std::shared_ptr<StageDiskFile>> Create(const std::string& name) override {
    return OpenBoth(name, O_RDWR | O_CREAT | O_EXCL);
  }
  base::Result<std::shared_ptr<StageDiskFile>> Open(const std::string& name) override {
    return OpenBoth(name, O_RDWR);
  }

  base::Status Remove(const std::string& name) override {
    if (unlink(PathOf(name).c_str()) != 0 && errno != ENOENT) {
      return base::Error::FromErrno(errno, "unlink " + PathOf(name).string());
    }
    return base::Ok();
  }

  base::Result<std::vector<std::string>> List() override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator it(directory_, error);
    for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    if (error) return base::Error::FromErrno(error.value(), "list " + directory_.string());
    return names;
  }

  base::Status SyncNames() override { return base::SyncDirectory(directory_); }

  std::filesystem::path PathOf(const std::string& name) const override { return directory_ / name; }

 private:
  base::Result<std::shared_ptr<StageDiskFile>> OpenBoth(const std::string& name, int flags) {
    const std::filesystem::path path = PathOf(name);
    TRY_ASSIGN(base::UniqueFd buffered, base::OpenFile(path, flags));
    base::UniqueFd direct;
    if (auto opened = base::OpenFile(path, O_RDWR | O_DIRECT); opened.ok()) {
      direct = std::move(opened).value();
    }
    return std::shared_ptr<StageDiskFile>(
        std::make_shared<LocalStageFile>(path, std::move(buffered), std::move(direct)));
  }

  const std::filesystem::path directory_;
};

}  // namespace

base::Result<std::unique_ptr<StageDisk>> OpenStageDisk(const std::filesystem::path& directory) {
  TRY(base::MakeDirectories(directory));
  return std::unique_ptr<StageDisk>(std::make_unique<LocalStageDisk>(directory));
}

}  // namespace cache
