#include "cache/cache_state.h"

#include <algorithm>
#include <utility>

namespace cache {
namespace {

constexpr std::uint64_t kLeastWindow = 2u << 20;  // bytes
constexpr std::uint64_t kWindowStep = 1u << 20;   // bytes

}  // namespace

CacheMetrics::CacheMetrics(base::Metrics& metrics)
    : hit_bytes(metrics.Get("cache_hit_bytes")),
      disk_bytes(metrics.Get("cache_disk_bytes")),
      fetch_bytes(metrics.Get("cache_fetch_bytes")),
      fetch_requests(metrics.Get("cache_fetch_requests")),
      fetch_checked_bytes(metrics.Get("cache_fetch_checked_bytes")),
      fetch_corrupt_granules(metrics.Get("cache_fetch_corrupt_granules")),
      corrupt_granules(metrics.Get("cache_corrupt_granules")),
      dropped_admissions(metrics.Get("cache_dropped_admissions")) {}

CacheState::CacheState(std::uint64_t window_bytes, std::uint64_t half_pool_bytes,
                       base::Metrics& registry)
    : metrics(registry),
      shared_bytes(half_pool_bytes),
      most_awaited_blocks(static_cast<std::size_t>(half_pool_bytes / kBlockSize)),
      most_window_bytes_(std::min(window_bytes, half_pool_bytes)),
      window_bytes_(most_window_bytes_) {}

std::shared_ptr<CachedObject> CacheState::FindOrMake(const ObjectRef& object) {
  const auto found = objects.find(object.id);
  if (found != objects.end()) return found->second;
  if (objects.size() >= prune_at_) Prune();
  auto made = std::make_shared<CachedObject>(object, lru);
  objects.emplace(object.id, made);
  return made;
}

void CacheState::Prune() {
  std::erase_if(objects, [](const auto& entry) {
    return entry.second->idle() && entry.second.use_count() == 1;
  });
  prune_at_ = std::max<std::size_t>(1024, 2 * objects.size());
}

bool CacheState::HasRoom(std::size_t blocks) const {
  return awaited_blocks == 0 || awaited_blocks + blocks <= most_awaited_blocks;
}

void CacheState::Deliver(Answers answers) {
  if (answers.empty()) return;
  bool waiting = false;
  {
    const base::MutexLock lock(mutex);
    for (const Answer& answer : answers) awaited_blocks -= answer.blocks;
    waiting = !queued.empty();
  }
  for (Answer& answer : answers) answer.done(std::move(answer.result));
  if (waiting) start_queued();
}

void CacheState::ShrinkWindow() { window_bytes_ = std::max(kLeastWindow, window_bytes_ / 2); }

void CacheState::GrowWindow() {
  window_bytes_ = std::min(most_window_bytes_, window_bytes_ + kWindowStep);
}

void CacheState::Leave() {
  const base::MutexLock lock(mutex);
  if (--inside_ == 0) left_.NotifyAll();
}

void CacheState::WaitUntilEmpty() {
  const base::MutexLock lock(mutex);
  while (inside_ > 0) left_.Wait(mutex);
}

}  // namespace cache
