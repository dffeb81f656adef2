#include "objclient/pacer.h"

#include <algorithm>

namespace objclient {

void Pacer::Answered() { limit_ = std::min(limit_ + 1 / limit_, static_cast<double>(most_)); }

void Pacer::Throttled(std::uint64_t request) {
  if (request <= lowered_at_) return;
  lowered_at_ = sent_;
  limit_ = std::max(limit_ / 2, 1.0);
}

}  // namespace objclient
