#include "cache/fetcher.h"

#include <algorithm>
#include <utility>

namespace cache {

// Touched by the store's threads one after the other.
struct Fetcher::Flight {
  std::shared_ptr<CachedObject> object;
  base::ByteRange range;        // inside the object
  std::uint64_t published = 0;  // bytes, whole pages except at the end
  BandwidthDelay::Flight timing;
};

Fetcher::Fetcher(Lane::Options options, CacheState& state, BlockPool& pool, base::Executor& waiting,
                 objclient::ObjectStore& store, base::Clock& clock,
                 std::function<void(const std::shared_ptr<CachedObject>&, base::ByteRange)> landed)
    : state_(state),
      store_(store),
      clock_(clock),
      landed_(std::move(landed)),
      lane_(options, state, pool, waiting, [this](Want want) { Start(std::move(want)); }) {}

void Fetcher::Start(Want want) {
  auto flight = std::make_shared<Flight>();
  flight->object = std::move(want.object);
  flight->range = base::Intersect(want.range, {0, flight->object->ref.size});
  objclient::GetRequest request;
  request.key = flight->object->ref.key;
  request.range = flight->range;
  request.if_match = flight->object->ref.etag;
  request.object_size = flight->object->ref.size;
  {
    const base::MutexLock lock(state_.mutex);
    request.into = flight->object->Memory(flight->range);
    flight->timing = state_.bandwidth_delay.Began(clock_.MonotonicNs());
  }
  request.progress = [this, flight](std::uint64_t bytes) { Progress(*flight, bytes); };
  state_.metrics.fetch_requests.Add();
  store_.Get(std::move(request),
             [this, flight](base::Result<objclient::ObjectHead> head) { Done(*flight, head); });
}

void Fetcher::Progress(Flight& flight, std::uint64_t bytes) {
  flight.timing.Arrived(bytes, clock_.MonotonicNs());
  state_.Deliver(PublishUpTo(flight, bytes));
}

Answers Fetcher::PublishUpTo(Flight& flight, std::uint64_t bytes) {
  const std::uint64_t whole =
      bytes >= flight.range.length ? flight.range.length : bytes / kPageSize * kPageSize;
  if (whole <= flight.published) return {};
  const base::ByteRange fresh{flight.range.offset + flight.published, whole - flight.published};
  flight.published = whole;
  const base::MutexLock lock(state_.mutex);
  return flight.object->Publish(fresh);
}

void Fetcher::Done(Flight& flight, const base::Result<objclient::ObjectHead>& head) {
  Answers answers;
  if (head.ok()) {
    answers = PublishUpTo(flight, flight.range.length);
  } else {
    const base::ByteRange rest{flight.range.offset + flight.published,
                               flight.range.length - flight.published};
    const base::MutexLock lock(state_.mutex);
    answers = flight.object->Fail(rest, head.error());
  }
  {
    const base::MutexLock lock(state_.mutex);
    state_.bandwidth_delay.Ended(flight.timing, flight.published, clock_.MonotonicNs());
  }
  state_.metrics.fetch_bytes.Add(flight.published);
  if (flight.published > 0) landed_(flight.object, {flight.range.offset, flight.published});
  // The store may keep its callbacks, and with them the flight, for longer than the cache lives.
  flight.object.reset();
  lane_.Land(std::move(answers));
}

}  // namespace cache
