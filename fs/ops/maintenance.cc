#include "fs/ops/maintenance.h"

#include <algorithm>

#include "base/log.h"

namespace fs {
namespace {

constexpr std::chrono::milliseconds kIdle{60000};
constexpr std::int64_t kNsPerMs = 1'000'000;

}  // namespace

Maintenance::Maintenance(Context& context, Mover& mover, Committer& committer)
    : queue_(context),
      settler_(context, queue_, mover, committer, [this] { return stopping_.load(); }),
      deleter_(context, queue_) {}

void Maintenance::Start() {
  delete_worker_ = std::make_unique<Worker>("delete", [this] {
    deleter_.Pass();
    return Pause(meta::IntentKind::kDelete);
  });
  // Second, because it wakes the first: a file that was moved leaves its old key to be deleted.
  settle_worker_ = std::make_unique<Worker>("settle-walk", [this] {
    if (settler_.Pass()) delete_worker_->Wake();
    return Pause(meta::IntentKind::kSettle);
  });
  started_.store(true);
  Wake();
}

std::chrono::milliseconds Maintenance::Pause(meta::IntentKind kind) {
  const base::Status collected = queue_.Collect();
  if (!collected.ok()) LOG_ERROR("read intents: {}", collected.error().ToString());
  const auto due_ns = queue_.NextDueNs(kind);
  if (!due_ns) return kIdle;
  return std::min(kIdle, std::chrono::milliseconds((*due_ns + kNsPerMs - 1) / kNsPerMs));
}

void Maintenance::Wake() {
  if (!started_.load()) return;
  settle_worker_->Wake();
  delete_worker_->Wake();
}

void Maintenance::Hurry() {
  queue_.MakeAllDue();
  Wake();
}

void Maintenance::Stop() {
  stopping_.store(true);
  // In this order: see Start.
  if (settle_worker_ != nullptr) settle_worker_->Stop();
  if (delete_worker_ != nullptr) delete_worker_->Stop();
}

Maintenance::Backlog Maintenance::CountBacklog() {
  const base::Status collected = queue_.Collect();
  if (!collected.ok()) LOG_ERROR("read intents: {}", collected.error().ToString());
  const std::uint64_t settles = queue_.size(meta::IntentKind::kSettle);
  return {.settles = settles,
          .moves = settles + settler_.beyond_intents(),
          .deletes = queue_.size(meta::IntentKind::kDelete)};
}

}  // namespace fs
