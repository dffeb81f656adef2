#include "cache/bandwidth_delay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "base/bytes.h"

namespace cache {
namespace {

using base::kKiB;
using base::kMiB;

constexpr std::int64_t kMs = 1'000'000;

// A store as seen from here, and a reader that takes whatever has come: requests of 8 MiB, as many
// as the window holds, each over a connection of its own.
class Way {
 public:
  Way(double latency_s, double connection_rate, double total_rate)
      : latency_s_(latency_s), connection_rate_(connection_rate), total_rate_(total_rate) {}

  // One request and no other, as at the start of every stream.
  void Ask(std::uint64_t bytes) {
    BandwidthDelay::Flight flight = delay.Began(now_ns_);
    const std::uint64_t first = std::min<std::uint64_t>(bytes, 128 * kKiB);
    flight.Arrived(first, now_ns_ + Ns(latency_s_ + Share(first, 1)));
    now_ns_ += Ns(latency_s_ + Share(bytes, 1));
    delay.Ended(flight, bytes, now_ns_);
  }

  void Stream(double seconds) {
    const std::int64_t end_ns = now_ns_ + Ns(seconds);
    std::deque<Sent> sent;
    while (now_ns_ < end_ns) {
      while ((sent.size() + 1) * kRange <= delay.window_bytes()) {
        sent.push_back({delay.Began(now_ns_), now_ns_});
      }
      // The oldest one is there after its own time, or when the way had room for it.
      const Sent oldest = sent.front();
      sent.pop_front();
      const std::int64_t alone_ns = oldest.at_ns + Ns(latency_s_ + Share(kRange, 1));
      const std::int64_t queued_ns = last_ns_ + Ns(static_cast<double>(kRange) / total_rate_);
      now_ns_ = last_ns_ = std::max({now_ns_, alone_ns, queued_ns});
      delay.Ended(oldest.flight, kRange, now_ns_);
    }
    for (; !sent.empty(); sent.pop_front()) delay.Ended(sent.front().flight, kRange, now_ns_);
  }

  double Holds() const { return total_rate_ * (latency_s_ + Share(kRange, 1)); }

  BandwidthDelay delay;

 private:
  static constexpr std::uint64_t kRange = 8 * kMiB;
  struct Sent {
    BandwidthDelay::Flight flight;
    std::int64_t at_ns;
  };
  static std::int64_t Ns(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }
  double Share(std::uint64_t bytes, double connections) const {
    return static_cast<double>(bytes) / std::min(connection_rate_, total_rate_ / connections);
  }
  const double latency_s_, connection_rate_, total_rate_;  // seconds, bytes a second
  std::int64_t now_ns_ = 1'000'000 * kMs;
  std::int64_t last_ns_ = 0;
};

TEST(BandwidthDelay, GuessesUntilItKnows) {
  BandwidthDelay delay;
  EXPECT_EQ(delay.window_bytes(), BandwidthDelay::kGuess);
  const auto flight = delay.Began(0);
  EXPECT_TRUE(flight.alone);
  EXPECT_FALSE(delay.Began(1).alone);
  delay.Ended(flight, 0, kMs);  // it failed
  EXPECT_EQ(delay.window_bytes(), BandwidthDelay::kGuess);
}

TEST(BandwidthDelay, AStoreNextDoorNeedsLittle) {
  Way way(0.002, 1.5e9, 2.5e9);
  way.Ask(2 * kMiB);
  way.Stream(1);
  EXPECT_EQ(way.delay.window_bytes(), BandwidthDelay::kLeast);
}

TEST(BandwidthDelay, AFarStoreGetsWhatItsWayHoldsWithinASecond) {
  Way way(0.020, 90e6, 1.3e9);
  way.Ask(2 * kMiB);
  way.Stream(1);
  const auto window = static_cast<double>(way.delay.window_bytes());
  EXPECT_GT(window, 1.3 * way.Holds());
  EXPECT_LT(window, 1.8 * way.Holds());
  way.Stream(10);
  EXPECT_LT(static_cast<double>(way.delay.window_bytes()), 1.8 * way.Holds()) << "and no more";
}

TEST(BandwidthDelay, ASlowLineGetsNoQueue) {
  Way way(0.030, 12e6, 12e6);
  way.Ask(2 * kMiB);
  way.Stream(20);
  EXPECT_EQ(way.delay.window_bytes(), BandwidthDelay::kLeast);
}

TEST(BandwidthDelay, WhatWaitedForOthersDoesNotTellTheTime) {
  BandwidthDelay delay;
  const auto first = delay.Began(0);
  auto second = delay.Began(0);
  second.Arrived(128 * kKiB, 900 * kMs);
  delay.Ended(second, 8 * kMiB, 1000 * kMs);
  delay.Ended(first, 8 * kMiB, 1000 * kMs);  // nor one whose first byte nobody saw
  EXPECT_EQ(delay.window_bytes(), BandwidthDelay::kGuess);
}

TEST(BandwidthDelay, APauseIsNoSlowness) {
  Way way(0.020, 90e6, 1.3e9);
  way.Ask(2 * kMiB);
  way.Stream(2);
  const std::uint64_t before = way.delay.window_bytes();
  for (int i = 0; i < 100; ++i) way.Ask(64 * kKiB);  // readers that come now and then
  EXPECT_EQ(way.delay.window_bytes(), before);
}

}  // namespace
}  // namespace cache
