#include "fs/ops/mover.h"

#include <utility>
#include <vector>

#include "base/log.h"
#include "fs/object_naming.h"

namespace fs {
namespace {

constexpr std::size_t kPage = 1000;

bool MeansMissing(const base::Error& error) {
  return error.error_class() == base::ErrorClass::kNotFound;
}

// The store said no: nothing of the request can have happened.
bool IsAnswer(const base::Error& error) {
  return !base::IsRetryable(error) && error.error_class() != base::ErrorClass::kCancelled;
}

// The same upload's object, wherever it is.
bool IsSame(const objclient::ObjectHead& one, const objclient::ObjectHead& other) {
  if (one.size != other.size) return false;
  if (one.etag == other.etag) return true;
  const auto token = one.metadata.find(cache::kUploadTokenName);
  const auto same = other.metadata.find(cache::kUploadTokenName);
  return token != one.metadata.end() && same != other.metadata.end() &&
         token->second == same->second;
}

}  // namespace

bool MeansTaken(const base::Error& error) {
  return error.error_class() == base::ErrorClass::kConflict ||
         error.error_class() == base::ErrorClass::kExists;
}

base::Status Mover::Recall() {
  meta::IntentId after{};
  for (;;) {
    TRY_ASSIGN(const auto page, context_.catalog.ListIntents(after, kPage));
    base::MutexLock lock(mutex_);
    for (const meta::Intent& intent : page) {
      if (intent.kind != meta::IntentKind::kMove) continue;
      open_[intent.inode] = {intent, context_.keys.TryLock(intent.key)};
    }
    if (page.size() < kPage) return base::Ok();
    after = page.back().id;
  }
}

void Mover::Recover() {
  for (const meta::InodeId inode : OpenMoves()) {
    const InodeRef file = context_.inodes.Acquire(inode);
    // The commit of what a former process could not send wants it back.
    if (file->stage() != nullptr) continue;
    const FileInode::Turn turn = file->TakeAll();
    const auto resolved = Resolve(inode);
    if (!resolved.ok()) {
      LOG_WARN("move of inode={}: {}", meta::Raw(inode), resolved.error().ToString());
    }
  }
}

void Mover::ResolveGone() {
  for (const meta::InodeId inode : OpenMoves()) {
    const auto file = context_.catalog.GetInode(inode);
    if (file.ok() || !MeansMissing(file.error())) continue;
    const auto resolved = Resolve(inode);
    if (!resolved.ok()) {
      LOG_WARN("move of inode={}: {}", meta::Raw(inode), resolved.error().ToString());
    }
  }
}

std::optional<meta::Intent> Mover::OpenMove(meta::InodeId inode) const {
  base::MutexLock lock(mutex_);
  const auto found = open_.find(inode);
  return found == open_.end() ? std::nullopt : std::optional(found->second.intent);
}

std::vector<meta::InodeId> Mover::OpenMoves() const {
  base::MutexLock lock(mutex_);
  std::vector<meta::InodeId> inodes;
  for (const auto& [inode, begun] : open_) inodes.push_back(inode);
  return inodes;
}

bool Mover::LockTarget(meta::InodeId inode) {
  base::MutexLock lock(mutex_);
  const auto found = open_.find(inode);
  if (found == open_.end()) return false;
  Begun& begun = found->second;
  if (!begun.target_lock) begun.target_lock = context_.keys.TryLock(begun.intent.key);
  return static_cast<bool>(begun.target_lock);
}

base::Status Mover::Open(const Move& move) {
  meta::Intent intent;
  intent.kind = meta::IntentKind::kMove;
  intent.inode = move.inode;
  intent.key = move.target;
  intent.etag = move.object.etag;
  intent.object = move.object.id;
  TRY_ASSIGN(intent.id, context_.catalog.AddIntent(intent, meta::Durability::kSync));
  base::MutexLock lock(mutex_);
  open_[move.inode] = {std::move(intent), {}};
  return base::Ok();
}

base::Status Mover::Close(meta::InodeId inode) {
  const auto intent = OpenMove(inode);
  if (!intent) return base::Ok();
  TRY(context_.catalog.RemoveIntent(intent->id));
  base::MutexLock lock(mutex_);
  open_.erase(inode);
  return base::Ok();
}

base::Result<bool> Mover::Resolve(meta::InodeId inode) {
  const auto moved = OpenMove(inode);
  if (!moved) return true;
  if (!LockTarget(inode)) return false;
  TRY_ASSIGN(const auto there, FindMoved(*moved));
  if (there) TRY(Adopt(*moved, *there));
  TRY(Close(inode));
  return true;
}

base::Status Mover::PutBack(meta::InodeId inode) {
  const auto moved = OpenMove(inode);
  if (!moved) return base::Ok();
  TRY_ASSIGN(const auto object, ObjectOf(inode));
  if (!object || object->id != moved->object || !LockTarget(inode)) return base::Ok();
  TRY_ASSIGN(const auto there, FindMoved(*moved));
  if (there) {
    const auto back = context_.store.Move({.source = moved->key,
                                           .source_if_match = moved->etag,
                                           .target = object->key,
                                           .precondition = {.if_absent = true, .if_match = {}},
                                           .metadata = std::nullopt});
    if (!back.ok() && !IsAnswer(back.error())) return back.error();
    LOG_INFO("move of inode={}: {}", meta::Raw(inode),
             back.ok() ? "it is back at key=" + object->key : back.error().ToString());
    if (!back.ok()) return base::Ok();
  }
  return Close(inode);
}

base::Result<std::optional<objclient::ObjectHead>> Mover::FindMoved(const meta::Intent& moved) {
  auto there = context_.store.Head(moved.key);
  if (!there.ok() && !MeansMissing(there.error())) return there.error();
  if (!there.ok() || there->etag != moved.etag) return std::optional<objclient::ObjectHead>();
  return std::optional(std::move(*there));
}

base::Status Mover::Adopt(const meta::Intent& moved, const objclient::ObjectHead& there) {
  TRY_ASSIGN(const auto holder, context_.catalog.FindKey(moved.key));
  if (holder && holder->object.etag == there.etag) return base::Ok();
  TRY_ASSIGN(const auto object, ObjectOf(moved.inode));
  if (!object || object->id != moved.object) return Drop(moved.key, there.etag);
  LOG_INFO("move of inode={}: it is at key={}", meta::Raw(moved.inode), moved.key);
  return Swap({moved.inode, *object, moved.key}, true, there);
}

base::Result<std::optional<meta::Object>> Mover::ObjectOf(meta::InodeId inode) {
  const auto extents = context_.catalog.GetExtents(inode);
  if (!extents.ok() && !MeansMissing(extents.error())) return extents.error();
  if (!extents.ok() || extents->empty()) return std::optional<meta::Object>();
  return std::optional(extents->front().object);
}

base::Status Mover::Run(const Move& move, objclient::Precondition precondition,
                        KeyTable::Hold& target_lock) {
  // Asked once: a store may find out in between that it must copy.
  const bool moves = context_.store.capabilities().moves;
  if (!moves) {
    TRY_ASSIGN(const objclient::ObjectHead copied, Bring(move, false, std::move(precondition)));
    return Swap(move, false, copied);
  }
  TRY(Open(move));
  const auto moved = Bring(move, true, std::move(precondition));
  const base::Status known = moved.ok() ? Swap(move, true, *moved) : base::Status(moved.error());
  if (known.ok() || (!moved.ok() && IsAnswer(moved.error()))) {
    TRY(Close(move.inode));
    return known;
  }
  base::MutexLock lock(mutex_);
  open_[move.inode].target_lock = std::move(target_lock);
  return known;
}

base::Result<objclient::ObjectHead> Mover::Bring(const Move& move, bool moves,
                                                 objclient::Precondition precondition) {
  objclient::CopyRequest request{.source = move.object.key,
                                 .source_if_match = move.object.etag,
                                 .target = move.target,
                                 .precondition = std::move(precondition),
                                 .metadata = std::nullopt};
  const auto send = [&] {
    return moves ? context_.store.Move(request) : context_.store.Copy(request);
  };
  const auto sent = send();
  const bool refused =
      !sent.ok() && (MeansTaken(sent.error()) || (moves && MeansMissing(sent.error())));
  if (!refused) return sent;

  auto source = context_.store.Head(move.object.key);
  const bool missing = !source.ok() && MeansMissing(source.error());
  if (!source.ok() && !(moves && missing)) return source;
  // Replaced by others: nothing of ours to move.
  if (source.ok() && source->etag != move.object.etag) return sent;
  const auto there = context_.store.Head(move.target);
  if (!there.ok() && !MeansMissing(there.error())) return there;
  if (missing) {
    const bool arrived =
        there.ok() && there->etag == move.object.etag && there->size == move.object.size;
    return arrived ? there : sent;
  }
  if (!there.ok()) {
    request.precondition = {.if_absent = true, .if_match = {}};
    return send();
  }
  // The copy of an attempt whose answer was lost.
  if (!moves && IsSame(*there, *source)) return there;
  TRY(KeepAside(move.target, there->etag, move.inode));
  request.precondition = {.if_absent = false, .if_match = there->etag};
  return send();
}

base::Status Mover::KeepAside(const objclient::ObjectKey& key, const std::string& etag,
                              meta::InodeId inode) {
  const objclient::ObjectKey kept = ConflictKey(key, etag);
  const auto saved = context_.store.Copy({.source = key,
                                          .source_if_match = etag,
                                          .target = kept,
                                          .precondition = {.if_absent = true, .if_match = {}},
                                          .metadata = std::nullopt});
  // Taken: it was kept by an attempt before, or changed once more; the next request tells.
  if (!saved.ok() && !MeansTaken(saved.error())) return saved.error();
  LOG_WARN("conflict key={} inode={}: another writer's object is kept as key={}", key,
           meta::Raw(inode), kept);
  return base::Ok();
}

base::Status Mover::Swap(const Move& move, bool moved, const objclient::ObjectHead& brought) {
  if (moved) {
    // Nothing is left at the old key: a delete sent there could hit the same object later, should
    // it come back.
    const auto lost = context_.catalog.LoseObject(move.inode, move.object.id);
    if (!lost.ok() && !MeansTaken(lost.error()) && !MeansMissing(lost.error())) return lost;
  }
  const auto swapped =
      context_.catalog.MoveObject(move.inode, move.object.id, move.target, brought.etag);
  if (!swapped.ok()) {
    // Of a moved object there is no other.
    TRY_ASSIGN(const auto object, ObjectOf(move.inode));
    if (moved && object && object->id == move.object.id) return swapped.error();
    // The file changed or went away meanwhile: the intent looks again.
    const base::Status dropped = Drop(move.target, brought.etag);
    return dropped.ok() ? swapped.error() : dropped;
  }
  const cache::ObjectRef object = ToRef(*swapped);
  context_.cache.Rename(meta::Raw(move.object.id), object);
  context_.inodes.ObjectRenamed(move.inode, meta::Raw(move.object.id), object.id);
  if (const InodeRef file = context_.inodes.Find(move.inode)) {
    const std::uint64_t seen = file->content_version();
    TRY_ASSIGN(ContentPtr content, ReadContent(context_.catalog, move.inode));
    // A commit that came in between knows better.
    file->OfferContent(std::move(content), seen);
  }
  return base::Ok();
}

// It goes while its key is locked: the next commit to the key would take it for another writer's.
base::Status Mover::Drop(const objclient::ObjectKey& key, const std::string& etag) {
  if (context_.store.Delete(key, etag).ok()) return base::Ok();
  meta::Intent garbage;
  garbage.kind = meta::IntentKind::kDelete;
  garbage.key = key;
  garbage.etag = etag;
  const auto added = context_.catalog.AddIntent(garbage, meta::Durability::kAsync);
  return added.ok() ? base::Ok() : base::Status(added.error());
}

}  // namespace fs
