// Mover: gives the object of a file another key. The store copies it, the catalog swaps it in one
// transaction, the old key is left to the deleter.
//
// A store that moves objects in one step does that instead, and the old key is gone before the
// catalog knows. So an intent says first, durably, where the object may be found; it is removed
// when the catalog has caught up. After a lost answer or a crash the new key is looked at: a moved
// object keeps its ETag. Until then the new key is locked, and an object that unsent changes build
// on is moved back before they are sent.
//
// Owned by the mount; any thread, for one file at a time.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "fs/ops/context.h"

namespace fs {

// A refused precondition, or something else in the way.
bool MeansTaken(const base::Error& error);

class Mover {
 public:
  struct Move {
    meta::InodeId inode{};
    meta::Object object;
    objclient::ObjectKey target;
  };

  explicit Mover(Context& context) : context_(context) {}

  // Reads what a former process left. Before anything else works on a key.
  base::Status Recall() EXCLUDES(mutex_);
  // Catches up with it where nothing is unsent and the store answers. Waits for it.
  void Recover() EXCLUDES(mutex_);
  // Of files that were removed since.
  void ResolveGone() EXCLUDES(mutex_);
  // A move of the file's object has begun whose end nobody saw.
  bool IsUnderWay(meta::InodeId inode) const EXCLUDES(mutex_) {
    return OpenMove(inode).has_value();
  }
  // Has the catalog catch up with such a move. False when its key is taken: ask again. The caller
  // holds the whole turn of the file.
  base::Result<bool> Resolve(meta::InodeId inode) EXCLUDES(mutex_);
  // Has the object where the catalog says, for a file with changes to it. The caller holds the
  // whole turn of the file. OK also when it cannot be had back.
  base::Status PutBack(meta::InodeId inode) EXCLUDES(mutex_);
  // The caller has locked both keys and, where the store moves objects, holds the whole turn of the
  // file. An object that is at the target already, of another writer, is kept under another key.
  // `target_lock` is kept when nobody saw the end.
  base::Status Run(const Move& move, objclient::Precondition precondition,
                   KeyTable::Hold& target_lock) EXCLUDES(mutex_);
  // Copies another writer's object, at a key that `inode` is to have, to the key for such.
  base::Status KeepAside(const objclient::ObjectKey& key, const std::string& etag,
                         meta::InodeId inode);

 private:
  base::Status Open(const Move& move) EXCLUDES(mutex_);
  base::Status Close(meta::InodeId inode) EXCLUDES(mutex_);
  std::optional<meta::Intent> OpenMove(meta::InodeId inode) const EXCLUDES(mutex_);
  std::vector<meta::InodeId> OpenMoves() const EXCLUDES(mutex_);
  // False while somebody else works on the target of the file's open move.
  bool LockTarget(meta::InodeId inode) EXCLUDES(mutex_);
  // The object of an open move, when it is at the new key.
  base::Result<std::optional<objclient::ObjectHead>> FindMoved(const meta::Intent& moved);
  // `moves`: in one step. Returns the head of what is at the target then.
  base::Result<objclient::ObjectHead> Bring(const Move& move, bool moves,
                                            objclient::Precondition precondition);
  // What the catalog says the file's bytes are of; none without bytes or file.
  base::Result<std::optional<meta::Object>> ObjectOf(meta::InodeId inode);
  base::Status Adopt(const meta::Intent& moved, const objclient::ObjectHead& there);
  // `moved`: nothing is left at the old key.
  base::Status Swap(const Move& move, bool moved, const objclient::ObjectHead& brought);
  base::Status Drop(const objclient::ObjectKey& key, const std::string& etag);

  struct Begun {
    meta::Intent intent;
    KeyTable::Hold target_lock;
  };

  Context& context_;
  mutable base::Mutex mutex_;
  std::map<meta::InodeId, Begun> open_ GUARDED_BY(mutex_);
};

}  // namespace fs
