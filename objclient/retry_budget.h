// RetryBudget: how many retries all requests of a store together may make, so that a store in
// trouble does not get several times its load. A bucket of tokens: a retry takes one, the success
// of a request gives back what its retries took and a little more, and a trickle over time lets a
// few requests find out that a dead store is back. Owned by RetryingStore; any thread. Time comes
// in.
#pragma once

#include <cstdint>

#include "base/metrics.h"
#include "base/mutex.h"

namespace objclient {

class RetryBudget {
 public:
  struct Options {
    double tokens_max = 100;   // also what there is at first: a burst of retries that costs nobody
    double per_second = 20;    // the retries a dead store gets for ever
    double per_success = 0.2;  // a store that fails one request in six is retried freely
  };
  // `level` shows the whole tokens left and must outlive the budget.
  RetryBudget(const Options& options, std::int64_t now_ns, base::Counter& level);

  // Takes the token of one retry. False when there is none: the caller waits, it does not fail.
  [[nodiscard]] bool TryTake(std::int64_t now_ns) EXCLUDES(mutex_);
  // A request that took `taken` tokens got its answer.
  void Succeeded(std::uint32_t taken) EXCLUDES(mutex_);

 private:
  void Add(double tokens) REQUIRES(mutex_);

  const Options options_;
  base::Counter& level_;
  base::Mutex mutex_;
  double tokens_ GUARDED_BY(mutex_);
  std::int64_t filled_ns_ GUARDED_BY(mutex_);  // the trickle until then is in
};

}  // namespace objclient
