// S3Traits: how one S3 server deviates from the cloud's own. Known for the cloud; found out by a
// probe for every other endpoint, once, at the first request that writes (a read-only mount writes
// nothing); the mount keeps what was found for its next one.
//
// What a Precondition is worth, for each of its kinds:
// - where the trait is true, the store decides: atomic against every other client;
// - where it is false, the store looks (HEAD) before the request and again after it. Before: a
// state
//   that does not match is kConflict and nothing is written. After: an object that is not the one
//   just written is kConflict. A writer that comes between the look and the write is overwritten
//   and does not learn it from us.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "objclient/object.h"
#include "objclient/s3/s3_request.h"

namespace objclient {

class S3Session;

struct S3Traits {
  bool put_if_absent = false;
  bool put_if_match = false;
  EtagStyle if_match_style = EtagStyle::kQuoted;
  bool complete_condition = false;  // both kinds, on CompleteMultipartUpload
  bool delete_if_match = false;
  bool delete_many_if_match = false;   // the ETag of each key in DeleteObjects
  bool copy_target_condition = false;  // on CopyObject's target
  bool copy_source_if_match = false;
  bool part_copy_source_if_match = false;  // radosgw 20 has the one above and not this one
  bool checksum_crc32c = false;            // a wrong CRC-32C is refused
};

// The cloud's own, as documented.
S3Traits AwsTraits();
// Tries everything on a few small objects named `key` and `key`-copy, and removes them.
base::Result<S3Traits> ProbeTraits(S3Session& session, const std::string& key);

// As words, for the next mount. ParseTraits gives nothing for a text with words of others.
std::string FormatTraits(const S3Traits& traits);
std::optional<S3Traits> ParseTraits(std::string_view text);

Capabilities ToCapabilities(const S3Traits& traits);

}  // namespace objclient
