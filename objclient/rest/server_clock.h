// ServerClock: our clock as the store sees it. Signatures carry the time and stores refuse those
// that are off by minutes; a refusal tells the store's time. Any thread.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/mutex.h"
#include "objclient/rest/refusal.h"

namespace objclient {

class ServerClock {
 public:
  // `clock` must outlive it.
  explicit ServerClock(base::Clock& clock) : clock_(clock) {}

  std::int64_t EpochSeconds() const EXCLUDES(mutex_);
  // Takes the time of a refusal that may come from a wrong clock (403). True when it is another
  // than we thought, so that trying once more makes sense.
  bool Correct(const Refusal& refusal) EXCLUDES(mutex_);

 private:
  base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::int64_t skew_seconds_ GUARDED_BY(mutex_) = 0;  // the store's clock minus ours
};

}  // namespace objclient
