// Fetcher: the lane to the store. A want becomes one ranged GET with If-Match whose bytes land in
// pool blocks; readers are answered on the receiving thread as soon as their own bytes are there.
//
// Where the object's ref has the sum of a granule, its bytes are held against it as they arrive,
// while the processor's cache still has them, and nobody gets them before. A granule that differs
// is asked for once more; then its readers, and only those, get kCorrupt. All are counted; the log
// has the first of each object.
//
// Owned by the cache; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <set>

#include "base/clock.h"
#include "cache/lane.h"
#include "objclient/object_store.h"

namespace cache {

class Fetcher {
 public:
  // `landed(object, range)` is told, without locks held, which bytes came. All must outlive it.
  Fetcher(Lane::Options options, CacheState& state, BlockPool& pool, base::Executor& waiting,
          objclient::ObjectStore& store, base::Clock& clock,
          std::function<void(const std::shared_ptr<CachedObject>&, base::ByteRange)> landed);

  Lane& lane() { return lane_; }

 private:
  struct Flight;
  void Start(Want want);
  void Send(const std::shared_ptr<Flight>& flight);
  Answers Take(Flight& flight, std::uint64_t bytes);
  bool IsGood(const Flight& flight, base::ByteRange granule, std::uint32_t sum) const;
  Answers Refuse(Flight& flight, base::ByteRange granule);
  // True for the first time that the object is damaged `again`, or not yet.
  bool IsNews(std::int64_t object, bool again);
  void Done(const std::shared_ptr<Flight>& flight, const base::Result<objclient::ObjectHead>& head);
  void SendAgain(const std::shared_ptr<Flight>& flight);

  CacheState& state_;
  objclient::ObjectStore& store_;
  base::Clock& clock_;
  const std::function<void(const std::shared_ptr<CachedObject>&, base::ByteRange)> landed_;
  // Ids of the objects whose damage is in the log, by `again`. Guarded by CacheState::mutex.
  std::array<std::set<std::int64_t>, 2> told_;
  Lane lane_;
};

}  // namespace cache
