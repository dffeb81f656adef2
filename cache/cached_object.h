// CachedObject: the bytes of one object that are in memory, which of its pages are on their way,
// and the reads that wait for them. BlockLru: the blocks of all objects that may be let go, in the
// order in which to do so.
//
// A page is claimed by exactly one flight (a GET or a read of the disk tier) before it is fetched,
// and stays claimed until it is published or the flight fails: that is the single flight, and it is
// what keeps a block from being recycled under a flight. A block is let go only when nothing of it
// is claimed, no parked read needs it and nobody holds a reference.
//
// No locks of their own: guarded by CacheState::mutex. Shared by the object table, flights and
// queues, so that a forgotten object lives until its last flight is over.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "cache/block_cache.h"
#include "cache/page_map.h"
#include "cache/read.h"
#include "cache/read_ahead.h"

namespace cache {

class CachedObject;
class DiskFile;

struct Slot : boost::intrusive::list_base_hook<> {
  CachedObject* object = nullptr;
  std::uint32_t index = 0;
  BlockRef block;             // empty until a flight starts
  PageMap valid;              // bytes are there
  PageMap claimed;            // a flight is on its way (never valid at the same time)
  std::uint32_t readers = 0;  // parked reads that need it
  std::uint8_t settled = 0;   // granules that are on disk or will not go there, a bit each
  std::uint8_t offered = 0;   // granules that were given to admission
  bool spent = false;         // a sequential reader has passed it
  bool only_copy = false;     // a granule of it could not be kept on disk
};

// Where the bytes of a granule are besides memory.
enum class Kept : std::uint8_t { kOnDisk, kNowhere };

class BlockLru {
 public:
  ~BlockLru() { blocks_.clear(); }
  void Touch(Slot& slot);  // last to go
  void Spend(Slot& slot);  // first to go
  void Remove(Slot& slot);
  // Takes up to `count` blocks from their objects. The caller drops them without the lock.
  std::vector<BlockRef> Evict(std::size_t count);

 private:
  boost::intrusive::list<Slot> blocks_;
};

// A read that is over, to be told without the lock.
struct Answer {
  ReadDone done;
  base::Result<PinnedBytes> result;
  std::size_t blocks = 0;  // it kept in place
};
using Answers = std::vector<Answer>;

class CachedObject {
 public:
  CachedObject(ObjectRef object, BlockLru& lru);
  ~CachedObject();
  CachedObject(const CachedObject&) = delete;
  CachedObject& operator=(const CachedObject&) = delete;

  const ObjectRef ref;
  ReadAhead read_ahead;
  std::shared_ptr<DiskFile> file;  // shared with the disk tier; empty when nothing is on disk

  // Ranges are rounded outwards to whole pages.
  bool Covers(const base::ByteRange& range) const;     // every page is valid
  bool HasGap(const base::ByteRange& range) const;     // a page is neither valid nor claimed
  bool IsAwaited(const base::ByteRange& range) const;  // by a parked read
  bool AnyValid(const base::ByteRange& range) const;

  // The bytes of `range`, which Covers.
  PinnedBytes Pin(const base::ByteRange& range);
  // Keeps a read until its pages are published; not all of them are valid now.
  void Park(const base::ByteRange& range, ReadDone done);

  // Claims the pages that are neither valid nor claimed; the answer is runs of them.
  std::vector<base::ByteRange> Claim(const base::ByteRange& range);
  void Unclaim(const base::ByteRange& range);
  // The claimed runs inside `range`.
  std::vector<base::ByteRange> Claimed(const base::ByteRange& range) const;

  // Blocks that a flight over `range` needs and that are not there yet.
  std::vector<std::uint32_t> MissingBlocks(const base::ByteRange& range) const;
  // Ignored when a flight over other pages of the block was quicker.
  void Install(std::uint32_t index, BlockRef block);
  // The memory of `range`, a piece per block; its pages are claimed by the caller.
  std::vector<std::span<std::byte>> Memory(const base::ByteRange& range) const;

  // The claimed pages of `range` became valid. The answers are the reads that are complete now.
  [[nodiscard]] Answers Publish(const base::ByteRange& range);
  // The claimed pages of `range` will not come: the reads that need one of them fail.
  [[nodiscard]] Answers Fail(const base::ByteRange& range, const base::Error& error);

  // A sequential reader has passed `range`: its whole blocks go as soon as they are on disk, so
  // that a stream of any length runs through the same few hot blocks. What is nowhere else stays,
  // first in line to go.
  void Spend(const base::ByteRange& range);
  // Granules of `range` that are whole and not on disk yet, each only once. Runs, in bytes.
  std::vector<base::ByteRange> OfferGranules(const base::ByteRange& range);
  void Settle(const base::ByteRange& granules, Kept kept);
  // One granule, when all of its bytes are here.
  std::optional<PinnedBytes::Piece> PinGranule(const base::ByteRange& granule) const;

  // A block with all bytes of the object in its reach, from outside.
  void Adopt(std::uint32_t index, BlockRef block);
  // Takes over the blocks of `other`, the same bytes under another id, except those a flight or a
  // reader of it still needs. The answer is the ranges that came.
  std::vector<base::ByteRange> TakeBlocks(CachedObject& other);
  // Lets all blocks go that nothing needs, now and from now on.
  void Forget();
  bool forgotten() const { return forgotten_; }
  bool idle() const { return slots_.empty() && parked_.empty(); }

  static std::size_t BlocksOf(const base::ByteRange& range);

 private:
  friend class BlockLru;
  struct ParkedRead {
    base::ByteRange range;
    ReadDone done;
    std::uint64_t missing = 0;  // pages
  };

  const Slot* Find(std::uint32_t index) const;
  void LetSpentGo(Slot& slot);  // the slot may be gone after it
  Slot& At(std::uint32_t index);
  // Runs of pages of `range` for which test(slot or null, page) holds.
  template <typename Test>
  std::vector<base::ByteRange> Runs(const base::ByteRange& range, Test test) const;
  // Puts the slot where it belongs after its claims or readers changed; may erase it.
  void Replace(Slot& slot);
  Answer Finish(ParkedRead& read, base::Result<PinnedBytes> result);
  void ReleaseReader(const base::ByteRange& range);
  bool IsSettled(const Slot& slot) const;
  std::uint64_t PagesEnd() const;

  BlockLru& lru_;
  std::unordered_map<std::uint32_t, Slot> slots_;
  std::list<ParkedRead> parked_;
  bool forgotten_ = false;
};

}  // namespace cache
