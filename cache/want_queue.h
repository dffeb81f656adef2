// WantQueue: claimed ranges of objects that wait to be fetched. Reads somebody waits for go before
// read-ahead; neighbours leave together, so that one request fetches them.
//
// No lock of its own: guarded by CacheState::mutex.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "cache/cached_object.h"

namespace cache {

struct Want {
  std::shared_ptr<CachedObject> object;  // shared: the object may be forgotten meanwhile
  base::ByteRange range;                 // whole pages, all claimed for this want
  bool demand = false;                   // a read waits for it; else read-ahead
};

class WantQueue {
 public:
  void Push(Want want);
  void PushFront(Want want);
  // A read waits for bytes of `range` now.
  void Promote(const CachedObject& object, const base::ByteRange& range);
  // The next want with its queued neighbours, at most `max_bytes` long.
  std::optional<Want> Pop(std::uint64_t max_bytes);
  std::vector<Want> TakeAll();

 private:
  static bool Extend(Want& want, std::deque<Want>& from, std::uint64_t max_bytes);
  std::deque<Want> demand_, ahead_;
};

}  // namespace cache
