// Pacer: how many requests a store gets at a time, found out from its answers: one that asks us to
// slow down (429, 503) halves the limit, every other answer raises it a little, by one for a
// limit's worth of answers. Requests that were on their way when the limit fell say nothing new,
// so a burst of refusals counts once. Pure arithmetic, without a clock: the store's own answers
// are the time. Owned by whoever sends (CurlLoop), on one thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace objclient {

class Pacer {
 public:
  // `most`: at least 1; the limit until the store complains.
  explicit Pacer(std::size_t most) : most_(most), limit_(static_cast<double>(most)) {}

  // Requests that may be under way now, from 1 to `most`.
  std::size_t limit() const { return static_cast<std::size_t>(limit_); }
  // A request goes out: its number, for Throttled.
  std::uint64_t Sent() { return ++sent_; }
  void Answered();
  void Throttled(std::uint64_t request);

 private:
  const std::size_t most_;
  double limit_;
  std::uint64_t sent_ = 0;
  std::uint64_t lowered_at_ = 0;  // the last request sent before the limit fell
};

}  // namespace objclient
