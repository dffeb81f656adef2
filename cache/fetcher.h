// Fetcher: the lane to the store. A want becomes one ranged GET with If-Match whose bytes land in
// pool blocks; readers are answered on the receiving thread as soon as their own bytes are there.
//
// Owned by the cache; any thread.
#pragma once

#include <functional>

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
  void Progress(Flight& flight, std::uint64_t bytes);
  void Done(Flight& flight, const base::Result<objclient::ObjectHead>& head);
  Answers PublishUpTo(Flight& flight, std::uint64_t bytes);

  CacheState& state_;
  objclient::ObjectStore& store_;
  base::Clock& clock_;
  const std::function<void(const std::shared_ptr<CachedObject>&, base::ByteRange)> landed_;
  Lane lane_;
};

}  // namespace cache
