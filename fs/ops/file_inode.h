// FileInode: a regular file that is open, or whose bytes are not in the bucket yet. Holds what is
// only in memory: the stage, the attributes of unsent changes, who waits for the commit.
//
//   Clean --first write--> Dirty --commit--> Committing --ok--> Clean
//                            ^                    |error
//                            +------write------ Failed (stage kept, tried again)
//
// Every change of state goes through Enter, which checks the invariants. Who touches the stage
// holds a Turn: writes share it, everything that must be alone (append, truncate, commit, making a
// stage) takes it all. Turns may wait for a commit, so for the network; they are not taken with a
// lock held.
//
// Owned by InodeTable, kept alive by InodeRefs. Any thread; no method does I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "cache/staging.h"
#include "fs/filesystem.h"
#include "fs/ops/key_table.h"
#include "fs/ops/upload_record.h"
#include "meta/types.h"

namespace fs {

// Committed content of a file. Immutable: replaced as a whole.
struct Content {
  std::vector<cache::FileExtent> extents;  // none of length 0
  std::vector<cache::ObjectRef> objects;   // that the extents are of; an empty file has one as well
  std::uint64_t size = 0;
};
using ContentPtr = std::shared_ptr<const Content>;

// Attributes that differ from the catalog's while a stage exists.
struct Overlay {
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  void ApplyTo(meta::Inode& inode) const;
};

class FileInode {
 public:
  enum class State : std::uint8_t { kClean, kDirty, kCommitting, kFailed };

  explicit FileInode(meta::InodeId id) : id_(id) {}
  FileInode(const FileInode&) = delete;
  FileInode& operator=(const FileInode&) = delete;
  meta::InodeId id() const { return id_; }

  // --- turns ---
  class Turn {
   public:
    Turn(Turn&& other) noexcept
        : file_(std::exchange(other.file_, nullptr)), alone_(other.alone_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    friend class FileInode;
    Turn(FileInode* file, bool alone) : file_(file), alone_(alone) {}
    FileInode* file_;
    const bool alone_;
  };
  [[nodiscard]] Turn Share() EXCLUDES(mutex_);
  [[nodiscard]] Turn TakeAll() EXCLUDES(mutex_);
  // Whether a Turn taken now may have to wait for the network.
  bool CommitIsNear() const EXCLUDES(mutex_);

  // --- look ---
  struct View {
    std::shared_ptr<cache::StagedFile> stage;  // set = read from it
    ContentPtr content;                        // unset = not loaded
    std::uint64_t epoch = 0;                   // grows when others replaced the content
  };
  View view() const EXCLUDES(mutex_);
  std::optional<Overlay> overlay() const EXCLUDES(mutex_);
  State state() const EXCLUDES(mutex_);
  std::shared_ptr<cache::StagedFile> stage() const { return view().stage; }
  bool persisted() const EXCLUDES(mutex_);  // Failed, with its bytes safe on the local disk

  // --- committed content ---
  // For a load that began when the version was `seen`; a newer content wins.
  std::uint64_t content_version() const EXCLUDES(mutex_);
  void OfferContent(ContentPtr content, std::uint64_t seen) EXCLUDES(mutex_);
  // Another writer's, as a listing told: who opened the file before must not go on. Nothing happens
  // when that is known already and nothing was written since.
  void ReplaceContent(ContentPtr content) EXCLUDES(mutex_);
  // Same, for who merely looked: what a commit of ours is about to bring is nobody else's.
  void NoticeReplaced(ContentPtr content) EXCLUDES(mutex_);

  // --- stage; the caller holds the whole turn, or for Touch a share of it ---
  // The times are the inode's own until Touch: publishing an untouched file leaves them alone.
  void BeginStage(std::shared_ptr<cache::StagedFile> stage, KeyTable::Hold base_mark,
                  std::int64_t mtime_ns, std::int64_t ctime_ns) EXCLUDES(mutex_);
  // A stage that a former process left.
  void BeginRecovered(std::shared_ptr<cache::StagedFile> stage, KeyTable::Hold base_mark,
                      UploadRecord upload, std::int64_t mtime_ns) EXCLUDES(mutex_);
  void Touch(std::int64_t now_ns) EXCLUDES(mutex_);
  // An explicit utimens, which a commit keeps. Ignored without a stage.
  void SetMtime(std::int64_t mtime_ns, std::int64_t now_ns) EXCLUDES(mutex_);
  // Drops the stage without a commit; the caller discards what is returned.
  struct Dropped {
    std::shared_ptr<cache::StagedFile> stage;
    std::optional<UploadRecord> upload;
    KeyTable::Hold base_mark, key_lock;
    std::int64_t mtime_ns = 0;
  };
  Dropped DropStage() EXCLUDES(mutex_);

