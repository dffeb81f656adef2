#include "base/metrics.h"

namespace base {

Counter& Metrics::Get(std::string_view name) {
  MutexLock lock(mutex_);
  auto found = counters_.find(name);
  if (found == counters_.end()) {
    found = counters_.emplace(std::string(name), std::make_unique<Counter>()).first;
  }
  return *found->second;
}

std::map<std::string, std::uint64_t> Metrics::Snapshot() const {
  MutexLock lock(mutex_);
  std::map<std::string, std::uint64_t> values;
  for (const auto& [name, counter] : counters_) values.emplace(name, counter->value());
  return values;
}

}  // namespace base
