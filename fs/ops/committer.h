// Committer: close and fsync. Brings a file's stage into the bucket as one object, then into the
// catalog in one transaction, then hands its bytes to the cache. Runs on a bounded executor;
// callers that ask for the same file before its commit runs share it.
//
// A precondition that fails means that somebody else wrote the key: both sides are kept, theirs as
// KEY.conflict-ETAG. Any other failure leaves the stage persisted on the local disk and recorded
// (kPending), answers everyone who waited, and is tried again with growing pauses until it works.
// Changes to an object that somebody else took away can never be sent: they are set aside.
//
// Owned by MountedFilesystem; any thread. Waits for the network on its own threads only.
#pragma once

#include <atomic>
#include <functional>

#include "base/executor.h"
#include "fs/ops/context.h"
#include "fs/ops/mover.h"

namespace fs {

class Committer {
 public:
  // `changed` is called after commits, which may have left work (settles, deletes) in the catalog;
  // `replaced` when the bucket turned out to have something else of a file, or nothing.
  Committer(Context& context, Mover& mover, std::function<void()> changed,
            std::function<void(meta::InodeId)> replaced);

  // `done` may be called inline when there is nothing to commit; null = nobody waits.
  void Request(const InodeRef& file, DoneStatus done);
  // Drops the stage of a file without names once nobody has it open.
  void DiscardIfOrphan(const InodeRef& file);
  // Tries a file with a failed commit again, later.
  void RetryLater(const InodeRef& file);
  // No retries any more; runs out what was requested.
  void Stop();

 private:
  void Run(const InodeRef& file);
  base::Status Commit(const InodeRef& file);
  base::Result<objclient::ObjectHead> Store(FileInode& file, cache::StagedFile& stage);
  base::Result<objclient::Precondition> KeepBoth(const UploadRecord& record);
  base::Status Publish(FileInode& file, cache::StagedFile& stage,
                       const objclient::ObjectHead& head);
  void FinishPublish(FileInode& file, const ContentPtr& before, const Overlay& committed,
                     ContentPtr after);
  void Fail(FileInode& file, cache::StagedFile& stage, const base::Error& error);
  void GiveUp(FileInode& file, const base::Error& error);

  Context& context_;
  Mover& mover_;
  const std::function<void()> changed_;
  const std::function<void(meta::InodeId)> replaced_;
  std::atomic<bool> stopping_{false};  // atomic: read by timer callbacks
  base::Executor executor_;
  base::Timer retry_timer_;  // last: its callbacks use the executor
};

}  // namespace fs
