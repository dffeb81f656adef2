// S3Traits: how one S3 server deviates from the cloud's own. Known for the cloud; found out by a
// probe for every other endpoint (s3_probe.h), once, at the first request that writes (a read-only
// mount writes nothing); the mount keeps what was found for its next one. A value; any thread.
//
// What a Precondition is worth, for each of its kinds:
// - where the trait is true, the store decides: atomic against every other client;
// - where it is false, the store looks (HEAD) before the request and again after it. Before: a
//   state that does not match is kConflict and nothing is written. After: an object that is not
//   the one just written is kConflict. A writer that comes between the look and the write is
//   overwritten and does not learn it from us.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "objclient/object.h"

namespace objclient {

// How an ETag goes into If-Match: quoted as RFC 9110 says, or bare for old radosgw.
enum class EtagStyle : std::uint8_t { kQuoted, kBare };

struct S3Traits {
  bool put_if_absent = false;
  bool put_if_match = false;
  EtagStyle if_match_style = EtagStyle::kQuoted;
  bool complete_condition = false;  // both kinds, on CompleteMultipartUpload
  bool delete_if_match = false;
  bool delete_many = false;            // DeleteObjects, at all
  bool delete_many_if_match = false;   // the ETag of each key in it
  bool copy = false;                   // CopyObject, at all
  bool copy_target_condition = false;  // on its target
  bool copy_source_if_match = false;
  bool part_copy = false;                  // UploadPartCopy, at all
  bool part_copy_source_if_match = false;  // radosgw 20 has the one above and not this one
  bool checksum_crc32c = false;            // a wrong CRC-32C is refused
  bool checksum_whole = false;  // and of an upload in parts that of all its bytes is kept

  friend bool operator==(const S3Traits&, const S3Traits&) = default;
};

// The cloud's own, as documented.
constexpr S3Traits AwsTraits() {
  S3Traits traits;
  traits.put_if_absent = traits.put_if_match = traits.complete_condition = true;
  traits.delete_if_match = traits.delete_many = traits.delete_many_if_match = true;
  traits.copy = traits.copy_target_condition = traits.copy_source_if_match = true;
  traits.part_copy = traits.part_copy_source_if_match = true;
  traits.checksum_crc32c = traits.checksum_whole = true;
  return traits;
}
// What both have; the style is that of `found`.
S3Traits Common(const S3Traits& found, const S3Traits& believed);

// As words, for the next mount. ParseTraits gives nothing for a text with words of others.
std::string FormatTraits(const S3Traits& traits);
std::optional<S3Traits> ParseTraits(std::string_view text);

Capabilities ToCapabilities(const S3Traits& traits);

}  // namespace objclient
