#include "cache/bandwidth_delay.h"

#include <algorithm>

namespace cache {
namespace {

constexpr double kNsPerS = 1e9;
constexpr double kAhead = 1.5;  // of what the way holds
constexpr std::int64_t kPeriodNs = 100'000'000;
constexpr std::uint64_t kTellsRate = 256u << 10;  // bytes behind the first ones; fewer are latency

}  // namespace

BandwidthDelay::Flight BandwidthDelay::Began(std::int64_t now_ns) {
  const bool alone = under_way_++ == 0;
  if (alone) {
    // Nobody asked for anything before: that says nothing of the way.
    period_began_ns_ = now_ns;
    period_bytes_ = 0;
  }
  return {.began_ns = now_ns, .first_ns = 0, .first_bytes = 0, .alone = alone};
}

void BandwidthDelay::Ended(const Flight& flight, std::uint64_t bytes, std::int64_t now_ns) {
  --under_way_;
  if (flight.alone) MeasureTime(flight, bytes, now_ns);
  MeasureRate(bytes, now_ns);
  if (seconds_.empty() || bytes_per_s_.empty()) return;
  const double holds = *std::min_element(seconds_.begin(), seconds_.end()) *
                       *std::max_element(bytes_per_s_.begin(), bytes_per_s_.end());
  window_bytes_ = std::max(kLeast, static_cast<std::uint64_t>(kAhead * holds));
}

void BandwidthDelay::MeasureTime(const Flight& flight, std::uint64_t bytes, std::int64_t now_ns) {
  if (flight.first_bytes == 0 || bytes < flight.first_bytes + kTellsRate) return;
  const double latency_s = static_cast<double>(flight.first_ns - flight.began_ns) / kNsPerS;
  const double rest_s = static_cast<double>(now_ns - flight.first_ns) / kNsPerS;
  const double rest_bytes = static_cast<double>(bytes - flight.first_bytes);
  seconds_.Add(latency_s + rest_s * static_cast<double>(range_bytes_) / rest_bytes);
}

void BandwidthDelay::MeasureRate(std::uint64_t bytes, std::int64_t now_ns) {
  period_bytes_ += bytes;
  const std::int64_t took_ns = now_ns - period_began_ns_;
  if (took_ns < kPeriodNs) return;
  bytes_per_s_.Add(static_cast<double>(period_bytes_) * kNsPerS / static_cast<double>(took_ns));
  period_began_ns_ = now_ns;
  period_bytes_ = 0;
}

}  // namespace cache