  // --- the upload ---
  std::optional<UploadRecord> upload() const EXCLUDES(mutex_);
  void SetUpload(UploadRecord upload, KeyTable::Hold key_lock) EXCLUDES(mutex_);
  void UpdateUpload(UploadRecord upload) EXCLUDES(mutex_);

  // --- commit: one at a time, shared by all who ask before it begins to run ---
  enum class Join : std::uint8_t { kNothing, kJoined, kStart };
  // kNothing: `done` is not kept; *remembered is an error of the background, given out once.
  Join JoinCommit(DoneStatus done, std::optional<base::Error>* remembered) EXCLUDES(mutex_);
  // The caller holds the whole turn and there is a stage.
  void BeginCommit() EXCLUDES(mutex_);
  // Ends BeginCommit: Clean with `content`, or Failed. Returns what the caller must let go of.
  Dropped CommitDone(ContentPtr content) EXCLUDES(mutex_);
  void CommitFailed(bool persisted) EXCLUDES(mutex_);
  // Everyone to be answered; with nobody there an error is remembered for the next fsync or close.
  std::vector<DoneStatus> TakeWaiters(const base::Status& status) EXCLUDES(mutex_);
  // Commits that failed since the last success, for the backoff.
  std::uint32_t failures() const EXCLUDES(mutex_);
  // One retry waits for its time at most. False: there is one already.
  bool ClaimRetry() EXCLUDES(mutex_);
  void RetryFired() EXCLUDES(mutex_);

  // --- who has it open ---
  void AddHandle(bool writable) EXCLUDES(mutex_);
  void RemoveHandle(bool writable) EXCLUDES(mutex_);
  std::uint32_t handles() const EXCLUDES(mutex_);
  std::uint32_t writers() const EXCLUDES(mutex_);
  // No name is left: nothing is uploaded any more, the catalog forgets it with the last reference.
  void SetOrphan() EXCLUDES(mutex_);
  // An orphan because another writer of the bucket removed the file: changes to it go nowhere, and
  // whoever makes them is told (Vanished).
  void SetVanished() EXCLUDES(mutex_);
  bool vanished() const EXCLUDES(mutex_);
  static base::Error Vanished();
  bool orphan() const EXCLUDES(mutex_);
  // Made by this mount and without an object yet: the next close sends one even when it is empty.
  void SetUnpublished() EXCLUDES(mutex_);
  bool unpublished() const EXCLUDES(mutex_);

 private:
  void Enter(State next) REQUIRES(mutex_);
  void Replace(ContentPtr content) REQUIRES(mutex_);
  void GiveBack(bool alone) EXCLUDES(mutex_);

  const meta::InodeId id_;
  mutable base::Mutex mutex_;
  base::CondVar turn_free_;
  State state_ GUARDED_BY(mutex_) = State::kClean;
  std::uint32_t sharing_ GUARDED_BY(mutex_) = 0;
  std::uint32_t waiting_alone_ GUARDED_BY(mutex_) = 0;
  bool alone_ GUARDED_BY(mutex_) = false;

  ContentPtr content_ GUARDED_BY(mutex_);
  std::uint64_t content_version_ GUARDED_BY(mutex_) = 0;
  std::uint64_t epoch_ GUARDED_BY(mutex_) = 0;

  std::shared_ptr<cache::StagedFile> stage_ GUARDED_BY(mutex_);  // shared with readers under way
  std::int64_t mtime_ns_ GUARDED_BY(mutex_) = 0;
  std::int64_t ctime_ns_ GUARDED_BY(mutex_) = 0;
  KeyTable::Hold base_mark_ GUARDED_BY(mutex_);
  KeyTable::Hold key_lock_ GUARDED_BY(mutex_);
  std::optional<UploadRecord> upload_ GUARDED_BY(mutex_);
  bool persisted_ GUARDED_BY(mutex_) = false;

  bool commit_queued_ GUARDED_BY(mutex_) = false;
  std::vector<DoneStatus> waiters_ GUARDED_BY(mutex_);
  std::optional<base::Error> remembered_ GUARDED_BY(mutex_);
  std::uint32_t failures_ GUARDED_BY(mutex_) = 0;
  bool retry_waits_ GUARDED_BY(mutex_) = false;

  std::uint32_t handles_ GUARDED_BY(mutex_) = 0;
  std::uint32_t writers_ GUARDED_BY(mutex_) = 0;
  bool orphan_ GUARDED_BY(mutex_) = false;
  bool vanished_ GUARDED_BY(mutex_) = false;
  bool unpublished_ GUARDED_BY(mutex_) = false;
};

}  // namespace fs
