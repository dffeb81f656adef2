#include "objclient/rest/server_clock.h"

#include <cstdlib>

namespace objclient {

namespace {
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kSkewSecondsMin = 240;  // stores refuse from 300 or 900 on
}  // namespace

std::int64_t ServerClock::EpochSeconds() const {
  const std::int64_t ours = clock_.WallNs() / kNsPerSecond;
  base::MutexLock lock(mutex_);
  return ours + skew_seconds_;
}

bool ServerClock::Correct(const Refusal& refusal) {
  // A HEAD carries no code, so a 403 from a store with another time is taken for one as well.
  if (refusal.status != 403 || !refusal.server_seconds) return false;
  const std::int64_t skew = *refusal.server_seconds - clock_.WallNs() / kNsPerSecond;
  base::MutexLock lock(mutex_);
  if (std::llabs(skew - skew_seconds_) < kSkewSecondsMin) return false;
  skew_seconds_ = skew;
  return true;
}

}  // namespace objclient
