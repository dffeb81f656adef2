// Settler: brings files whose name changed back to key = path (design section 11), by way of the
// mover. Publishes files that have no object yet. A settle intent names a file, or a directory for
// everything below it.
//
// A file whose object another writer removed or replaced stays where it is: there is nothing to
// move. Waits while a file has unsent changes, and while somebody else's bytes are at the target
// key; two files that wait for each other's key are parted through a hidden key.
//
// Owned by Maintenance; Pass runs on its thread, the copies on an executor of the settler's own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/executor.h"
#include "fs/ops/committer.h"
#include "fs/ops/intent_queue.h"
#include "fs/ops/mover.h"

namespace fs {

class Settler {
 public:
  // `stopping` ends a walk through a large directory early.
  Settler(Context& context, IntentQueue& queue, Mover& mover, Committer& committer,
          std::function<bool()> stopping);
  // Works on what is due and waits for it. True when there was anything.
  bool Pass();
  // Files that Pass has still to look at, beyond one for each intent: a directory's may be many.
  std::uint64_t beyond_intents() const { return beyond_intents_.load(); }

 private:
  enum class Outcome : std::uint8_t { kDone, kWait };
  // How the files of one intent fared.
  struct Tally;

  // Not all of them when it is to stop.
  base::Result<std::vector<meta::InodeId>> FilesBelow(meta::InodeId directory);
  void Walk(meta::InodeId directory, const std::shared_ptr<Tally>& tally);
  void Submit(meta::InodeId file, const std::shared_ptr<Tally>& tally);
  base::Result<Outcome> SettleFile(meta::InodeId inode, std::uint32_t waits);
  base::Result<Outcome> SettleIdle(meta::InodeId inode, std::uint32_t waits);
  base::Result<Outcome> Publish(meta::InodeId inode, const std::vector<meta::NamedKey>& paths);
  // True when the file that holds `key` wants to be elsewhere as well.
  base::Result<bool> IsHolderMoving(const objclient::ObjectKey& key);
  base::Result<Outcome> MoveTo(const Mover::Move& move);
  // None when the object is what the catalog says; else what others did to it.
  base::Result<std::optional<base::Error>> FindLoss(const meta::Object& object);

  Context& context_;
  IntentQueue& queue_;
  Mover& mover_;
  Committer& committer_;
  const std::function<bool()> stopping_;
  std::atomic<std::uint64_t> beyond_intents_{0};  // atomic: read while Pass is at work
  base::Executor executor_;
};

}  // namespace fs
