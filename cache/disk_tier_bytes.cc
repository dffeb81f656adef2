// DiskTier: the bytes of its files.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/digest/digest.h"
#include "cache/block_cache.h"
#include "cache/disk_tier.h"

namespace cache {
namespace {

// One vector entry for pieces that are neighbours in memory.
template <typename Byte>
std::vector<iovec> Gather(const std::vector<std::span<Byte>>& pieces) {
  std::vector<iovec> vectors;
  for (const std::span<Byte>& piece : pieces) {
    auto* const start = const_cast<std::byte*>(piece.data());
    if (!vectors.empty() &&
        static_cast<std::byte*>(vectors.back().iov_base) + vectors.back().iov_len == start) {
      vectors.back().iov_len += piece.size();
    } else {
      vectors.push_back({start, piece.size()});
    }
  }
  return vectors;
}

template <typename Call>
ssize_t Uninterrupted(Call call) {
  ssize_t result = 0;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace

base::Result<std::shared_ptr<const base::UniqueFd>> DiskTier::OpenData(const FilePtr& file,
                                                                       bool make) {
  std::int64_t id = 0;
  std::uint64_t size = 0;
  {
    const base::MutexLock lock(mutex_);
    if (file->fd_) return file->fd_;
    id = file->sidecar_.object_id;
    size = file->sidecar_.object_size;
  }
  const int flags = O_RDWR | (make ? O_CREAT : 0);
  auto opened = base::OpenFile(DataPath(id), flags | O_DIRECT);
  if (!opened.ok() && opened.error().errno_value() == EINVAL) {
    opened = base::OpenFile(DataPath(id), flags);  // this file system has no direct I/O
  }
  if (!opened.ok()) return opened.error();
  if (make && ::ftruncate(opened.value().get(), static_cast<off_t>(size)) != 0) {
    return base::Error::FromErrno(errno, "cache file: ftruncate");
  }
  auto fd = std::make_shared<const base::UniqueFd>(std::move(opened).value());
  const base::MutexLock lock(mutex_);
  if (file->doomed_) return fd;
  if (!file->fd_) {
    file->fd_ = fd;
    open_.push_back(file);
    if (open_.size() > options_.max_open_files) {
      open_.front()->fd_.reset();
      open_.pop_front();
    }
  }
  return fd;
}

std::vector<bool> DiskTier::Read(const FilePtr& file, std::uint64_t first,
                                 const std::vector<std::span<std::byte>>& memory,
                                 std::size_t& corrupt) {
  std::vector<bool> good(memory.size(), false);
  std::vector<std::optional<std::uint32_t>> wanted(memory.size());
  std::vector<std::uint64_t> lengths(memory.size());
  {
    const base::MutexLock lock(mutex_);
    for (std::size_t i = 0; i < memory.size(); ++i) {
      const GranuleTable& granules = file->sidecar_.granules;
      lengths[i] = granules.LengthOf(first + i);
      if (granules.Has(first + i)) wanted[i] = granules.crc(first + i);
    }
    if (!file->doomed_) uses_.splice(uses_.end(), uses_, file->use_);
  }
  const auto fd = OpenData(file, false);
  if (!fd.ok()) return good;  // unlinked meanwhile
  const std::vector<iovec> vectors = Gather(memory);
  const ssize_t got = Uninterrupted([&] {
    return ::preadv(fd.value()->get(), vectors.data(), static_cast<int>(vectors.size()),
                    static_cast<off_t>(first * kGranuleSize));
  });
  std::uint64_t left = got < 0 ? 0 : static_cast<std::uint64_t>(got);
  for (std::size_t i = 0; i < memory.size(); ++i) {
    const bool whole = left >= lengths[i];
    left -= std::min<std::uint64_t>(left, memory[i].size());
    if (!wanted[i]) continue;
    if (whole && base::Crc32c(0, memory[i].first(lengths[i])) == *wanted[i]) {
      good[i] = true;
      continue;
    }
    if (whole) ++corrupt;
    Discard(file, fd.value()->get(), first + i);
  }
  return good;
}

void DiskTier::Discard(const FilePtr& file, int fd, std::uint64_t granule) {
  {
    const base::MutexLock lock(mutex_);
    const std::uint64_t length = file->sidecar_.granules.LengthOf(granule);
    if (!file->sidecar_.granules.Remove(granule)) return;
    bytes_ -= length;
    file->unsaved_ = true;
  }
  // Best effort: a hole that cannot be punched is space, not wrong bytes.
  (void)::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    static_cast<off_t>(granule * kGranuleSize), kGranuleSize);
}

base::Result<DiskTier::FilePtr> DiskTier::Write(
    const ObjectRef& object, std::uint64_t first,
    const std::vector<std::span<const std::byte>>& memory, const std::vector<std::uint32_t>& crcs) {
  TRY_ASSIGN(const FilePtr file, FindOrMake(object));
  std::uint64_t bytes = 0;
  for (const auto& piece : memory) bytes += piece.size();
  std::vector<FilePtr> doomed;
  bool room = false;
  {
    const base::MutexLock lock(mutex_);
    room = MakeRoom(bytes, object.id, doomed);
    if (room) bytes_ += bytes;  // reserved, so that writers side by side keep to the limit
  }
  Unlink(doomed);
  if (!room) return base::Error(base::ErrorClass::kNoSpace, "cache limit reached");
  const base::Status written = WriteData(file, first * kGranuleSize, memory, bytes, object.size);
  const base::MutexLock lock(mutex_);
  bytes_ -= bytes;
  if (!written.ok()) return written.error();
  if (file->doomed_) return base::Error(base::ErrorClass::kNoSpace, "cache file was removed");
  const std::uint64_t before = file->sidecar_.granules.bytes();
  for (std::size_t i = 0; i < crcs.size(); ++i) file->sidecar_.granules.Add(first + i, crcs[i]);
  bytes_ += file->sidecar_.granules.bytes() - before;
  file->unsaved_ = true;
  return file;
}

base::Status DiskTier::WriteData(const FilePtr& file, std::uint64_t offset,
                                 const std::vector<std::span<const std::byte>>& memory,
                                 std::uint64_t bytes, std::uint64_t object_size) {
  TRY_ASSIGN(const auto fd, OpenData(file, true));
  const std::vector<iovec> vectors = Gather(memory);
  const ssize_t written = Uninterrupted([&] {
    return ::pwritev(fd->get(), vectors.data(), static_cast<int>(vectors.size()),
                     static_cast<off_t>(offset));
  });
  if (written < 0) return base::Error::FromErrno(errno, "cache file: write");
  if (static_cast<std::uint64_t>(written) < bytes) {
    return base::Error(base::ErrorClass::kNoSpace, "cache file: short write");
  }
  // Direct writes are whole pages; the file ends where the object does.
  if (offset + bytes > object_size &&
      ::ftruncate(fd->get(), static_cast<off_t>(object_size)) != 0) {
    return base::Error::FromErrno(errno, "cache file: ftruncate");
  }
  return base::Ok();
}

}  // namespace cache
