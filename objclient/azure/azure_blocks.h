// Blocks: what a blob that did not come in one request is made of, under ids that the client
// chooses. Values and pure functions; any thread.
//
// An id of ours names bytes: it holds an upload, a number and what tells attempts apart, so no two
// blocks of a blob ever share one. A list of blocks may therefore name what is committed already
// instead of sending it again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace objclient {

// The id of a block, as it goes onto the wire (base64 of equally many bytes for every block).
// `etag` is the part's: it says which bytes they are, so that a list names bytes and not just
// numbers, and a late copy of an earlier attempt is never committed.
std::string BlockId(const std::string& upload_id, std::uint32_t number, const std::string& etag);
// The etag of a part with that CRC-64.
std::string PartEtag(std::uint64_t crc64);
// Whether BlockId makes such ids. Those of other tools may have another length, which must not be
// mixed with ours, and name other bytes tomorrow.
bool IsOwnBlockId(std::string_view id);

struct Block {
  std::string id;
  std::uint64_t size = 0;  // bytes
};

// The committed blocks of one version of a blob, in order.
class CommittedBlocks {
 public:
  explicit CommittedBlocks(const std::vector<Block>& blocks);

  std::uint64_t size() const { return ends_.empty() ? 0 : ends_.back(); }
  // The ids of the blocks that make up `range`; none where it is not made of whole blocks of ours.
  std::vector<std::string> Covering(base::ByteRange range) const;

 private:
  std::vector<std::string> ids_;
  std::vector<std::uint64_t> ends_;  // offset behind each
};

}  // namespace objclient
