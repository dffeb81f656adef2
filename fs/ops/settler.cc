#include "fs/ops/settler.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/digest/digest.h"
#include "base/log.h"
#include "fs/object_naming.h"
#include "fs/ops/upload_target.h"

namespace fs {
namespace {

constexpr std::size_t kThreads = 6;   // copies at a time: a background load on the store
constexpr std::size_t kIntents = 64;  // of one pass
constexpr std::size_t kDirectoryPage = 1000;
constexpr std::uint32_t kPartAfter = 2;  // times a file waits for a key before it steps aside
constexpr std::size_t kTokenBytes = 16;

bool MayBeLost(const base::Error& error) {
  return MeansTaken(error) || error.error_class() == base::ErrorClass::kNotFound;
}

// Nothing of it is unsent or about to be sent.
bool IsIdle(const FileInode& file) {
  return file.state() == FileInode::State::kClean && !file.CommitIsNear();
}

}  // namespace

struct Settler::Tally {
  Tally(IntentQueue::Job what, std::atomic<std::uint64_t>& beyond_intents)
      : job(std::move(what)), beyond(beyond_intents) {}
  ~Tally() { beyond -= more; }
  // So many files; the intent stands for one of them.
  void Expect(std::uint64_t files) {
    base::MutexLock lock(mutex);
    more = std::max<std::uint64_t>(files, 1) - 1;
    beyond += more;
  }
  void Begin() {
    base::MutexLock lock(mutex);
    ++pending;
  }
  void End(const base::Result<Outcome>& outcome) {
    base::MutexLock lock(mutex);
    if (!outcome.ok()) {
      error = outcome.error();
    } else if (*outcome == Outcome::kWait) {
      waits = true;
    }
    if (more > 0) {
      --more;
      --beyond;
    }
    if (--pending == 0) done.NotifyAll();
  }
  void Await() {
    base::MutexLock lock(mutex);
    while (pending > 0) done.Wait(mutex);
  }

