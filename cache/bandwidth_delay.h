// BandwidthDelay: how far ahead of a reader to ask the store, so that the way to it is never idle:
// what that way holds, which is the rate it brings times the time one request takes, and half as
// much again, which the reader uses up meanwhile. The time is that of requests that had the way to
// themselves, as one among many also waits for the others; the rate is the best of the last
// seconds. A store next door then gets a window that fits the processor's cache, a far one as much
// as memory allows, and a slow line no queue that whoever comes next would have to wait behind.
//
// Pure arithmetic; time comes in. No lock of its own: guarded by CacheState::mutex.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cache {

class BandwidthDelay {
 public:
  // What is noted of one request, by whoever sent it.
  struct Flight {
    std::int64_t began_ns = 0;
    std::int64_t first_ns = 0;      // when its first bytes were there
    std::uint64_t first_bytes = 0;  // so many of them
    bool alone = false;             // nothing else was under way when it began

    // `bytes` of it are there.
    void Arrived(std::uint64_t bytes, std::int64_t now_ns) {
      if (first_bytes > 0) return;
      first_ns = now_ns;
      first_bytes = bytes;
    }
  };

  // `range_bytes`: of a steady request.
  explicit BandwidthDelay(std::uint64_t range_bytes = 8u << 20) : range_bytes_(range_bytes) {}

  Flight Began(std::int64_t now_ns);
  void Ended(const Flight& flight, std::uint64_t bytes, std::int64_t now_ns);

  // What to ask for ahead; a guess until enough is known.
  std::uint64_t window_bytes() const { return window_bytes_; }

  static constexpr std::uint64_t kGuess = 64u << 20;  // bytes
  static constexpr std::uint64_t kLeast = 32u << 20;  // bytes

 private:
  // The last kMost values of something.
  template <std::size_t kMost>
  class Recent {
   public:
    void Add(double value) { values_[count_++ % kMost] = value; }
    const double* begin() const { return values_.data(); }
    const double* end() const { return begin() + (count_ < kMost ? count_ : kMost); }
    bool empty() const { return count_ == 0; }

   private:
    std::array<double, kMost> values_{};
    std::size_t count_ = 0;
  };

  void MeasureTime(const Flight& flight, std::uint64_t bytes, std::int64_t now_ns);
  void MeasureRate(std::uint64_t bytes, std::int64_t now_ns);

  const std::uint64_t range_bytes_;
  std::size_t under_way_ = 0;
  Recent<8> seconds_;                 // that a steady request takes alone
  Recent<16> bytes_per_s_;            // of all requests together, in one period each
  std::int64_t period_began_ns_ = 0;  // of the rate
  std::uint64_t period_bytes_ = 0;
  std::uint64_t window_bytes_ = kGuess;
};

}  // namespace cache
