// CRC sums that S3 keeps of an object, compared with those of the bytes we have. A whole download
// is summed as it arrives; of an upload in parts the sums of the parts are combined, no byte is
// read again. Sums over the sums of parts ("base64-3") can be checked for the latter only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "objclient/http/http_message.h"
#include "objclient/object.h"

namespace objclient {

// Of x-amz-checksum-crc32c; nothing for composite sums ("base64-3") and other text.
std::optional<std::uint32_t> ParseCrc32c(std::string_view base64);
// Of x-amz-checksum-crc64nvme.
std::optional<std::uint64_t> ParseCrc64Nvme(std::string_view base64);

// Of one download; used on one thread.
class DownloadChecksum {
 public:
  // What the headers of an answer promise of the bytes `range` of an object of `object_size` bytes:
  // a sum of the whole object is worth something when they are the whole.
  DownloadChecksum(const HttpHeaders& headers, base::ByteRange range, std::uint64_t object_size);

  // Whether Check can find anything out.
  bool known() const { return crc32c_ || crc64nvme_; }
  void Take(std::span<const std::byte> bytes);
  // kCorrupt when the bytes taken are not those the store has.
  base::Status Check() const;

 private:
  std::optional<std::uint32_t> crc32c_;  // promised; at most one of the two
  std::optional<std::uint64_t> crc64nvme_;
  std::uint32_t taken_crc32c_ = 0;
  std::uint64_t taken_crc64nvme_ = 0;
};

// Whether the CRC-32C of every one of them is known; of none at all it is not.
bool KnowsSums(const std::vector<PartInfo>& parts);
// That of all bytes in Base64, from those of the parts, which are known.
std::string SumOfWhole(const std::vector<PartInfo>& parts);

// The ETag of an upload of these parts where stores do as the cloud does: a sum of the parts' MD5.
// "" where a part's is no MD5.
std::string EtagOfWhole(const std::vector<PartInfo>& parts);

// Compares the CRC-32C that a store answers for a completed upload, of either form, with that of
// the parts as we sent them. kCorrupt when it is another; OK when either side does not know.
base::Status CheckUploaded(const std::vector<PartInfo>& parts, const std::string& answered);

}  // namespace objclient
