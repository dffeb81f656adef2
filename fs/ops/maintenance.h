// Maintenance: what goes on behind the user: settles and deletes, each on a thread of its own, fed
// by the catalog's intents. Owned by MountedFilesystem; any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "fs/ops/committer.h"
#include "fs/ops/deleter.h"
#include "fs/ops/intent_queue.h"
#include "fs/ops/settler.h"
#include "fs/ops/worker.h"

namespace fs {

class Maintenance {
 public:
  Maintenance(Context& context, Mover& mover, Committer& committer);
  ~Maintenance() { Stop(); }

  void Start();
  // The catalog may hold new intents.
  void Wake();
  // Nothing rests any more: everything known is done as soon as it can be.
  void Hurry();
  void Stop();

  struct Backlog {
    std::uint64_t settles = 0;
    std::uint64_t moves = 0;  // files that the settles are about, as far as they are counted
    std::uint64_t deletes = 0;
  };
  // Exact but for `moves`: asks the catalog for what is new.
  Backlog CountBacklog();

 private:
  std::chrono::milliseconds Pause(meta::IntentKind kind);

  std::atomic<bool> started_{false};   // atomic: commits of the replay wake us before we start
  std::atomic<bool> stopping_{false};  // atomic: read in the middle of a pass
  IntentQueue queue_;
  Settler settler_;
  Deleter deleter_;
  std::unique_ptr<Worker> delete_worker_;  // these two unset until Start, constant from then on
  std::unique_ptr<Worker> settle_worker_;
};

}  // namespace fs
