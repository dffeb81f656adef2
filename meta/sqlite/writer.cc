#include "meta/sqlite/writer.h"

#include <algorithm>

namespace meta {

struct Writer::Request {
  const Operation& operation;
  const Durability durability;
  base::Status status;
  base::CondVar turn;  // done, or first in the queue
  bool done = false;
};

Writer::Writer(std::unique_ptr<Database> database, const Options& options)
    : options_(options), database_(std::move(database)) {}

Writer::~Writer() = default;

base::Status Writer::Run(Durability durability, const Operation& operation) {
  Request request{operation, durability, {}, {}, false};
  base::MutexLock lock(mutex_);
  queue_.push_back(&request);
  while (!request.done && queue_.front() != &request) request.turn.Wait(mutex_);
  if (request.done) return request.status;

  // The head: nobody else touches the database until it leaves the queue.
  const auto count = std::min(queue_.size(), options_.batch_limit);
  const Batch batch(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  lock.Unlock();
  Commit(batch);
  lock.Lock();
  for (Request* each : batch) {
    queue_.pop_front();
    if (each == &request) continue;
    each->done = true;
    each->turn.NotifyOne();
  }
  if (!queue_.empty()) queue_.front()->turn.NotifyOne();
  return request.status;
}

base::Status Writer::Sync() {
  return Run(Durability::kSync, [](Database&) { return base::Ok(); });
}

std::size_t Writer::queued() {
  base::MutexLock lock(mutex_);
  return queue_.size();
}

void Writer::Commit(const Batch& batch) {
  const bool sync = std::any_of(batch.begin(), batch.end(), [](const Request* request) {
    return request->durability == Durability::kSync;
  });
  const base::Status committed = CommitAll(batch, sync);
  if (!committed.ok()) {
    // Nothing of the batch is in the file: who was told nothing yet must not hear of success.
    if (database_->in_transaction()) {
      const base::Status rolled_back = database_->Run("ROLLBACK");
      (void)rolled_back;
    }
    for (Request* request : batch) {
      if (request->status.ok()) request->status = committed;
    }
    return;
  }
  if (database_->wal_frames() >= options_.checkpoint_frames)
    database_->Checkpoint(database_->wal_frames() >= options_.restart_frames);
}

base::Status Writer::CommitAll(const Batch& batch, bool sync) {
  TRY(SetSynchronous(sync));
  TRY(database_->Run("BEGIN IMMEDIATE"));
  bool wrote = false;
  for (Request* request : batch) {
    const std::int64_t changes = database_->total_changes();
    request->status = batch.size() == 1 ? request->operation(*database_) : RunInSavepoint(*request);
    if (!request->status.ok() && batch.size() == 1) return request->status;
    if (!database_->in_transaction()) return request->status;  // SQLite rolled all of it back
    wrote = wrote || (request->status.ok() && database_->total_changes() != changes);
  }
  if (sync && unsynced_ && !wrote) {  // a commit that writes nothing is no fsync
    TRY(database_->Run("UPDATE volume SET syncs = syncs + 1"));
    wrote = true;
  }
  TRY(database_->Run("COMMIT"));
  if (wrote) unsynced_ = !sync;
  return base::Ok();
}

base::Status Writer::RunInSavepoint(const Request& request) {
  TRY(database_->Run("SAVEPOINT operation"));
  const base::Status status = request.operation(*database_);
  if (!database_->in_transaction()) return status;
  if (!status.ok()) TRY(database_->Run("ROLLBACK TO operation"));
  TRY(database_->Run("RELEASE operation"));
  return status;
}

base::Status Writer::SetSynchronous(bool full) {
  if (full == full_) return base::Ok();
  // Takes effect while it is compiled, so a cached statement would do nothing.
  TRY(database_->Execute(full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  full_ = full;
  return base::Ok();
}

}  // namespace meta
