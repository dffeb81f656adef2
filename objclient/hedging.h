// Hedging: a GET whose first byte is late is raced by a second one. The answer that begins first
// claims the memory of the request (GetRequest::claim); the other ends without writing a byte. Late
// is what takes several times as long as 95 of 100 recent ones took. It costs a few requests in a
// hundred at most, and nothing where it would only add to a queue: while the store has had us slow
// down, or while as many GETs are under way as there are connections.
//
// Owned by RetryingStore, which sends its GETs through it; any thread. Time comes in.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "objclient/object_store.h"

namespace objclient {

class Hedging {
 public:
  struct Options {
    std::chrono::nanoseconds late_min = std::chrono::milliseconds(50);
    double late_factor = 3;         // of the 95th percentile
    double share = 0.03;            // of all GETs that may be sent twice
    double burst = 4;               // second requests at once, after a quiet time
    std::size_t connections = 16;   // GETs that the transport has under way at a time
    std::function<bool()> allowed;  // asked before a second request; empty = always
  };
  // Runs a callback on another thread after a delay.
  using After = std::function<void(std::chrono::nanoseconds, std::function<void()>)>;

  // ObjectStore::Get of some store.
  using Send = std::function<void(GetRequest, Callback<ObjectHead>)>;

  // `clock` and `metrics` must outlive it, and it the callbacks of what it sends.
  Hedging(Send send, Options options, base::Clock& clock, After after, base::Metrics& metrics);
  // No second request is sent any more.
  void Stop() EXCLUDES(mutex_);

  void Get(GetRequest request, Callback<ObjectHead> done) EXCLUDES(mutex_);

 private:
  enum class Runner : std::uint8_t { kNone, kFirst, kSecond };
  // Members but the first three are guarded by the mutex.
  struct Race {
    GetRequest request;
    Callback<ObjectHead> done;
    std::int64_t began_ns = 0;
    Runner owner = Runner::kNone;  // of the memory, since its answer began
    int running = 1;
    std::optional<std::list<std::shared_ptr<Race>>::iterator> waiting;  // for its first byte
  };

  void Launch(const std::shared_ptr<Race>& race, Runner runner);
  bool Claim(Race& race, Runner runner) EXCLUDES(mutex_);
  void Finish(Race& race, Runner runner, base::Result<ObjectHead> result) EXCLUDES(mutex_);
  void StopWaiting(Race& race) REQUIRES(mutex_);
  void Sample(std::int64_t first_byte_ns) REQUIRES(mutex_);
  // None while too little is known.
  std::optional<std::int64_t> LateNs() const REQUIRES(mutex_);
  // Looks again when the oldest one may be late; one look is on its way at a time.
  std::optional<std::chrono::nanoseconds> NextLook(std::int64_t now_ns) REQUIRES(mutex_);
  void Look() EXCLUDES(mutex_);
  std::vector<std::shared_ptr<Race>> TakeLate(std::int64_t now_ns) REQUIRES(mutex_);

  const Send send_;
  const Options options_;
  base::Clock& clock_;
  const After after_;
  base::Counter& hedged_;
  base::Counter& won_;

  base::Mutex mutex_;
  base::CondVar launched_;
  std::list<std::shared_ptr<Race>> waiting_ GUARDED_BY(mutex_);  // oldest first
  std::vector<std::int64_t> samples_ GUARDED_BY(mutex_);         // times to first byte, a ring
  std::size_t next_sample_ GUARDED_BY(mutex_) = 0;
  std::size_t under_way_ GUARDED_BY(mutex_) = 0;
  double tokens_ GUARDED_BY(mutex_);
  bool looking_ GUARDED_BY(mutex_) = false;  // a look is on its way
  int launching_ GUARDED_BY(mutex_) = 0;     // looks that send
  bool stopping_ GUARDED_BY(mutex_) = false;
};

}  // namespace objclient
