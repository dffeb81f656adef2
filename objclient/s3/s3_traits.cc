#include "objclient/s3/s3_traits.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

namespace objclient {

namespace {

// Other words than those of versions that knew less: what they left out is not known.
constexpr std::string_view kFirstWord = "s3/2";
constexpr std::string_view kBareWord = "bare_etags";
constexpr std::array<std::pair<std::string_view, bool S3Traits::*>, 13> kWords = {{
    {"put_if_absent", &S3Traits::put_if_absent},
    {"put_if_match", &S3Traits::put_if_match},
    {"complete_condition", &S3Traits::complete_condition},
    {"delete_if_match", &S3Traits::delete_if_match},
    {"delete_many", &S3Traits::delete_many},
    {"delete_many_if_match", &S3Traits::delete_many_if_match},
    {"copy", &S3Traits::copy},
    {"copy_target_condition", &S3Traits::copy_target_condition},
    {"copy_source_if_match", &S3Traits::copy_source_if_match},
    {"part_copy", &S3Traits::part_copy},
    {"part_copy_source_if_match", &S3Traits::part_copy_source_if_match},
    {"checksum_crc32c", &S3Traits::checksum_crc32c},
    {"checksum_whole", &S3Traits::checksum_whole},
}};

}  // namespace

S3Traits Common(const S3Traits& found, const S3Traits& believed) {
  S3Traits common = found;
  for (const auto& [word, flag] : kWords) common.*flag = found.*flag && believed.*flag;
  return common;
}

std::string FormatTraits(const S3Traits& traits) {
  std::string text(kFirstWord);
  for (const auto& [word, flag] : kWords) {
    if (traits.*flag) text.append(" ").append(word);
  }
  if (traits.if_match_style == EtagStyle::kBare) text.append(" ").append(kBareWord);
  return text;
}

std::optional<S3Traits> ParseTraits(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string word;
  if (!(words >> word) || word != kFirstWord) return std::nullopt;
  S3Traits traits;
  while (words >> word) {
    const auto* const known = std::find_if(kWords.begin(), kWords.end(),
                                           [&](const auto& entry) { return entry.first == word; });
    if (known != kWords.end()) {
      traits.*(known->second) = true;
    } else if (word == kBareWord) {
      traits.if_match_style = EtagStyle::kBare;
    } else {
      return std::nullopt;
    }
  }
  return traits;
}

Capabilities ToCapabilities(const S3Traits& traits) {
  Capabilities capabilities;
  capabilities.put_if_absent = traits.put_if_absent;
  capabilities.put_if_match = traits.put_if_match;
  capabilities.complete_condition = traits.complete_condition;
  capabilities.delete_if_match = traits.delete_if_match;
  capabilities.delete_many_if_match = traits.delete_many_if_match;
  capabilities.checksum_crc32c = traits.checksum_crc32c;
  capabilities.server_copy = traits.part_copy;
  capabilities.keys_are_utf8 = true;
  return capabilities;
}

}  // namespace objclient
