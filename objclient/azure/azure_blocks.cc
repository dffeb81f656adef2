#include "objclient/azure/azure_blocks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest/digest.h"

namespace objclient {

namespace {

constexpr std::size_t kUploadDigits = 16;
constexpr std::size_t kNumberDigits = 5;
constexpr std::size_t kEtagDigits = 16;
constexpr std::size_t kIdBytes = kUploadDigits + 1 + kNumberDigits + 1 + kEtagDigits;

bool AreHexDigits(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string BlockId(const std::string& upload_id, std::uint32_t number, const std::string& etag) {
  const std::string plain = fmt::format("{}-{:0{}}-{}", upload_id, number, kNumberDigits, etag);
  return base::Base64({reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size()});
}

std::string PartEtag(std::uint64_t crc64) { return fmt::format("{:0{}x}", crc64, kEtagDigits); }

bool IsOwnBlockId(std::string_view id) {
  const auto decoded = base::Base64Decode(id);
  if (!decoded || decoded->size() != kIdBytes) return false;
  const std::string_view plain = *decoded;
  const std::size_t number = kUploadDigits + 1;
  const std::size_t etag = number + kNumberDigits + 1;
  return plain[number - 1] == '-' && plain[etag - 1] == '-' &&
         AreHexDigits(plain.substr(0, kUploadDigits)) &&
         AreHexDigits(plain.substr(number, kNumberDigits)) && AreHexDigits(plain.substr(etag));
}

CommittedBlocks::CommittedBlocks(const std::vector<Block>& blocks) {
  std::uint64_t end = 0;
  for (const Block& block : blocks) {
    end += block.size;
    ids_.push_back(block.id);
    ends_.push_back(end);
  }
}

std::vector<std::string> CommittedBlocks::Covering(base::ByteRange range) const {
  const auto index_of = [this](std::uint64_t end) {
    return static_cast<std::size_t>(std::lower_bound(ends_.begin(), ends_.end(), end) -
                                    ends_.begin());
  };
  const std::size_t first = range.offset == 0 ? 0 : index_of(range.offset) + 1;
  const std::size_t last = index_of(range.end());
  if (last >= ends_.size() || ends_[last] != range.end() || first > last) return {};
  if (first > 0 && ends_[first - 1] != range.offset) return {};
  std::vector<std::string> ids(ids_.begin() + static_cast<std::ptrdiff_t>(first),
                               ids_.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  return std::all_of(ids.begin(), ids.end(), IsOwnBlockId) ? ids : std::vector<std::string>();
}

}  // namespace objclient
