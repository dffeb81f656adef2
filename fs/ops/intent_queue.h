// IntentQueue: the catalog's settle and delete intents that are still to be done, with the time
// when each is due. The catalog adds intents inside its own transactions; Collect reads what is new
// since the last call. Holds at most kLimit intents in memory, the rest waits in the catalog. Any
// thread; never holds its lock across a call of the catalog.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "fs/ops/context.h"

namespace fs {

class IntentQueue {
 public:
  static constexpr std::size_t kLimit = 50000;  // about 15 MB

  explicit IntentQueue(Context& context) : context_(context) {}

  base::Status Collect() EXCLUDES(mutex_);
  // What is known now need not rest.
  void MakeAllDue() EXCLUDES(mutex_);
  struct Job {
    meta::Intent intent;
    std::int64_t due_ns = 0;
    std::uint32_t waits = 0;  // times it had to wait for something of ours
  };
  // At most `limit` that are due, oldest first; they stay in the queue.
  std::vector<Job> Due(meta::IntentKind kind, std::size_t limit) EXCLUDES(mutex_);
  // Nanoseconds until something of the kind is due; none when there is nothing.
  std::optional<std::int64_t> NextDueNs(meta::IntentKind kind) EXCLUDES(mutex_);

  // Done, removed from the catalog as well. An error leaves it for the next mount.
  void Finish(const meta::Intent& intent) EXCLUDES(mutex_);
  // Has to wait for something of ours: comes back soon, counts as no attempt.
  void Wait(const meta::Intent& intent) EXCLUDES(mutex_);
  // Failed: comes back after a pause that doubles; recorded in the catalog.
  void Retry(meta::Intent intent, const base::Error& error) EXCLUDES(mutex_);

  std::size_t size(meta::IntentKind kind) const EXCLUDES(mutex_);

 private:
  using Jobs = std::map<std::int64_t, Job>;
  Jobs& JobsOf(meta::IntentKind kind) REQUIRES(mutex_) {
    return kind == meta::IntentKind::kSettle ? settles_ : deletes_;
  }
  void Merge(std::vector<meta::Intent> intents) EXCLUDES(mutex_);

  Context& context_;
  mutable base::Mutex mutex_;
  Jobs settles_ GUARDED_BY(mutex_);
  Jobs deletes_ GUARDED_BY(mutex_);
  meta::IntentId last_ GUARDED_BY(mutex_){};
};

}  // namespace fs
