// Upload record: what the catalog's intent says of the upload of a stage, and what memory knows
// besides. Every attempt names itself by a random token in the object's metadata; the intent keeps
// the tokens, so that an object in the bucket can be told to be ours in this and later processes.
// Values; no behaviour beyond their text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "meta/types.h"
#include "objclient/object.h"

namespace fs {

// Metadata that names the intent an object was uploaded for: what replay recognises it by.
inline constexpr char kIntentTokenName[] = "cairnfs-intent";

// Tokens of the attempts, oldest first. As text (the payload of a kWriting intent, and of a delete
// that looks first) they are separated by spaces.
class UploadTokens {
 public:
  static UploadTokens FromText(std::string_view text);
  std::string ToText() const;
  // The oldest goes when there are too many.
  void Add(std::string token);
  bool empty() const { return tokens_.empty(); }
  // True when one of the attempts made the object (as Head shows it).
  bool Made(const objclient::ObjectHead& head) const;

 private:
  std::vector<std::string> tokens_;
};

// What a kPending intent's payload holds: the time of the last write, the tokens and the stage's
// manifest.
struct PendingUpload {
  std::int64_t mtime_ns = 0;
  UploadTokens tokens;
  std::string manifest;
  std::string ToPayload() const;
  static base::Result<PendingUpload> FromPayload(const std::string& payload);
};

// The upload of a stage, as recorded in the catalog.
struct UploadRecord {
  meta::Intent intent;
  UploadTokens tokens;                          // the intent's payload has them as well
  std::optional<objclient::ObjectHead> stored;  // in the bucket, not in the catalog yet
  bool stored_is_all = false;                   // nothing was written since
};

}  // namespace fs
