// ReadAhead watches the reads of one object and says what to fetch before it is asked for. It keeps
// the intervals read lately (streams), at most 32. A stream that starts at offset 0, or to which a
// second read joins without a gap, is sequential: it gets a window in front of it that grows with
// what it has read, so that no more than a multiple of it can be fetched in vain. Everything else
// is random and gets nothing. Reads may come out of order: an interval that is reached joins in.
//
// No lock of its own: guarded by the cache's mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>

#include "base/bytes.h"

namespace cache {

// How many streams of all objects have read lately: they share the pool. Guarded like ReadAhead.
class StreamCensus {
 public:
  // Counts a stream once a period; `seen` is the stream's own mark.
  void Saw(std::int64_t now_ns, std::uint64_t& seen);
  std::size_t active() const;

 private:
  std::uint64_t period_ = 0;
  std::size_t current_ = 0, previous_ = 0;  // streams seen in this period and the one before
};

class ReadAhead {
 public:
  struct Limits {
    std::uint64_t range_bytes = 8u << 20;     // of one request
    std::uint64_t window_bytes = 128u << 20;  // most in front of one stream
    std::uint64_t shared_bytes = 256u << 20;  // of all streams of all objects together
  };
  struct Advice {
    base::ByteRange fetch;  // what to fetch now; empty = nothing
    base::ByteRange spent;  // a sequential reader has passed these bytes
  };

  explicit ReadAhead(std::uint64_t object_size) : object_size_(object_size) {}

  // `missed`: the read has bytes that are neither here nor on their way.
  Advice Observe(const base::ByteRange& read, bool missed, const Limits& limits,
                 StreamCensus& census, std::int64_t now_ns);

  static constexpr std::size_t kMaxStreams = 32;

 private:
  struct Stream {
    std::uint64_t start = 0, edge = 0;  // read without a gap: [start, edge)
    std::uint64_t ahead = 0;            // asked for up to here
    std::uint64_t spent = 0;            // reported as passed up to here
    std::uint64_t reads = 0;            // that advanced the edge
    std::uint64_t last_use = 0;         // value of tick_
    std::uint64_t census_mark = 0;
  };

  Stream* Find(const base::ByteRange& read);
  Stream& Begin(const base::ByteRange& read);
  void JoinReached(Stream& stream, std::uint64_t old_edge);
  bool Sequential(const Stream& stream) const;
  base::ByteRange Extend(Stream& stream, std::uint64_t most, std::uint64_t range_bytes) const;
  static base::ByteRange Pass(Stream& stream);

  const std::uint64_t object_size_;
  std::list<Stream> streams_;
  std::uint64_t tick_ = 0;    // reads seen
  std::uint32_t wasted_ = 0;  // streams given up with a window nobody read, since one was used up
};

}  // namespace cache
