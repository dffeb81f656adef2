#include "cache/read_ahead.h"

#include <algorithm>
#include <bit>

namespace cache {
namespace {

constexpr std::uint64_t kFirstWindow = 1u << 20;  // bytes, of a read at the object's start
constexpr std::uint64_t kDisorder = 8u << 20;     // bytes a read may lie behind its stream's edge
constexpr std::uint64_t kJoinAge = 64;            // reads after which an interval joins no more
constexpr std::uint64_t kFirstEvidence = 512u << 10;  // bytes read in sequence elsewhere
constexpr std::uint64_t kKeepBehind = 4u << 20;  // bytes behind the edge that are not spent yet
constexpr std::uint64_t kCounts = 4u << 20;      // bytes read by a stream that takes its share
constexpr std::uint32_t kMaxWasted = 7;
constexpr std::uint64_t kPeriodNs = 1'000'000'000;

}  // namespace

void StreamCensus::Saw(std::int64_t now_ns, std::uint64_t& seen) {
  const std::uint64_t period = static_cast<std::uint64_t>(now_ns) / kPeriodNs + 1;
  if (period != period_) {
    previous_ = period == period_ + 1 ? current_ : 0;
    current_ = 0;
    period_ = period;
  }
  if (seen == period_) return;
  seen = period_;
  ++current_;
}

std::size_t StreamCensus::active() const { return std::max<std::size_t>({1, current_, previous_}); }

ReadAhead::Advice ReadAhead::Observe(const base::ByteRange& read, bool missed, const Limits& limits,
                                     StreamCensus& census, std::int64_t now_ns) {
  ++tick_;
  Stream* stream = Find(read);
  if (stream == nullptr) {
    stream = &Begin(read);
    JoinReached(*stream, read.offset);
  } else if (read.end() > stream->edge) {
    const std::uint64_t old_edge = stream->edge;
    stream->edge = read.end();
    ++stream->reads;
    JoinReached(*stream, old_edge);
  }
  stream->last_use = tick_;
  // What had been asked for was dropped again: start over behind this read.
  if (missed) stream->ahead = std::min(stream->ahead, read.end());
  if (stream->start == 0 && read.offset == 0 && object_size_ <= limits.range_bytes) {
    stream->ahead = object_size_;
    return {.fetch = {read.end(), object_size_ - read.end()}, .spent = {}};
  }
  if (!Sequential(*stream)) return {};
  if (stream->edge - stream->start >= kCounts) census.Saw(now_ns, stream->census_mark);
  const std::uint64_t most = std::min(limits.window_bytes, limits.shared_bytes / census.active());
  return {.fetch = Extend(*stream, most, limits.range_bytes), .spent = Pass(*stream)};
}

ReadAhead::Stream* ReadAhead::Find(const base::ByteRange& read) {
  Stream* best = nullptr;
  for (Stream& stream : streams_) {
    if (read.offset < stream.start || read.offset > stream.edge) continue;
    if (stream.edge - read.offset > kDisorder) continue;
    // The one whose edge is nearest is the one that reads here.
    if (best == nullptr || stream.edge < best->edge) best = &stream;
  }
  return best;
}

ReadAhead::Stream& ReadAhead::Begin(const base::ByteRange& read) {
  if (streams_.size() < kMaxStreams) {
    streams_.emplace_front();
  } else {
    const auto oldest =
        std::min_element(streams_.begin(), streams_.end(),
                         [](const Stream& a, const Stream& b) { return a.last_use < b.last_use; });
    if (oldest->ahead > oldest->edge) wasted_ = std::min(wasted_ + 1, kMaxWasted);
    streams_.splice(streams_.begin(), streams_, oldest);
  }
  Stream& stream = streams_.front();
  stream = {.start = read.offset,
            .edge = read.end(),
            .ahead = read.end(),
            .spent = read.offset,
            .reads = 1};
  return stream;
}

void ReadAhead::JoinReached(Stream& stream, std::uint64_t old_edge) {
  for (auto other = streams_.begin(); other != streams_.end();) {
    const bool reached = other->start > stream.start && other->start >= old_edge &&
                         other->start <= stream.edge && tick_ - other->last_use <= kJoinAge;
    if (!reached) {
      ++other;
      continue;
    }
    stream.edge = std::max(stream.edge, other->edge);
    stream.ahead = std::max(stream.ahead, other->ahead);
    stream.reads += other->reads;
    streams_.erase(other);
    other = streams_.begin();  // the longer reach may touch intervals passed over before
  }
  stream.ahead = std::max(stream.ahead, stream.edge);
  if (stream.edge - stream.start >= kFirstEvidence << kMaxWasted) wasted_ = 0;
}

bool ReadAhead::Sequential(const Stream& stream) const {
  if (stream.start == 0) return true;
  return stream.reads >= 2 && stream.edge - stream.start >= kFirstEvidence << wasted_;
}

base::ByteRange ReadAhead::Extend(Stream& stream, std::uint64_t most,
                                  std::uint64_t range_bytes) const {
  const std::uint64_t read = stream.edge - stream.start;
  std::uint64_t window = stream.start == 0 ? std::max(2 * read, kFirstWindow) : read;
  window = std::min(window, most);
  if (window == 0) return {};
  // Ends lie on multiples of the request size, so that steady requests are whole ones.
  const std::uint64_t unit = std::min(std::bit_floor(window), range_bytes);
  std::uint64_t target = (stream.edge + window) / unit * unit;
  if (stream.edge + window >= object_size_) target = object_size_;
  const std::uint64_t from = std::max(stream.ahead, stream.edge);
  if (target <= from) return {};
  stream.ahead = target;
  return {from, target - from};
}

base::ByteRange ReadAhead::Pass(Stream& stream) {
  const std::uint64_t passed = stream.edge < kKeepBehind ? 0 : stream.edge - kKeepBehind;
  if (passed <= stream.spent) return {};
  const base::ByteRange spent{stream.spent, passed - stream.spent};
  stream.spent = passed;
  return spent;
}

}  // namespace cache
