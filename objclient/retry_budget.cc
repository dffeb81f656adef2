#include "objclient/retry_budget.h"

#include <algorithm>

namespace objclient {

RetryBudget::RetryBudget(const Options& options, std::int64_t now_ns, base::Counter& level)
    : options_(options), level_(level), tokens_(options.tokens_max), filled_ns_(now_ns) {
  level_.Set(static_cast<std::uint64_t>(tokens_));
}

bool RetryBudget::TryTake(std::int64_t now_ns) {
  base::MutexLock lock(mutex_);
  // Callers read the clock before they come here, so one may come with an older time.
  const std::int64_t passed_ns = std::max<std::int64_t>(now_ns - filled_ns_, 0);
  filled_ns_ += passed_ns;
  Add(options_.per_second * static_cast<double>(passed_ns) / 1e9);
  if (tokens_ < 1) return false;
  Add(-1);
  return true;
}

void RetryBudget::Succeeded(std::uint32_t taken) {
  base::MutexLock lock(mutex_);
  Add(options_.per_success + taken);
}

void RetryBudget::Add(double tokens) {
  tokens_ = std::min(tokens_ + tokens, options_.tokens_max);
  level_.Set(static_cast<std::uint64_t>(tokens_));
}

}  // namespace objclient
