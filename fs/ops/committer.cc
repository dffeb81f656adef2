#include "fs/ops/committer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "fs/ops/set_aside.h"
#include "fs/ops/upload_target.h"

namespace fs {
namespace {

constexpr int kConflictRounds = 4;                     // foreign writers met in one commit
constexpr std::size_t kQueueLimit = 1u << 16;          // files waiting for a commit thread
constexpr std::chrono::milliseconds kRetryMax{60000};  // longest pause between two tries

// What is not sent when the time is up is persisted, for the next mount.
base::Result<objclient::ObjectHead> Stopping() {
  return base::Error(base::ErrorClass::kCancelled, "unmounted before the bytes were sent");
}

}  // namespace

Committer::Committer(Context& context, Mover& mover, std::function<void()> changed,
                     std::function<void(meta::InodeId)> replaced)
    : context_(context),
      mover_(mover),
      changed_(std::move(changed)),
      replaced_(std::move(replaced)),
      executor_({.name = "commit",
                 .threads = std::max<std::size_t>(context.options.commit_threads, 1),
                 .queue_limit = kQueueLimit}),
      retry_timer_("commit-retry") {}

void Committer::Request(const InodeRef& file, DoneStatus done) {
  std::optional<base::Error> remembered;
  switch (file->JoinCommit(done, &remembered)) {
    case FileInode::Join::kNothing:
      if (done) done(remembered ? base::Status(*remembered) : base::Ok());
      return;
    case FileInode::Join::kJoined:
      return;
    case FileInode::Join::kStart:
      executor_.Submit([this, file] { Run(file); });
      return;
  }
}

void Committer::Run(const InodeRef& file) {
  base::Status status;
  std::vector<DoneStatus> waiters;
  {
    const FileInode::Turn turn = file->TakeAll();
    if (!file->orphan()) {
      status = Commit(file);
    } else if (file->vanished()) {
      status = FileInode::Vanished();  // its last name was not taken by this mount
    }
    // Still alone: who joins now is answered with a status that covers all its writes.
    waiters = file->TakeWaiters(status);
  }
  DiscardIfOrphan(file);
  // Before the answers: who has one may make the next error.
  if (status.ok()) context_.last_error.Clear();
  for (const DoneStatus& done : waiters) done(status);
  if (!status.ok() && !file->orphan() && file->state() == FileInode::State::kFailed) {
    RetryLater(file);
  }
  changed_();
}

base::Status Committer::Commit(const InodeRef& file) {
  TRY_ASSIGN(const auto stage, EnsureStage(context_, file));
  file->BeginCommit();
  const auto head = stopping_.load() ? Stopping() : Store(*file, *stage);
  const base::Status status = head.ok() ? Publish(*file, *stage, *head) : head.error();
  if (status.ok()) return status;
  Fail(*file, *stage, status.error());
  if (cache::IsBaseLost(status.error())) GiveUp(*file, status.error());
  return status;
}

base::Result<objclient::ObjectHead> Committer::Store(FileInode& file, cache::StagedFile& stage) {
  auto record = file.upload();
  std::optional<objclient::Precondition> condition;
  if (record && record->stored) {
    if (record->stored_is_all) return *record->stored;
    condition = {.if_absent = false, .if_match = record->stored->etag};
  }
  TRY(mover_.PutBack(file.id()));
  auto head = stage.Commit(condition ? &*condition : nullptr);
  for (int round = 0; round < kConflictRounds; ++round) {
    record = file.upload();
    if (head.ok() || head.error().error_class() != base::ErrorClass::kConflict || !record) break;
    TRY_ASSIGN(condition, KeepBoth(*record));
    head = stage.Commit(&*condition);
  }
  if (!head.ok()) return head;
  if (!record) return base::Error(base::ErrorClass::kBug, "a commit that chose no key");
  record->stored = *head;
  record->stored_is_all = true;
  file.UpdateUpload(*record);
  return head;
}

base::Result<objclient::Precondition> Committer::KeepBoth(const UploadRecord& record) {
  const objclient::ObjectKey& key = record.intent.key;
  const auto theirs = context_.store.Head(key);
  if (!theirs.ok()) {
    if (theirs.error().error_class() != base::ErrorClass::kNotFound) return theirs.error();
    return objclient::Precondition{.if_absent = true, .if_match = {}};
  }
  // An attempt of ours whose answer was lost, perhaps in a former process.
  if (record.tokens.Made(*theirs)) {
    return objclient::Precondition{.if_absent = false, .if_match = theirs->etag};
  }
  TRY(mover_.KeepAside(key, theirs->etag, record.intent.inode));
  return objclient::Precondition{.if_absent = false, .if_match = theirs->etag};
}

base::Status Committer::Publish(FileInode& file, cache::StagedFile& stage,
                                const objclient::ObjectHead& head) {
  const auto record = file.upload();
  const auto overlay = file.overlay();
  if (head.size != overlay->size) {
    return base::Error(base::ErrorClass::kBug, "the object is not as long as the file");
  }
  TRY_ASSIGN(const ContentPtr before, LoadContent(context_, file));
  meta::Catalog::Commit commit;
  commit.inode = file.id();
  commit.size = overlay->size;
  commit.mtime_ns = overlay->mtime_ns;
  commit.ctime_ns = overlay->ctime_ns;
  commit.object = meta::Object{{}, record->intent.key, head.etag, overlay->size, stage.Sums()};
  commit.finished = record->intent.id;
  TRY_ASSIGN(commit.object->id, context_.catalog.CommitContent(commit, meta::Durability::kSync));

  const cache::ObjectRef object = ToRef(*commit.object);
  context_.inodes.CountCommit();
  stage.Adopt(object);
  auto after = std::make_shared<Content>();
  after->size = overlay->size;
  after->objects.push_back(object);
  if (after->size > 0) after->extents.push_back({0, after->size, 0, object});
  FinishPublish(file, before, *overlay, std::move(after));
  return base::Ok();
}

void Committer::FinishPublish(FileInode& file, const ContentPtr& before, const Overlay& committed,
                              ContentPtr after) {
  const FileInode::Dropped dropped = file.CommitDone(std::move(after));
  context_.inodes.LetGo(file.id());
  for (const cache::ObjectRef& old : before->objects) context_.cache.Forget(old.id);
  if (dropped.mtime_ns == committed.mtime_ns) return;
  // utimens came between the question and the transaction, which wrote over it.
  meta::AttrChange change;
  change.mtime_ns = dropped.mtime_ns;
  if (const auto set = context_.catalog.SetAttr(file.id(), change, context_.Now()); !set.ok()) {
    LOG_ERROR("mtime inode={}: {}", meta::Raw(file.id()), set.error().ToString());
  }
}

void Committer::Fail(FileInode& file, cache::StagedFile& stage, const base::Error& error) {
  LOG_WARN("commit inode={}: {}; the bytes stay staged", meta::Raw(file.id()), error.ToString());
  context_.last_error.Set(error);
  UploadRecord record;
  if (auto known = file.upload()) record = std::move(*known);
  const auto manifest = stage.Persist();
  base::Status saved = manifest.ok() ? base::Ok() : base::Status(manifest.error());
  if (manifest.ok()) {
    meta::Intent& intent = record.intent;
    intent.kind = meta::IntentKind::kUpload;
    intent.inode = file.id();
    intent.stage = stage.name();
    intent.payload = PendingUpload{file.overlay()->mtime_ns, record.tokens, *manifest}.ToPayload();
    intent.state = meta::UploadState::kPending;
    intent.last_error = error.message();
    ++intent.attempts;
    if (intent.id != meta::IntentId{}) {
      saved = context_.catalog.UpdateIntent(intent, meta::Durability::kSync);
    } else if (const auto id = context_.catalog.AddIntent(intent, meta::Durability::kSync);
               id.ok()) {
      intent.id = *id;
    } else {
      saved = id.error();
    }
    file.UpdateUpload(std::move(record));
  }
  if (!saved.ok()) {
    LOG_ERROR("keep stage of inode={}: {}", meta::Raw(file.id()), saved.error().ToString());
  }
  file.CommitFailed(saved.ok());
}

void Committer::GiveUp(FileInode& file, const base::Error& error) {
  const auto path = SetAside(context_, file);
  if (!path.ok()) {
    LOG_ERROR("set changes of inode={} aside: {}", meta::Raw(file.id()), path.error().ToString());
    return;
  }
  LOG_ERROR("conflict inode={}: {}; the changes are in {}", meta::Raw(file.id()), error.ToString(),
            path->string());
  replaced_(file.id());
}

void Committer::DiscardIfOrphan(const InodeRef& file) {
  // A commit under way comes here itself when it is over.
  if (!file->orphan() || file->handles() > 0 || file->CommitIsNear()) return;
  const FileInode::Turn turn = file->TakeAll();
  if (file->handles() == 0 && file->stage() != nullptr) DiscardStage(context_, *file);
}

void Committer::RetryLater(const InodeRef& file) {
  if (stopping_.load() || !file->ClaimRetry()) return;
  const std::uint32_t doublings = std::min<std::uint32_t>(std::max(file->failures(), 1u) - 1, 16);
  const auto pause = std::min<std::chrono::milliseconds>(
      std::chrono::milliseconds(context_.options.retry_pending_ms) * (1u << doublings), kRetryMax);
  // By number: a file that is unlinked meanwhile must not wait for its retry to be released.
  retry_timer_.After(pause, [this, id = file->id()] {
    const InodeRef waiting = context_.inodes.Find(id);
    if (!waiting) return;
    waiting->RetryFired();
    if (!stopping_.load()) Request(waiting, nullptr);
  });
}

void Committer::Stop() {
  stopping_.store(true);
  executor_.Drain();
}

}  // namespace fs
