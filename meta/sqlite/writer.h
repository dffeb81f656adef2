// Writer: every change goes through here, grouped into shared commits. Callers queue; the head of
// the queue runs all queued operations in one transaction, each inside a savepoint so that one that
// fails (EEXIST) takes nothing else with it, and wakes the others when the commit is on disk as
// asked. A batch with a kSync operation commits under synchronous = FULL, any other under NORMAL.
//
// Owned by SqliteCatalog; any thread. An operation may run on another caller's thread, so it takes
// no lock and calls nothing but the Database. No lock is held while it runs.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "meta/catalog.h"
#include "meta/sqlite/database.h"

namespace meta {

class Writer {
 public:
  using Operation = std::function<base::Status(Database&)>;
  struct Options {
    std::size_t batch_limit = 256;  // operations in one commit
    int checkpoint_frames = 4096;   // pages in the log before it is copied back
    int restart_frames = 4 * 4096;  // ... before readers are waited for, so that it can shrink
  };
  Writer(std::unique_ptr<Database> database, const Options& options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Runs `operation` in a transaction and returns its status once that is committed, or the error
  // that undid it.
  base::Status Run(Durability durability, const Operation& operation) EXCLUDES(mutex_);
  // Makes every earlier commit durable; free when they are already.
  base::Status Sync() EXCLUDES(mutex_);
  // Operations that wait or run.
  std::size_t queued() EXCLUDES(mutex_);

 private:
  struct Request;
  using Batch = std::vector<Request*>;
  void Commit(const Batch& batch);
  base::Status CommitAll(const Batch& batch, bool sync);
  base::Status RunInSavepoint(const Request& request);
  base::Status SetSynchronous(bool full);

  const Options options_;
  // Used by the head of the queue only.
  const std::unique_ptr<Database> database_;
  bool full_ = false;     // the connection's synchronous mode
  bool unsynced_ = true;  // commits may be missing after a power cut; those of a former process too

  base::Mutex mutex_;
  std::deque<Request*> queue_ GUARDED_BY(mutex_);
};

}  // namespace meta
