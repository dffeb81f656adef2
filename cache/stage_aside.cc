// What becomes of changes to a file when another writer takes away the object they build on.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "base/fd.h"
#include "cache/stage_content.h"
#include "cache/stage_upload.h"
#include "cache/staged_file.h"

namespace cache {
namespace {

bool IsGone(const base::Error& error) {
  return error.error_class() == base::ErrorClass::kConflict ||
         error.error_class() == base::ErrorClass::kNotFound;
}

base::Status CopyOut(StageContent& content, base::ByteRange range, int fd) {
  while (!range.empty()) {
    const base::ByteRange step{range.offset, std::min<std::uint64_t>(range.length, kBlockSize)};
    auto answer = std::make_shared<std::promise<base::Result<PinnedBytes>>>();
    auto future = answer->get_future();
    auto now = content.Read(
        step, [answer](base::Result<PinnedBytes> bytes) { answer->set_value(std::move(bytes)); });
    if (!now) {
      TRY_ASSIGN(now, future.get());
    }
    std::uint64_t at = step.offset;
    for (const PinnedBytes::Piece& piece : now->pieces) {
      TRY(base::WriteFull(fd, at, piece.bytes));
      at += piece.bytes.size();
    }
    range = {step.end(), range.length - step.length};
  }
  return base::Ok();
}

}  // namespace

std::vector<ObjectRef> StageContent::BaseObjects() const {
  const base::MutexLock lock(mutex_);
  std::vector<ObjectRef> objects;
  for (const FileExtent& extent : base_) {
    if (staged_.Gaps({extent.offset, extent.length}).empty()) continue;
    const bool known = std::any_of(objects.begin(), objects.end(), [&](const ObjectRef& other) {
      return other.id == extent.object.id;
    });
    if (!known) objects.push_back(extent.object);
  }
  return objects;
}

std::vector<base::ByteRange> StageContent::StagedRanges() const {
  const base::MutexLock lock(mutex_);
  return staged_.All();
}

base::Result<std::vector<base::ByteRange>> LocalStagedFile::SetAside(
    const std::filesystem::path& target) {
  const Turn turn(*this);
  TRY_ASSIGN(const base::UniqueFd fd, base::OpenFile(target, O_WRONLY | O_CREAT | O_TRUNC));
  if (ftruncate(fd.get(), static_cast<off_t>(size())) != 0) {
    return base::Error::FromErrno(errno, "ftruncate " + target.string());
  }
  std::vector<base::ByteRange> written = content_->StagedRanges();
  for (const base::ByteRange& range : written) TRY(CopyOut(*content_, range, fd.get()));
  if (fsync(fd.get()) != 0) return base::Error::FromErrno(errno, "fsync " + target.string());
  return written;
}

base::Error StageUpload::Explain(const base::Error& error) const {
  if (!IsGone(error)) return error;
  for (const ObjectRef& object : content_->BaseObjects()) {
    const auto head = shared_.store.Head(object.key);
    const bool missing = !head.ok() && head.error().error_class() == base::ErrorClass::kNotFound;
    if (!head.ok() && !missing) return head.error();
    if (head.ok() && head->etag == object.etag) continue;
    return base::Error(base::ErrorClass::kNotFound,
                       "another writer of the bucket has " +
                           std::string(missing ? "removed" : "replaced") +
                           " the object key=" + object.key + " that the changes are to",
                       ESTALE);
  }
  return error;
}

}  // namespace cache
