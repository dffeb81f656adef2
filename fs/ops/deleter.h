// Deleter: deletes objects that nothing refers to any more, in batches, behind the user. A key that
// somebody works on, or that a file of that name is about to take over, waits: other tools then see
// the old object replaced by the new one, never a gap. A key that was taken over is left alone.
// Keys that end in '/' are directories, or objects that stand for one.
// Strays (stray.h) are looked at first. Owned by Maintenance; Pass runs on its thread.
#pragma once

#include <cstddef>
#include <optional>

#include "fs/ops/intent_queue.h"

namespace fs {

class Deleter {
 public:
  Deleter(Context& context, IntentQueue& queue) : context_(context), queue_(queue) {}
  // Deletes one batch of what is due.
  void Pass();

 private:
  enum class Verdict : std::uint8_t { kDelete, kTakenOver, kWait };
  base::Result<Verdict> Judge(meta::Intent& intent);
  // Sets the ETag of what is to be deleted.
  base::Result<Verdict> JudgeStray(meta::Intent& intent);
  // `key` has no '/' at the end.
  base::Result<Verdict> JudgeDirectory(const objclient::ObjectKey& key);
  // True when a file whose object is not in its place yet has the name that `key` stands for.
  base::Result<bool> IsAwaited(const objclient::ObjectKey& key);
  base::Result<std::optional<meta::Inode>> FindEntry(const objclient::ObjectKey& key);

  Context& context_;
  IntentQueue& queue_;
};

}  // namespace fs
