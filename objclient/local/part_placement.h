// PartPlacement: where the parts of a multipart upload lie in its one data file while their final
// offsets are only guessed: parts come in any order, but nearly always of one size, so a part can
// be written to where it will stay. A wrong guess costs a copy at Complete, never a byte. Not
// thread-safe: guarded by its upload.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/bytes.h"

namespace objclient {

class PartPlacement {
 public:
  // Claims room for a part. None when the part has room already (its bytes are in use), or when the
  // guess would overlap another part, or when there is nothing to guess from.
  std::optional<std::uint64_t> Claim(std::uint32_t number, std::uint64_t size);
  // Gives the room back: its part was not written, or lives elsewhere now.
  void Release(std::uint32_t number) { claimed_.erase(number); }
  // Takes up a part that a former process wrote.
  void Restore(std::uint32_t number, base::ByteRange range) { claimed_[number] = range; }

 private:
  std::map<std::uint32_t, base::ByteRange> claimed_;  // ascending in number and in offset
};

}  // namespace objclient
