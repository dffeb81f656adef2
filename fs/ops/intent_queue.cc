#include "fs/ops/intent_queue.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace fs {
namespace {

constexpr std::size_t kPage = 1000;
constexpr std::int64_t kMillisecond = 1'000'000;  // ns
// Deletes gather for a moment so that they share requests.
constexpr std::int64_t kDeleteRestNs = 100 * kMillisecond;
constexpr std::int64_t kWaitNs = 100 * kMillisecond;  // more each time
constexpr std::uint32_t kWaitsMax = 20;
constexpr std::int64_t kRetryFirstNs = 1000 * kMillisecond;
constexpr std::int64_t kRetryMaxNs = 60000 * kMillisecond;

}  // namespace

base::Status IntentQueue::Collect() {
  for (;;) {
    meta::IntentId after{};
    {
      base::MutexLock lock(mutex_);
      if (settles_.size() + deletes_.size() >= kLimit) return base::Ok();
      after = last_;
    }
    TRY_ASSIGN(auto intents, context_.catalog.ListIntents(after, kPage));
    const bool more = intents.size() == kPage;
    Merge(std::move(intents));
    if (!more) return base::Ok();
  }
}

void IntentQueue::Merge(std::vector<meta::Intent> intents) {
  const std::int64_t now = context_.clock.MonotonicNs();
  const std::int64_t settle_rest = std::int64_t{context_.options.settle_delay_ms} * kMillisecond;
  base::MutexLock lock(mutex_);
  for (meta::Intent& intent : intents) {
    // Another thread may have merged the same page.
    if (meta::Raw(intent.id) <= meta::Raw(last_)) continue;
    last_ = intent.id;
    if (intent.kind == meta::IntentKind::kUpload || intent.kind == meta::IntentKind::kMove)
      continue;
    const bool settle = intent.kind == meta::IntentKind::kSettle;
    const std::int64_t due = now + (settle ? settle_rest : kDeleteRestNs);
    Jobs& jobs = JobsOf(intent.kind);
    const std::int64_t id = meta::Raw(intent.id);
    jobs.emplace(id, Job{std::move(intent), due, 0});
  }
}

void IntentQueue::MakeAllDue() {
  base::MutexLock lock(mutex_);
  for (auto& [id, job] : settles_) job.due_ns = 0;
  for (auto& [id, job] : deletes_) job.due_ns = 0;
}

std::vector<IntentQueue::Job> IntentQueue::Due(meta::IntentKind kind, std::size_t limit) {
  const std::int64_t now = context_.clock.MonotonicNs();
  std::vector<Job> due;
  base::MutexLock lock(mutex_);
  for (const auto& [id, job] : JobsOf(kind)) {
    if (due.size() == limit) break;
    if (job.due_ns <= now) due.push_back(job);
  }
  return due;
}

std::optional<std::int64_t> IntentQueue::NextDueNs(meta::IntentKind kind) {
  const std::int64_t now = context_.clock.MonotonicNs();
  base::MutexLock lock(mutex_);
  std::optional<std::int64_t> next;
  for (const auto& [id, job] : JobsOf(kind)) {
    next = std::min(next.value_or(job.due_ns), job.due_ns);
    if (*next <= now) break;
  }
  if (next) *next = std::max<std::int64_t>(*next - now, 0);
  return next;
}

void IntentQueue::Finish(const meta::Intent& intent) {
  const base::Status removed = context_.catalog.RemoveIntent(intent.id);
  if (!removed.ok()) LOG_ERROR("finish intent: {}", removed.error().ToString());
  base::MutexLock lock(mutex_);
  JobsOf(intent.kind).erase(meta::Raw(intent.id));
}

void IntentQueue::Wait(const meta::Intent& intent) {
  const std::int64_t now = context_.clock.MonotonicNs();
  base::MutexLock lock(mutex_);
  Jobs& jobs = JobsOf(intent.kind);
  const auto found = jobs.find(meta::Raw(intent.id));
  if (found == jobs.end()) return;
  Job& job = found->second;
  job.waits = std::min(job.waits + 1, kWaitsMax);
  job.due_ns = now + kWaitNs * job.waits;
}

void IntentQueue::Retry(meta::Intent intent, const base::Error& error) {
  context_.last_error.Set(error);
  ++intent.attempts;
  intent.last_error = error.message();
  const base::Status updated = context_.catalog.UpdateIntent(intent, meta::Durability::kAsync);
  // One that was replaced meanwhile is done: its successor is in the catalog.
  const bool replaced =
      !updated.ok() && updated.error().error_class() == base::ErrorClass::kNotFound;
  const std::int64_t pause =
      std::min(kRetryFirstNs << std::min<std::uint32_t>(intent.attempts - 1, 10), kRetryMaxNs);
  const std::int64_t due = context_.clock.MonotonicNs() + pause;
  base::MutexLock lock(mutex_);
  Jobs& jobs = JobsOf(intent.kind);
  const auto found = jobs.find(meta::Raw(intent.id));
  if (found == jobs.end()) return;
  if (replaced) {
    jobs.erase(found);
  } else {
    found->second = {std::move(intent), due, 0};
  }
}

std::size_t IntentQueue::size(meta::IntentKind kind) const {
  base::MutexLock lock(mutex_);
  return kind == meta::IntentKind::kSettle ? settles_.size() : deletes_.size();
}

}  // namespace fs
