#include "cache/staged_file.h"

#include <cerrno>
#include <utility>

#include "base/log.h"
#include "cache/stage_manifest.h"

namespace cache {
namespace {

base::Error TooLarge() {
  return base::Error(base::ErrorClass::kInvalid, "the file is too large for one object", EFBIG);
}

}  // namespace

LocalStagedFile::Turn::Turn(LocalStagedFile& file) : file_(file) {
  const base::MutexLock lock(file_.mutex_);
  while (file_.taken_) file_.turn_.Wait(file_.mutex_);
  file_.taken_ = true;
}

LocalStagedFile::Turn::~Turn() {
  const base::MutexLock lock(file_.mutex_);
  file_.taken_ = false;
  file_.turn_.NotifyOne();
}

LocalStagedFile::LocalStagedFile(StageShared& shared, std::shared_ptr<StageContent> content,
                                 StageHooks hooks, bool dirty)
    : shared_(shared),
      content_(std::move(content)),
      upload_(std::make_shared<StageUpload>(shared, content_, std::move(hooks))),
      dirty_(dirty) {}

base::Status LocalStagedFile::Write(std::uint64_t offset, std::span<const std::byte> data) {
  if (data.empty()) return base::Ok();
  const std::uint64_t limit = shared_.layout.max_size();
  if (offset > limit || data.size() > limit - offset) return TooLarge();
  const Turn turn(*this);
  dirty_.store(true);
  TRY(content_->Write(offset, data));
  shared_.bytes_written.Add(data.size());
  upload_->Offer({offset, data.size()});
  return base::Ok();
}

base::Status LocalStagedFile::Truncate(std::uint64_t size) {
  if (size > shared_.layout.max_size()) return TooLarge();
  const Turn turn(*this);
  if (size == content_->size()) return base::Ok();
  dirty_.store(true);
  return content_->Truncate(size);
}

std::optional<PinnedBytes> LocalStagedFile::Read(base::ByteRange range, ReadDone done) {
  return content_->Read(range, std::move(done));
}

base::Result<objclient::ObjectHead> LocalStagedFile::Commit(
    const objclient::Precondition* precondition) {
  const Turn turn(*this);
  return upload_->Commit(precondition);
}

base::SharedPieceSums LocalStagedFile::Sums() {
  const Turn turn(*this);
  return content_->Sums();
}

void LocalStagedFile::Adopt(const ObjectRef& object) {
  const Turn turn(*this);
  shared_.cache.Adopt(object, content_->HandOver(object));
  // Renamed away, or of no use.
  const base::Status removed = shared_.disk->Remove(name());
  if (!removed.ok()) LOG_WARN("staged file stays error=\"{}\"", removed.error().ToString());
  dirty_.store(false);
}

base::Result<std::string> LocalStagedFile::Persist() {
  const Turn turn(*this);
  TRY_ASSIGN(const StagePersisted persisted, content_->Persist());
  return EncodeManifest(persisted);
}

void LocalStagedFile::Discard() {
  upload_->Discard();
  const Turn turn(*this);
  content_->Clear();
}

}  // namespace cache
