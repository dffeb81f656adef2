#include "objclient/hedging.h"

#include <algorithm>
#include <utility>

namespace objclient {

namespace {
constexpr std::size_t kSamplesMax = 128;
constexpr std::size_t kSamplesMin = 20;  // less says nothing of the slowest twentieth
// Between looks: late by a little more does not matter, a thread that wakes all the time does.
constexpr std::chrono::nanoseconds kLookPause = std::chrono::milliseconds(10);
}  // namespace

Hedging::Hedging(Send send, Options options, base::Clock& clock, After after,
                 base::Metrics& metrics)
    : send_(std::move(send)),
      options_(std::move(options)),
      clock_(clock),
      after_(std::move(after)),
      hedged_(metrics.Get("store_gets_hedged")),
      won_(metrics.Get("store_hedges_won")),
      tokens_(options_.burst) {}

void Hedging::Stop() {
  base::MutexLock lock(mutex_);
  stopping_ = true;
  while (launching_ > 0) launched_.Wait(mutex_);
}

void Hedging::Get(GetRequest request, Callback<ObjectHead> done) {
  auto race = std::make_shared<Race>();
  race->request = std::move(request);
  race->done = std::move(done);
  race->began_ns = clock_.MonotonicNs();
  std::optional<std::chrono::nanoseconds> look;
  {
    base::MutexLock lock(mutex_);
    tokens_ = std::min(options_.burst, tokens_ + options_.share);
    ++under_way_;
    race->waiting = waiting_.insert(waiting_.end(), race);
    if (!looking_) look = NextLook(race->began_ns);
  }
  if (look) after_(*look, [this] { Look(); });
  Launch(race, Runner::kFirst);
}

void Hedging::Launch(const std::shared_ptr<Race>& race, Runner runner) {
  GetRequest request = race->request;
  request.claim = [this, race, runner] { return Claim(*race, runner); };
  send_(std::move(request), [this, race, runner](base::Result<ObjectHead> result) {
    Finish(*race, runner, std::move(result));
  });
}

bool Hedging::Claim(Race& race, Runner runner) {
  {
    base::MutexLock lock(mutex_);
    if (race.owner != Runner::kNone) return race.owner == runner;
    race.owner = runner;
    StopWaiting(race);
    // Where the second one was faster, the first took at least as long as this.
    Sample(clock_.MonotonicNs() - race.began_ns);
    if (runner == Runner::kSecond) won_.Add();
  }
  // The owner's alone: who asked may be gone when the other one's answer begins.
  return !race.request.claim || race.request.claim();
}

void Hedging::Finish(Race& race, Runner runner, base::Result<ObjectHead> result) {
  {
    base::MutexLock lock(mutex_);
    --under_way_;
    --race.running;
    const bool others = race.owner == Runner::kNone ? race.running > 0 : race.owner != runner;
    if (others) return;
    StopWaiting(race);
  }
  race.done(std::move(result));
}

void Hedging::StopWaiting(Race& race) {
  if (race.waiting) waiting_.erase(*std::exchange(race.waiting, std::nullopt));
}

void Hedging::Sample(std::int64_t first_byte_ns) {
  if (samples_.size() < kSamplesMax) return samples_.push_back(first_byte_ns);
  samples_[next_sample_] = first_byte_ns;
  next_sample_ = (next_sample_ + 1) % kSamplesMax;
}

std::optional<std::int64_t> Hedging::LateNs() const {
  if (samples_.size() < kSamplesMin) return std::nullopt;
  std::vector<std::int64_t> sorted = samples_;
  const auto p95 = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 95 / 100);
  std::nth_element(sorted.begin(), p95, sorted.end());
  return std::max(options_.late_min.count(),
                  static_cast<std::int64_t>(options_.late_factor * static_cast<double>(*p95)));
}

std::optional<std::chrono::nanoseconds> Hedging::NextLook(std::int64_t now_ns) {
  const auto late_ns = stopping_ || waiting_.empty() ? std::nullopt : LateNs();
  looking_ = late_ns.has_value();
  if (!looking_) return std::nullopt;
  const std::chrono::nanoseconds wait(waiting_.front()->began_ns + *late_ns - now_ns);
  return std::max(wait, kLookPause);
}

void Hedging::Look() {
  const bool allowed = !options_.allowed || options_.allowed();
  std::vector<std::shared_ptr<Race>> late;
  std::optional<std::chrono::nanoseconds> look;
  {
    base::MutexLock lock(mutex_);
    const std::int64_t now_ns = clock_.MonotonicNs();
    if (allowed && !stopping_) late = TakeLate(now_ns);
    look = NextLook(now_ns);
    ++launching_;
  }
  for (const auto& race : late) Launch(race, Runner::kSecond);
  if (look) after_(*look, [this] { Look(); });
  base::MutexLock lock(mutex_);
  --launching_;
  launched_.NotifyAll();
}

std::vector<std::shared_ptr<Hedging::Race>> Hedging::TakeLate(std::int64_t now_ns) {
  std::vector<std::shared_ptr<Race>> late;
  const auto late_ns = LateNs();
  if (!late_ns) return late;
  while (!waiting_.empty() && tokens_ >= 1 && under_way_ < options_.connections) {
    const std::shared_ptr<Race> oldest = waiting_.front();
    if (now_ns - oldest->began_ns < *late_ns) break;
    StopWaiting(*oldest);
    ++oldest->running;
    ++under_way_;
    tokens_ -= 1;
    hedged_.Add();
    late.push_back(oldest);
  }
  return late;
}

}  // namespace objclient
