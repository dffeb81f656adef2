#include "fs/ops/file_inode.h"

#include <algorithm>

#include "base/check.h"

namespace fs {
namespace {

// Of a content's objects the one that came last: their numbers grow.
std::int64_t NewestObject(const Content& content) {
  std::int64_t newest = 0;
  for (const cache::ObjectRef& object : content.objects) newest = std::max(newest, object.id);
  return newest;
}

}  // namespace

void Overlay::ApplyTo(meta::Inode& inode) const {
  inode.size = size;
  inode.mtime_ns = mtime_ns;
  inode.ctime_ns = std::max(inode.ctime_ns, ctime_ns);
}

FileInode::Turn::~Turn() {
  if (file_ != nullptr) file_->GiveBack(alone_);
}

FileInode::Turn FileInode::Share() {
  base::MutexLock lock(mutex_);
  // Those who want to be alone go first, or a busy writer would starve its own fsync.
  while (alone_ || waiting_alone_ > 0) turn_free_.Wait(mutex_);
  ++sharing_;
  return Turn(this, false);
}

FileInode::Turn FileInode::TakeAll() {
  base::MutexLock lock(mutex_);
  ++waiting_alone_;
  while (alone_ || sharing_ > 0) turn_free_.Wait(mutex_);
  --waiting_alone_;
  alone_ = true;
  return Turn(this, true);
}

void FileInode::GiveBack(bool alone) {
  base::MutexLock lock(mutex_);
  if (alone) {
    alone_ = false;
  } else {
    --sharing_;
  }
  turn_free_.NotifyAll();
}

bool FileInode::CommitIsNear() const {
  base::MutexLock lock(mutex_);
  return commit_queued_ || state_ == State::kCommitting;
}

void FileInode::Enter(State next) {
  switch (next) {
    case State::kClean:
      CHECK(stage_ == nullptr && !upload_);
      break;
    case State::kDirty:
      CHECK(stage_ != nullptr && state_ != State::kCommitting);
      break;
    case State::kCommitting:
      CHECK(stage_ != nullptr && state_ != State::kCommitting && alone_);
      break;
    case State::kFailed:
      CHECK(stage_ != nullptr && state_ != State::kDirty);
      break;
  }
  state_ = next;
}

FileInode::View FileInode::view() const {
  base::MutexLock lock(mutex_);
  return {stage_, content_, epoch_};
}

std::optional<Overlay> FileInode::overlay() const {
  std::shared_ptr<cache::StagedFile> stage;
  Overlay overlay;
  {
    base::MutexLock lock(mutex_);
    if (stage_ == nullptr) return std::nullopt;
    stage = stage_;
    overlay.mtime_ns = mtime_ns_;
    overlay.ctime_ns = ctime_ns_;
  }
  overlay.size = stage->size();
  return overlay;
}

FileInode::State FileInode::state() const {
  base::MutexLock lock(mutex_);
  return state_;
}

bool FileInode::persisted() const {
  base::MutexLock lock(mutex_);
  return state_ == State::kFailed && persisted_;
}

std::uint64_t FileInode::content_version() const {
  base::MutexLock lock(mutex_);
  return content_version_;
}

void FileInode::OfferContent(ContentPtr content, std::uint64_t seen) {
  base::MutexLock lock(mutex_);
  if (content_version_ == seen) content_ = std::move(content);
}

void FileInode::ReplaceContent(ContentPtr content) {
  base::MutexLock lock(mutex_);
  const bool known = content_ != nullptr && NewestObject(*content) <= NewestObject(*content_);
  if (stage_ == nullptr && known) return;
  Replace(std::move(content));
}

void FileInode::NoticeReplaced(ContentPtr content) {
  base::MutexLock lock(mutex_);
  if (stage_ != nullptr || content_ == nullptr) return;
  if (NewestObject(*content) > NewestObject(*content_)) Replace(std::move(content));
}

void FileInode::Replace(ContentPtr content) {
  content_ = std::move(content);
  ++content_version_;
  ++epoch_;
}

void FileInode::BeginStage(std::shared_ptr<cache::StagedFile> stage, KeyTable::Hold base_mark,
                           std::int64_t mtime_ns, std::int64_t ctime_ns) {
  base::MutexLock lock(mutex_);
  CHECK(alone_ && state_ == State::kClean);
  stage_ = std::move(stage);
  base_mark_ = std::move(base_mark);
  mtime_ns_ = mtime_ns;
  ctime_ns_ = ctime_ns;
  Enter(State::kDirty);
}

void FileInode::BeginRecovered(std::shared_ptr<cache::StagedFile> stage, KeyTable::Hold base_mark,
                               UploadRecord upload, std::int64_t mtime_ns) {
  base::MutexLock lock(mutex_);
  CHECK(state_ == State::kClean);
  stage_ = std::move(stage);
  base_mark_ = std::move(base_mark);
  upload_ = std::move(upload);
  mtime_ns_ = ctime_ns_ = mtime_ns;
  persisted_ = true;
  failures_ = 1;
  Enter(State::kFailed);
}

void FileInode::Touch(std::int64_t now_ns) {
  base::MutexLock lock(mutex_);
  mtime_ns_ = ctime_ns_ = now_ns;
  if (upload_) upload_->stored_is_all = false;
  if (state_ == State::kFailed) Enter(State::kDirty);
}

void FileInode::SetMtime(std::int64_t mtime_ns, std::int64_t now_ns) {
  base::MutexLock lock(mutex_);
  if (stage_ == nullptr) return;
  mtime_ns_ = mtime_ns;
  ctime_ns_ = now_ns;
}

FileInode::Dropped FileInode::DropStage() {
  base::MutexLock lock(mutex_);
  CHECK(state_ != State::kCommitting);
  Dropped dropped{std::move(stage_), std::exchange(upload_, std::nullopt), std::move(base_mark_),
                  std::move(key_lock_), mtime_ns_};
  stage_ = nullptr;
  persisted_ = false;
  Enter(State::kClean);
  return dropped;
}

std::optional<UploadRecord> FileInode::upload() const {
  base::MutexLock lock(mutex_);
  return upload_;
}

void FileInode::SetUpload(UploadRecord upload, KeyTable::Hold key_lock) {
  base::MutexLock lock(mutex_);
  upload_ = std::move(upload);
  key_lock_ = std::move(key_lock);
}

void FileInode::UpdateUpload(UploadRecord upload) {
  base::MutexLock lock(mutex_);
  upload_ = std::move(upload);
}

FileInode::Join FileInode::JoinCommit(DoneStatus done, std::optional<base::Error>* remembered) {
  const auto staged = stage();
  const bool dirty = staged != nullptr && staged->dirty();
  base::MutexLock lock(mutex_);
  const bool unsent = dirty || unpublished_ || state_ == State::kFailed || commit_queued_;
  if (orphan_ || !unsent) {
    *remembered = std::exchange(remembered_, std::nullopt);
    if (vanished_ && dirty) *remembered = Vanished();
    return Join::kNothing;
  }
  waiters_.push_back(std::move(done));
  if (commit_queued_) return Join::kJoined;
  commit_queued_ = true;
  return Join::kStart;
}

void FileInode::BeginCommit() {
  base::MutexLock lock(mutex_);
  Enter(State::kCommitting);
}

FileInode::Dropped FileInode::CommitDone(ContentPtr content) {
  base::MutexLock lock(mutex_);
  Dropped dropped{std::move(stage_), std::exchange(upload_, std::nullopt), std::move(base_mark_),
                  std::move(key_lock_), mtime_ns_};
  stage_ = nullptr;
  content_ = std::move(content);
  ++content_version_;
  persisted_ = false;
  unpublished_ = false;
  failures_ = 0;
  remembered_.reset();
  Enter(State::kClean);
  return dropped;
}

void FileInode::CommitFailed(bool persisted) {
  base::MutexLock lock(mutex_);
  persisted_ = persisted;
  ++failures_;
  Enter(State::kFailed);
}

std::vector<DoneStatus> FileInode::TakeWaiters(const base::Status& status) {
  base::MutexLock lock(mutex_);
  commit_queued_ = false;
  std::erase_if(waiters_, [](const DoneStatus& done) { return done == nullptr; });
  if (!status.ok() && waiters_.empty()) remembered_ = status.error();
  return std::exchange(waiters_, {});
}

std::uint32_t FileInode::failures() const {
  base::MutexLock lock(mutex_);
  return failures_;
}

bool FileInode::ClaimRetry() {
  base::MutexLock lock(mutex_);
  return !std::exchange(retry_waits_, true);
}

void FileInode::RetryFired() {
  base::MutexLock lock(mutex_);
  retry_waits_ = false;
}

void FileInode::AddHandle(bool writable) {
  base::MutexLock lock(mutex_);
  ++handles_;
  if (writable) ++writers_;
}

void FileInode::RemoveHandle(bool writable) {
  base::MutexLock lock(mutex_);
  --handles_;
  if (writable) --writers_;
}

std::uint32_t FileInode::handles() const {
  base::MutexLock lock(mutex_);
  return handles_;
}

std::uint32_t FileInode::writers() const {
  base::MutexLock lock(mutex_);
  return writers_;
}

void FileInode::SetVanished() {
  base::MutexLock lock(mutex_);
  orphan_ = vanished_ = true;
}

bool FileInode::vanished() const {
  base::MutexLock lock(mutex_);
  return vanished_;
}

base::Error FileInode::Vanished() {
  return base::Error(base::ErrorClass::kConflict,
                     "another writer of the bucket has removed the file", ESTALE);
}

void FileInode::SetOrphan() {
  base::MutexLock lock(mutex_);
  orphan_ = true;
}

bool FileInode::orphan() const {
  base::MutexLock lock(mutex_);
  return orphan_;
}

bool FileInode::unpublished() const {
  base::MutexLock lock(mutex_);
  return unpublished_;
}

void FileInode::SetUnpublished() {
  base::MutexLock lock(mutex_);
  unpublished_ = true;
}

}  // namespace fs
