// StageDisk: the directory of staged files, and StageDiskFile: one sparse local file, bytes at
// their own offsets. Whole granules go by O_DIRECT, so that a save leaves no dirty page cache
// behind; ragged edges go through the page cache on a second descriptor. Interfaces, so that a test
// can fill the disk. Any thread; the callers see to it that a range is not written and read at
// once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace cache {

class StageDiskFile {
 public:
  virtual ~StageDiskFile() = default;
  // Consecutive pieces from `offset`; offset, addresses and lengths are multiples of kDirectAlign.
  virtual base::Status WriteAligned(std::uint64_t offset,
                                    const std::vector<std::span<const std::byte>>& pieces) = 0;
  virtual base::Status WriteRagged(std::uint64_t offset, std::span<const std::byte> data) = 0;
  // By O_DIRECT when offset, address and length allow. kCorrupt when the file ends before.
  virtual base::Status Read(std::uint64_t offset, std::span<std::byte> target) = 0;
  // fdatasync.
  virtual base::Status Sync() = 0;
  virtual base::Status Resize(std::uint64_t size) = 0;
};

class StageDisk {
 public:
  virtual ~StageDisk() = default;
  virtual base::Result<std::shared_ptr<StageDiskFile>> Create(const std::string& name) = 0;
  // kNotFound when it is not there.
  virtual base::Result<std::shared_ptr<StageDiskFile>> Open(const std::string& name) = 0;
  // A name that is not there is no error.
  virtual base::Status Remove(const std::string& name) = 0;
  virtual base::Result<std::vector<std::string>> List() = 0;
  // Makes creations durable.
  virtual base::Status SyncNames() = 0;
  virtual std::filesystem::path PathOf(const std::string& name) const = 0;
};

inline constexpr std::uint64_t kDirectAlign = 4096;  // bytes, enough for every disk in use

// The real one, in `directory`, which is made when missing.
base::Result<std::unique_ptr<StageDisk>> OpenStageDisk(const std::filesystem::path& directory);

}  // namespace cache
