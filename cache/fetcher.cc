#include "cache/fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/digest/digest.h"
#include "base/log.h"

namespace cache {
namespace {

constexpr std::size_t kToldMax = 1000;  // objects whose damage is not told again

void Append(base::ByteRange range, std::vector<base::ByteRange>& runs) {
  if (!runs.empty() && runs.back().end() == range.offset) {
    runs.back().length += range.length;
  } else {
    runs.push_back(range);
  }
}

void Append(Answers more, Answers& answers) {
  answers.insert(answers.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

// What one step of a flight takes at `offset`: up to the end of a granule.
base::ByteRange PieceAt(std::uint64_t offset, const base::ByteRange& range) {
  const std::uint64_t end = (offset / kGranuleSize + 1) * kGranuleSize;
  return base::Intersect({offset, end - offset}, range);
}

// The sum that `piece` is to be held against; none unless it is a whole granule.
std::optional<std::uint32_t> SumOf(const ObjectRef& ref, const base::ByteRange& piece) {
  const std::uint64_t granule = piece.offset / kGranuleSize;
  const bool whole =
      piece == base::Intersect({granule * kGranuleSize, kGranuleSize}, {0, ref.size});
  return whole ? ref.SumOf(granule) : std::nullopt;
}

bool AllSummed(const ObjectRef& ref, const base::ByteRange& range) {
  for (std::uint64_t at = range.offset; at < range.end();) {
    const base::ByteRange piece = PieceAt(at, range);
    if (!SumOf(ref, piece)) return false;
    at = piece.end();
  }
  return true;
}

}  // namespace

// Touched by the store's threads one after the other. Its range is fetched by one GET, then each
// run of granules that came damaged by another.
struct Fetcher::Flight {
  std::shared_ptr<CachedObject> object;
  base::ByteRange range;  // of the GET under way, inside the object
  std::vector<std::span<std::byte>> memory;
  std::uint64_t taken = 0;               // of its bytes, whole pages except at the end
  std::vector<base::ByteRange> damaged;  // to be asked for again
  bool again = false;                    // this is for one of those
  BandwidthDelay::Flight timing;         // of the GET under way
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
  Send(flight);
}

void Fetcher::Send(const std::shared_ptr<Flight>& flight) {
  const ObjectRef& ref = flight->object->ref;
  objclient::GetRequest request;
  request.key = ref.key;
  request.range = flight->range;
  request.if_match = ref.etag;
  // What is checked here need not be summed by the store's client as well, with all readers waiting
  // for the last byte.
  if (!AllSummed(ref, flight->range)) request.object_size = ref.size;
  {
    const base::MutexLock lock(state_.mutex);
    flight->memory = flight->object->Memory(flight->range);
    flight->timing = state_.bandwidth_delay.Began(clock_.MonotonicNs());
  }
  request.into = flight->memory;
  request.progress = [this, flight](std::uint64_t bytes) {
    flight->timing.Arrived(bytes, clock_.MonotonicNs());
    state_.Deliver(Take(*flight, bytes));
  };
  state_.metrics.fetch_requests.Add();
  store_.Get(std::move(request),
             [this, flight](base::Result<objclient::ObjectHead> head) { Done(flight, head); });
}

// The first `bytes` bytes of the GET are there: gives readers those that are new and right.
Answers Fetcher::Take(Flight& flight, std::uint64_t bytes) {
  std::vector<base::ByteRange> good;
  Answers answers;
  while (flight.taken < bytes) {
    base::ByteRange piece = PieceAt(flight.range.offset + flight.taken, flight.range);
    const std::optional<std::uint32_t> sum = SumOf(flight.object->ref, piece);
    const std::uint64_t ready = std::min(piece.length, bytes - flight.taken);
    if (ready < piece.length) {
      if (sum || ready < kPageSize) break;
      piece.length = ready / kPageSize * kPageSize;
    }
    if (!sum || IsGood(flight, piece, *sum)) {
      Append(piece, good);
    } else {
      Append(Refuse(flight, piece), answers);
    }
    flight.taken += piece.length;
  }
  if (good.empty()) return answers;
  const base::MutexLock lock(state_.mutex);
  for (const base::ByteRange& run : good) Append(flight.object->Publish(run), answers);
  return answers;
}

bool Fetcher::IsGood(const Flight& flight, base::ByteRange granule, std::uint32_t sum) const {
  const std::uint64_t first = flight.range.offset / kBlockSize;
  const std::uint64_t block = granule.offset / kBlockSize;
  const std::uint64_t start = std::max(flight.range.offset, block * kBlockSize);
  const std::span<const std::byte> bytes =
      flight.memory[block - first].subspan(granule.offset - start, granule.length);
  state_.metrics.fetch_checked_bytes.Add(bytes.size());
  return base::Crc32c(0, bytes) == sum;
}

Answers Fetcher::Refuse(Flight& flight, base::ByteRange granule) {
  state_.metrics.fetch_corrupt_granules.Add();
  const ObjectRef& ref = flight.object->ref;
  const std::string what = fmt::format("key={} etag={} bytes {} to {}", ref.key, ref.etag,
                                       granule.offset, granule.end());
  const bool news = IsNews(ref.id, flight.again);
  if (!flight.again) {
    if (news) LOG_WARN("{}: not what was written, asked for once more", what);
    Append(granule, flight.damaged);
    return {};
  }
  const base::Error error(base::ErrorClass::kCorrupt,
                          what + ": the store has others than were written");
  if (news) LOG_ERROR("{}; any more of this object are only counted", error.message());
  const base::MutexLock lock(state_.mutex);
  return flight.object->Fail(granule, error);
}

bool Fetcher::IsNews(std::int64_t object, bool again) {
  const base::MutexLock lock(state_.mutex);
  std::set<std::int64_t>& told = told_.at(again ? 1 : 0);
  if (told.size() == kToldMax) told.clear();
  return told.insert(object).second;
}

void Fetcher::Done(const std::shared_ptr<Flight>& flight,
                   const base::Result<objclient::ObjectHead>& head) {
  Answers answers;
  if (head.ok()) {
    answers = Take(*flight, flight->range.length);
  } else {
    flight->damaged.push_back(
        {flight->range.offset + flight->taken, flight->range.length - flight->taken});
    const base::MutexLock lock(state_.mutex);
    for (const base::ByteRange& lost : std::exchange(flight->damaged, {})) {
      Append(flight->object->Fail(lost, head.error()), answers);
    }
  }
  {
    const base::MutexLock lock(state_.mutex);
    state_.bandwidth_delay.Ended(flight->timing, flight->taken, clock_.MonotonicNs());
  }
  state_.metrics.fetch_bytes.Add(flight->taken);
  if (flight->taken > 0) landed_(flight->object, {flight->range.offset, flight->taken});
  if (!flight->damaged.empty()) {
    state_.Deliver(std::move(answers));
    return SendAgain(flight);
  }
  // The store may keep its callbacks, and with them the flight, for longer than the cache lives.
  flight->object.reset();
  lane_.Land(std::move(answers));
}

void Fetcher::SendAgain(const std::shared_ptr<Flight>& flight) {
  flight->range = flight->damaged.back();
  flight->damaged.pop_back();
  flight->taken = 0;
  flight->again = true;
  Send(flight);
}

}  // namespace cache
