// Refresher: keeps the catalog's directories in step with the bucket (design section 4). A
// directory is listed on first use and again when its listing is older than the volume's refresh
// time; one listing of a directory runs at a time, whoever needs it waits for that one. Keys that
// this mount works on, or worked on since the listing began, are left alone (KeyTable::Listing).
//
// Owned by MountedFilesystem; any thread. Lists on an executor of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"
#include "fs/ops/context.h"

namespace fs {

class Refresher {
 public:
  // `changed` is called when a listing may have left work in the catalog.
  Refresher(Context& context, std::function<void()> changed);

  enum class Freshness : std::uint8_t { kFresh, kStale, kNever };
  // kFresh for what is no directory: there is nothing to list.
  Freshness Check(meta::InodeId directory) EXCLUDES(mutex_);
  // Calls `done` when the directory was listed; null = in the background.
  void List(meta::InodeId directory, DoneStatus done) EXCLUDES(mutex_);
  // In the background, by a listing that begins after this call.
  void ListAfresh(meta::InodeId directory) EXCLUDES(mutex_);
  // List unless fresh; inline then.
  void Ensure(meta::InodeId directory, DoneStatus done);
  // Everything below as well: a rename takes along only what the catalog knows.
  void EnsureTree(meta::InodeId directory, DoneStatus done);
  // True when waiting for a listing that is merely old is quick enough for a single lookup.
  bool IsQuick(meta::InodeId directory) const EXCLUDES(mutex_);

  // Made by this mount: nothing of it is in the bucket.
  void MarkMade(meta::InodeId directory) EXCLUDES(mutex_);
  bool IsMadeHere(meta::InodeId directory) const EXCLUDES(mutex_);
  void Forget(meta::InodeId directory) EXCLUDES(mutex_);

  // Runs a task that may wait for the network, for those who must not.
  void Run(std::function<void()> task) { executor_.Submit(std::move(task)); }
  void Stop() { executor_.Drain(); }

 private:
  struct Directory {
    std::optional<std::int64_t> listed_ns;  // wall time
    bool asked = false;                     // listed_ns is what the catalog says
    bool made_here = false;
    bool listing = false;
    bool again = false;        // once more when it is done
    std::int64_t took_ns = 0;  // the last listing
    std::vector<DoneStatus> waiters;
  };
  base::Status ListNow(meta::InodeId directory) EXCLUDES(mutex_);
  base::Status ListTree(meta::InodeId directory) EXCLUDES(mutex_);
  base::Status Reconcile(meta::InodeId directory, const meta::ListedDirectory& listing,
                         const KeyTable::Listing& busy);
  void ListAndAnswer(meta::InodeId directory) EXCLUDES(mutex_);

  Context& context_;
  const std::function<void()> changed_;
  const std::int64_t opened_ns_;
  mutable base::Mutex mutex_;
  std::unordered_map<std::uint64_t, Directory> directories_ GUARDED_BY(mutex_);
  base::Executor executor_;
};

}  // namespace fs
