// DiskTier: the cache's local files. One sparse file per object, <id>.data, bytes at their own
// offsets, with a sidecar <id>.sum that says which granules it holds and their checksums. What is
// read back is verified; what does not match is punched out and the caller told. Files of objects
// not used for longest are unlinked to stay below the limit; a full disk refuses new granules and
// nothing else.
//
// Data goes past the page cache (O_DIRECT) where the file system can. Nothing is synced: a granule
// that a crash tore fails its checksum.
//
// Owned by the cache; any thread. Its lock is a leaf and is never held over I/O.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"
#include "cache/read.h"
#include "cache/sidecar.h"

namespace cache {

// One cache file. Members are the tier's, under its lock.
class DiskFile {
 public:
  explicit DiskFile(const Sidecar& sidecar) : sidecar_(sidecar) {}

 private:
  friend class DiskTier;
  Sidecar sidecar_;
  // Shared with reads and writes on their way, so that it can be closed under them.
  std::shared_ptr<const base::UniqueFd> fd_;
  bool unsaved_ = false;  // the sidecar on disk is older
  bool doomed_ = false;   // about to be unlinked: holds nothing, takes nothing
  std::list<std::int64_t>::iterator use_;
};

class DiskTier {
 public:
  struct Options {
    std::filesystem::path directory;
    std::uint64_t limit_bytes = 10ull << 30;  // of all granules together
    std::size_t max_open_files = 128;
  };
  // Reads the sidecars that are there; removes files without one, and damaged ones.
  static base::Result<std::unique_ptr<DiskTier>> Open(Options options);
  ~DiskTier() = default;

  // The file of that object, empty when there is none. One of another version is dropped.
  std::shared_ptr<DiskFile> Find(const ObjectRef& object) EXCLUDES(mutex_);

  // Cuts `range` into runs that are in the file (true) or not; cuts lie between granules.
  std::vector<std::pair<base::ByteRange, bool>> Split(const DiskFile& file,
                                                      const base::ByteRange& range) const
      EXCLUDES(mutex_);

  // Reads consecutive granules from `first` on; `memory[i]` is page-aligned and holds a whole
  // granule's pages. Answers which of them are good. Bad ones are out of the file afterwards;
  // `corrupt` counts those with a wrong checksum.
  std::vector<bool> Read(const std::shared_ptr<DiskFile>& file, std::uint64_t first,
                         const std::vector<std::span<std::byte>>& memory, std::size_t& corrupt)
      EXCLUDES(mutex_);

  // Writes consecutive granules from `first` on into the object's file, made when missing.
  // `memory[i]` is granule i, rounded up to whole pages. kNoSpace at the limit or on a full disk.
  base::Result<std::shared_ptr<DiskFile>> Write(
      const ObjectRef& object, std::uint64_t first,
      const std::vector<std::span<const std::byte>>& memory, const std::vector<std::uint32_t>& crcs)
      EXCLUDES(mutex_);

  // Takes a finished local file by rename. On an error the file is where it was.
  base::Result<std::shared_ptr<DiskFile>> Adopt(
      const ObjectRef& object, const std::filesystem::path& path,
      const std::vector<std::optional<std::uint32_t>>& crcs) EXCLUDES(mutex_);

  // The file of `old_id` becomes that of `object`, which has the same bytes. Empty when there is
  // none, or it cannot be kept.
  std::shared_ptr<DiskFile> Rename(std::int64_t old_id, const ObjectRef& object) EXCLUDES(mutex_);

  void Drop(std::int64_t object_id) EXCLUDES(mutex_);

  // Writes the sidecars that are older than their files. One caller at a time.
  void Save() EXCLUDES(mutex_);

  std::uint64_t bytes() const EXCLUDES(mutex_);

 private:
  using FilePtr = std::shared_ptr<DiskFile>;  // shared with objects in memory and running I/O
  explicit DiskTier(Options options) : options_(std::move(options)) {}

  base::Status Scan();
  std::filesystem::path DataPath(std::int64_t id) const;
  std::filesystem::path SumPath(std::int64_t id) const;
  void Insert(const FilePtr& file) REQUIRES(mutex_);
  void Doom(const FilePtr& file) REQUIRES(mutex_);
  // Removes doomed files from disk and then from the table.
  void Unlink(const std::vector<FilePtr>& files) EXCLUDES(mutex_);
  // Dooms files used longest ago, except `keep`, until `bytes` more fit; false when they never do.
  bool MakeRoom(std::uint64_t bytes, std::int64_t keep, std::vector<FilePtr>& doomed)
      REQUIRES(mutex_);
  base::Result<FilePtr> FindOrMake(const ObjectRef& object) EXCLUDES(mutex_);
  base::Result<std::shared_ptr<const base::UniqueFd>> OpenData(const FilePtr& file, bool make)
      EXCLUDES(mutex_);
  base::Status WriteData(const FilePtr& file, std::uint64_t offset,
                         const std::vector<std::span<const std::byte>>& memory, std::uint64_t bytes,
                         std::uint64_t object_size) EXCLUDES(mutex_);
  void Discard(const FilePtr& file, int fd, std::uint64_t granule) EXCLUDES(mutex_);

  const Options options_;
  mutable base::Mutex mutex_;
  std::unordered_map<std::int64_t, FilePtr> files_ GUARDED_BY(mutex_);
  std::list<std::int64_t> uses_ GUARDED_BY(mutex_);  // used longest ago first
  std::list<FilePtr> open_ GUARDED_BY(mutex_);       // opened longest ago first
  std::uint64_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace cache
