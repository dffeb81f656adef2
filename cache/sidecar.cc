#include "cache/sidecar.h"

#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

#include "base/digest/digest.h"
#include "base/fd.h"
#include "cache/block_cache.h"

namespace cache {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::string_view kMagic = "CAIRNSUM";
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kMaxObjectSize = 64ull << 40;          // bytes; more is damage
constexpr std::size_t kMaxSidecarSize = std::size_t{1} << 30;  // bytes

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

template <typename T>
void Append(T value, std::string& text) {
  text.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Takes values off the front; fails for good when the text is too short.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  std::string_view Take(std::size_t count) {
    if (count > text_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = text_.substr(0, count);
    text_.remove_prefix(count);
    return taken;
  }
  template <typename T>
  T Take() {
    T value{};
    const std::string_view taken = Take(sizeof(T));
    if (!taken.empty()) std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }
  bool failed() const { return failed_; }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
  bool failed_ = false;
};

base::Error Damaged(const char* what) {
  return {base::ErrorClass::kCorrupt, std::string("sidecar: ") + what};
}

std::uint64_t GranulesOfSize(std::uint64_t size) {
  return (size + kGranuleSize - 1) / kGranuleSize;
}

}  // namespace

GranuleTable::GranuleTable(std::uint64_t object_size)
    : object_size_(object_size),
      present_(GranulesOfSize(object_size)),
      crcs_(GranulesOfSize(object_size)) {}

std::uint64_t GranuleTable::LengthOf(std::uint64_t granule) const {
  return std::min(kGranuleSize, object_size_ - granule * kGranuleSize);
}

bool GranuleTable::Has(std::uint64_t granule) const {
  return granule < present_.size() && present_[granule];
}

bool GranuleTable::Add(std::uint64_t granule, std::uint32_t crc) {
  if (Has(granule)) return false;
  present_[granule] = true;
  crcs_[granule] = crc;
  bytes_ += LengthOf(granule);
  return true;
}

bool GranuleTable::Remove(std::uint64_t granule) {
  if (!Has(granule)) return false;
  present_[granule] = false;
  bytes_ -= LengthOf(granule);
  return true;
}

void GranuleTable::Clear() {
  std::fill(present_.begin(), present_.end(), false);
  bytes_ = 0;
}

std::uint64_t HashEtag(std::string_view etag) { return base::Crc64Nvme(0, Bytes(etag)); }

std::string EncodeSidecar(const Sidecar& sidecar) {
  const GranuleTable& granules = sidecar.granules;
  std::string text(kMagic);
  Append(kVersion, text);
  Append(sidecar.object_id, text);
  Append(sidecar.etag_hash, text);
  Append(sidecar.object_size, text);
  std::string bits((granules.count() + 7) / 8, '\0');
  std::string crcs;
  for (std::uint64_t i = 0; i < granules.count(); ++i) {
    if (!granules.Has(i)) continue;
    bits[i / 8] = static_cast<char>(static_cast<unsigned char>(bits[i / 8]) | 1u << (i % 8));
    Append(granules.crc(i), crcs);
  }
  text += bits;
  text += crcs;
  Append(base::Crc32c(0, Bytes(text)), text);
  return text;
}

base::Result<Sidecar> DecodeSidecar(std::string_view text) {
  if (text.size() < sizeof(std::uint32_t)) return Damaged("too short");
  const std::string_view body = text.substr(0, text.size() - sizeof(std::uint32_t));
  Cursor trailer(text.substr(body.size()));
  if (trailer.Take<std::uint32_t>() != base::Crc32c(0, Bytes(body))) {
    return Damaged("checksum does not match");
  }
  Cursor cursor(body);
  if (cursor.Take(kMagic.size()) != kMagic) return Damaged("not a sidecar");
  if (cursor.Take<std::uint32_t>() != kVersion) return Damaged("unknown version");
  Sidecar sidecar;
  sidecar.object_id = cursor.Take<std::int64_t>();
  sidecar.etag_hash = cursor.Take<std::uint64_t>();
  sidecar.object_size = cursor.Take<std::uint64_t>();
  if (cursor.failed() || sidecar.object_size > kMaxObjectSize) return Damaged("bad header");
  const std::uint64_t count = GranulesOfSize(sidecar.object_size);
  const std::string_view bits = cursor.Take((count + 7) / 8);
  if (cursor.failed()) return Damaged("cut off");
  sidecar.granules = GranuleTable(sidecar.object_size);
  for (std::uint64_t i = 0; i < count; ++i) {
    if ((static_cast<unsigned char>(bits[i / 8]) >> (i % 8) & 1) == 0) continue;
    sidecar.granules.Add(i, cursor.Take<std::uint32_t>());
  }
  if (cursor.failed() || !cursor.at_end()) return Damaged("checksums do not match the bitmap");
  return sidecar;
}

base::Status WriteSidecar(const std::filesystem::path& path, const Sidecar& sidecar) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  const std::string text = EncodeSidecar(sidecar);
  {
    TRY_ASSIGN(const base::UniqueFd file, base::OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC));
    TRY(base::WriteFull(file.get(), 0, Bytes(text)));
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) return base::Error::FromErrno(error.value(), "rename " + temporary.string());
  return base::Ok();
}

base::Result<Sidecar> ReadSidecar(const std::filesystem::path& path) {
  TRY_ASSIGN(const std::string text, base::ReadSmallFile(path, kMaxSidecarSize));
  return DecodeSidecar(text);
}

}  // namespace cache