  const IntentQueue::Job job;
  std::atomic<std::uint64_t>& beyond;  // of all tallies
  base::Mutex mutex;
  base::CondVar done;
  std::size_t pending GUARDED_BY(mutex) = 0;
  std::uint64_t more GUARDED_BY(mutex) = 0;  // of the expected, but the last
  bool waits GUARDED_BY(mutex) = false;
  std::optional<base::Error> error GUARDED_BY(mutex);
};

Settler::Settler(Context& context, IntentQueue& queue, Mover& mover, Committer& committer,
                 std::function<bool()> stopping)
    : context_(context),
      queue_(queue),
      mover_(mover),
      committer_(committer),
      stopping_(std::move(stopping)),
      executor_({.name = "settle", .threads = kThreads, .queue_limit = kThreads}) {}

bool Settler::Pass() {
  mover_.ResolveGone();
  std::vector<std::shared_ptr<Tally>> tallies;
  for (IntentQueue::Job& job : queue_.Due(meta::IntentKind::kSettle, kIntents)) {
    auto tally = std::make_shared<Tally>(std::move(job), beyond_intents_);
    tallies.push_back(tally);
    const auto inode = context_.catalog.GetInode(tally->job.intent.inode);
    if (!inode.ok()) {
      const bool gone = inode.error().error_class() == base::ErrorClass::kNotFound;
      tally->Begin();
      tally->End(gone ? base::Result<Outcome>(Outcome::kDone) : inode.error());
    } else if (inode->is_dir()) {
      Walk(inode->id, tally);
    } else if (inode->is_file()) {
      Submit(inode->id, tally);
    }
  }
  for (const auto& tally : tallies) {
    tally->Await();
    base::MutexLock lock(tally->mutex);
    const auto error = tally->error;
    const bool waits = tally->waits;
    lock.Unlock();
    if (error) {
      LOG_WARN("settle inode={}: {}", meta::Raw(tally->job.intent.inode), error->ToString());
      queue_.Retry(tally->job.intent, *error);
    } else if (waits) {
      queue_.Wait(tally->job.intent);
    } else {
      queue_.Finish(tally->job.intent);
    }
  }
  return !tallies.empty();
}

base::Result<std::vector<meta::InodeId>> Settler::FilesBelow(meta::InodeId directory) {
  std::vector<meta::InodeId> files;
  std::vector<meta::InodeId> directories{directory};
  while (!directories.empty() && !stopping_()) {
    const meta::InodeId next = directories.back();
    directories.pop_back();
    std::string after;
    for (;;) {
      TRY_ASSIGN(const auto entries, context_.catalog.ReadDir(next, after, kDirectoryPage));
      for (const meta::DirEntry& entry : entries) {
        if (entry.inode.is_dir()) directories.push_back(entry.inode.id);
        if (entry.inode.is_file()) files.push_back(entry.inode.id);
      }
      if (entries.size() < kDirectoryPage) break;
      after = entries.back().name;
    }
  }
  return files;
}

void Settler::Walk(meta::InodeId directory, const std::shared_ptr<Tally>& tally) {
  const auto files = FilesBelow(directory);
  if (files.ok()) {
    // Counted ahead for people, who wait for it when they unmount.
    tally->Expect(files->size());
    for (const meta::InodeId file : *files) {
      if (stopping_()) break;
      Submit(file, tally);
    }
    if (!stopping_()) return;
  }
  tally->Begin();
  tally->End(files.ok() ? base::Result<Outcome>(Outcome::kWait) : files.error());
}

void Settler::Submit(meta::InodeId file, const std::shared_ptr<Tally>& tally) {
  tally->Begin();
  executor_.Submit([this, file, tally] { tally->End(SettleFile(file, tally->job.waits)); });
}

base::Result<Settler::Outcome> Settler::SettleFile(meta::InodeId inode, std::uint32_t waits) {
  if (const InodeRef file = context_.inodes.Find(inode); file && !IsIdle(*file)) {
    if (file->CommitIsNear() || !mover_.IsUnderWay(inode)) return Outcome::kWait;
    // Those who read between the changes want it back.
    const FileInode::Turn turn = file->TakeAll();
    if (!IsIdle(*file)) TRY(mover_.PutBack(inode));
    return Outcome::kWait;
  }
  // A store that must copy by now may have moved before.
  const bool moves = context_.store.capabilities().moves || mover_.IsUnderWay(inode);
  if (!moves) return SettleIdle(inode, waits);
  // An object that moves leaves its old key before the catalog knows: nobody may begin to build on
  // it meanwhile.
  const InodeRef file = context_.inodes.Acquire(inode);
  const FileInode::Turn turn = file->TakeAll();
  if (!IsIdle(*file)) return Outcome::kWait;
  TRY_ASSIGN(const bool resolved, mover_.Resolve(inode));
  return resolved ? SettleIdle(inode, waits) : Outcome::kWait;
}

base::Result<Settler::Outcome> Settler::SettleIdle(meta::InodeId inode, std::uint32_t waits) {
  const auto paths = context_.catalog.Paths(inode);
  if (!paths.ok() && paths.error().error_class() == base::ErrorClass::kNotFound) {
    return Outcome::kDone;
  }
  if (!paths.ok()) return paths.error();
  if (paths->empty()) return Outcome::kDone;
  TRY_ASSIGN(const auto extents, context_.catalog.GetExtents(inode));
  if (extents.empty()) return Publish(inode, *paths);

  Mover::Move move{inode, extents.front().object, NativeKey(paths->front().key)};
  for (const meta::NamedKey& path : *paths) {
    if (NativeKey(path.key) == move.object.key) return Outcome::kDone;
  }
  if (!IsNativeKey(move.target, context_.store.capabilities().key_bytes_max)) return Outcome::kDone;
  const auto outcome = MoveTo(move);
  const bool waiting = outcome.ok() && *outcome == Outcome::kWait;
  if (!waiting || waits < kPartAfter || move.object.key.starts_with(kHiddenPrefix)) return outcome;
  // Perhaps a ring of files that each hold the next one's key: step aside.
  TRY_ASSIGN(const bool ring, IsHolderMoving(move.target));
  if (!ring) return Outcome::kWait;
  move.target = HiddenKey(base::RandomHex(kTokenBytes));
  const auto aside = MoveTo(move);
  if (!aside.ok()) return aside;
  return Outcome::kWait;
}

base::Result<bool> Settler::IsHolderMoving(const objclient::ObjectKey& key) {
  TRY_ASSIGN(const auto holder, context_.catalog.FindKey(key));
  if (!holder || !holder->inode) return false;
  TRY_ASSIGN(const auto paths, context_.catalog.Paths(*holder->inode));
  for (const meta::NamedKey& path : paths) {
    if (NativeKey(path.key) == key) return false;
  }
  return !paths.empty();
}

// Empty files: the catalog names their object by its key only.
base::Result<Settler::Outcome> Settler::Publish(meta::InodeId inode,
                                                const std::vector<meta::NamedKey>& paths) {
  for (const meta::NamedKey& path : paths) {
    TRY_ASSIGN(const auto holder, context_.catalog.FindKey(NativeKey(path.key)));
    if (holder && holder->inode == inode) return Outcome::kDone;
  }
  const InodeRef file = context_.inodes.Acquire(inode);
  // Whoever has it open for writing publishes it with its close.
  if (file->writers() > 0) return Outcome::kWait;
  file->SetUnpublished();
  committer_.Request(file, nullptr);
  return Outcome::kWait;
}

base::Result<Settler::Outcome> Settler::MoveTo(const Mover::Move& move) {
  const KeyTable::Hold source = context_.store.capabilities().moves
                                    ? context_.keys.TryLockUnmarked(move.object.key)
                                    : context_.keys.TryLock(move.object.key);
  KeyTable::Hold target = context_.keys.TryLockUnmarked(move.target);
  if (!source || !target) return Outcome::kWait;
  TRY_ASSIGN(const auto holder, context_.catalog.FindKey(move.target));
  if (holder && holder->inode) return Outcome::kWait;
  objclient::Precondition precondition{.if_absent = true, .if_match = {}};
  if (holder) {
    precondition = {.if_absent = false, .if_match = holder->object.etag};
  } else {
    TRY_ASSIGN(const bool blocked, IsObstructed(context_, move.target));
    if (blocked) return Outcome::kWait;
  }
  const base::Status moved = mover_.Run(move, std::move(precondition), target);
  if (moved.ok()) return Outcome::kDone;
  if (!MayBeLost(moved.error())) return moved.error();
  TRY_ASSIGN(const auto loss, FindLoss(move.object));
  if (!loss) return moved.error();
  TRY(context_.catalog.LoseObject(move.inode, move.object.id));
  LOG_ERROR("settle inode={}: {}; it cannot be moved to key={}", meta::Raw(move.inode),
            loss->ToString(), move.target);
  context_.last_error.Set(*loss);
  return Outcome::kDone;
}

base::Result<std::optional<base::Error>> Settler::FindLoss(const meta::Object& object) {
  const auto source = context_.store.Head(object.key);
  const bool missing = !source.ok() && source.error().error_class() == base::ErrorClass::kNotFound;
  if (!source.ok() && !missing) return source.error();
  if (source.ok() && source->etag == object.etag) return std::optional<base::Error>();
  return std::optional(
      base::Error(base::ErrorClass::kConflict, "another writer of the bucket has " +
                                                   std::string(missing ? "removed" : "replaced") +
                                                   " the object key=" + object.key));
}

}  // namespace fs
