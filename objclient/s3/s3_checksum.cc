#include "objclient/s3/s3_checksum.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/digest/digest.h"

namespace objclient {

namespace {

template <typename Word>
std::optional<Word> ParseBigEndian(std::string_view base64) {
  const auto bytes = base::Base64Decode(base64);
  if (!bytes || bytes->size() != sizeof(Word)) return std::nullopt;
  Word word = 0;
  for (const char byte : *bytes) {
    word = static_cast<Word>(word << 8 | static_cast<unsigned char>(byte));
  }
  return word;
}

// The sum of the parts' sums, as bytes in big-endian order, and how many they are.
std::string SumOfSums(const std::vector<PartInfo>& parts) {
  std::vector<std::byte> sums;
  for (const PartInfo& part : parts) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      sums.push_back(static_cast<std::byte>(*part.crc32c >> shift));
    }
  }
  return fmt::format("{}-{}", base::Base64Crc32c(base::Crc32c(0, sums)), parts.size());
}

}  // namespace

bool KnowsSums(const std::vector<PartInfo>& parts) {
  return !parts.empty() && std::all_of(parts.begin(), parts.end(), [](const PartInfo& part) {
    return part.crc32c.has_value();
  });
}

std::string SumOfWhole(const std::vector<PartInfo>& parts) {
  std::uint32_t sum = 0;
  for (const PartInfo& part : parts) sum = base::Crc32cCombine(sum, *part.crc32c, part.size);
  return base::Base64Crc32c(sum);
}

std::string EtagOfWhole(const std::vector<PartInfo>& parts) {
  std::vector<std::byte> sums;
  for (const PartInfo& part : parts) {
    if (part.etag.size() != 2 * std::tuple_size_v<base::Md5Digest>) return "";
    for (std::size_t at = 0; at < part.etag.size(); at += 2) {
      std::uint8_t byte = 0;
      const char* const first = part.etag.data() + at;
      const auto [end, error] = std::from_chars(first, first + 2, byte, 16);
      if (error != std::errc() || end != first + 2) return "";
      sums.push_back(static_cast<std::byte>(byte));
    }
  }
  return fmt::format("{}-{}", base::HexLower(base::Md5(sums)), parts.size());
}

std::optional<std::uint32_t> ParseCrc32c(std::string_view base64) {
  return ParseBigEndian<std::uint32_t>(base64);
}

std::optional<std::uint64_t> ParseCrc64Nvme(std::string_view base64) {
  return ParseBigEndian<std::uint64_t>(base64);
}

DownloadChecksum::DownloadChecksum(const HttpHeaders& headers, base::ByteRange range,
                                   std::uint64_t object_size) {
  // Some servers send the sum of the whole along with any range, others that of one part.
  if (range.offset != 0 || range.length != object_size) return;
  crc32c_ = ParseCrc32c(headers.Value("x-amz-checksum-crc32c"));
  if (!crc32c_) crc64nvme_ = ParseCrc64Nvme(headers.Value("x-amz-checksum-crc64nvme"));
}

void DownloadChecksum::Take(std::span<const std::byte> bytes) {
  if (crc32c_) taken_crc32c_ = base::Crc32c(taken_crc32c_, bytes);
  if (crc64nvme_) taken_crc64nvme_ = base::Crc64Nvme(taken_crc64nvme_, bytes);
}

base::Status DownloadChecksum::Check() const {
  const bool same =
      (!crc32c_ || *crc32c_ == taken_crc32c_) && (!crc64nvme_ || *crc64nvme_ == taken_crc64nvme_);
  if (same) return base::Ok();
  return base::Error(base::ErrorClass::kCorrupt,
                     "the bytes that arrived do not have the checksum that the store keeps");
}

base::Status CheckUploaded(const std::vector<PartInfo>& parts, const std::string& answered) {
  if (answered.empty() || !KnowsSums(parts)) return base::Ok();
  // The sum of sums says how many they are, except from radosgw.
  const std::string sums = SumOfSums(parts);
  const std::string whole = SumOfWhole(parts);
  if (answered == sums || answered == whole || answered == sums.substr(0, sums.find('-'))) {
    return base::Ok();
  }
  return base::Error(base::ErrorClass::kCorrupt,
                     fmt::format("the store put together something else than was sent: CRC-32C {} "
                                 "instead of {} or {}",
                                 answered, sums, whole));
}

}  // namespace objclient
