// Sidecar: the index of a cache file: which granules (128 KiB) of which object it holds, and their
// CRC-32C. On disk (docs/formats.md), little-endian: magic, version, object id, hash of the ETag,
// object size, a bit per granule, a CRC per present granule, a CRC-32C of all that. Pure functions
// but for the two that touch the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cache/read.h"

namespace cache {

// A granule that is absent has no checksum.
class GranuleTable {
 public:
  explicit GranuleTable(std::uint64_t object_size);
  std::uint64_t count() const { return crcs_.size(); }
  // Bytes of a granule; the last one may be short.
  std::uint64_t LengthOf(std::uint64_t granule) const;
  bool Has(std::uint64_t granule) const;
  std::uint32_t crc(std::uint64_t granule) const { return crcs_[granule]; }
  // False when nothing changed.
  bool Add(std::uint64_t granule, std::uint32_t crc);
  bool Remove(std::uint64_t granule);
  void Clear();
  std::uint64_t bytes() const { return bytes_; }  // of all that are present

 private:
  std::uint64_t object_size_;
  std::vector<bool> present_;
  std::vector<std::uint32_t> crcs_;
  std::uint64_t bytes_ = 0;
};

struct Sidecar {
  std::int64_t object_id = 0;
  std::uint64_t etag_hash = 0;
  std::uint64_t object_size = 0;
  GranuleTable granules{0};
};

std::uint64_t HashEtag(std::string_view etag);

std::string EncodeSidecar(const Sidecar& sidecar);
// kCorrupt when the text is not a whole, undamaged sidecar.
base::Result<Sidecar> DecodeSidecar(std::string_view text);

// Replaces the file at `path` at once: a reader sees the old or the new one.
base::Status WriteSidecar(const std::filesystem::path& path, const Sidecar& sidecar);
base::Result<Sidecar> ReadSidecar(const std::filesystem::path& path);

}  // namespace cache
