#include "cache/stage_upload.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace cache {

StageUpload::StageUpload(StageShared& shared, std::shared_ptr<StageContent> content,
                         StageHooks hooks)
    : shared_(shared), content_(std::move(content)), hooks_(std::move(hooks)) {}

void StageUpload::Offer(base::ByteRange range) {
  if (content_->size() <= shared_.options.single_put_max) return;
  std::uint32_t number = shared_.layout.PartOf(range.offset);
  {
    const base::MutexLock lock(mutex_);
    if (!early_ || discarded_) return;
    // While the file could still have been a single PUT nothing left.
    if (!offered_) number = 1;
    offered_ = true;
  }
  for (; number <= shared_.layout.PartOf(range.end() - 1); ++number) {
    if (content_->IsStaged(shared_.layout.Range(number))) Leave(number, false);
  }
}

// Puts a part on its way; for Commit even when it was sent before.
void StageUpload::Leave(std::uint32_t number, bool for_commit) {
  bool create = false;
  {
    const base::MutexLock lock(mutex_);
    Part& part = parts_[number];
    if (part.state == Part::State::kOnItsWay) return;
    if (part.state == Part::State::kSent && !for_commit) return;
    if (part.sent_before) shared_.upload_resent_parts.Add();
    part.state = Part::State::kOnItsWay;
    part.commit = for_commit ? commits_ : 0;
    ++on_their_way_;
    shared_.leaving.fetch_add(1);
    if (phase_ != Phase::kReady) {
      waiting_.push_back(number);
      create = phase_ == Phase::kNone;
      if (!create) return;
      phase_ = Phase::kCreating;
    }
  }
  if (!create) return Enqueue(number);
  shared_.control.Submit([self = shared_from_this()] {
    const base::Status created = self->CreateUpload();
    if (!created.ok()) {
      LOG_WARN("parts wait for the commit name={} error=\"{}\"", self->content_->name(),
               created.error().ToString());
    }
  });
}

// Called in phase kCreating; leaves it either way.
base::Status StageUpload::CreateUpload() {
  const base::Status created = TryCreate();
  std::vector<std::uint32_t> waiting;
  std::string abort;
  {
    const base::MutexLock lock(mutex_);
    waiting.swap(waiting_);
    phase_ = created.ok() ? Phase::kReady : Phase::kNone;
    if (!created.ok()) {
      early_ = false;
      for (const std::uint32_t number : waiting) parts_[number].state = Part::State::kIdle;
      on_their_way_ -= waiting.size();
      shared_.leaving.fetch_sub(static_cast<std::uint32_t>(waiting.size()));
    } else if (discarded_ && on_their_way_ == 0) {
      abort = upload_id_;
    }
    changed_.NotifyAll();
  }
  if (!abort.empty()) AbortLater(abort);
  if (created.ok()) {
    for (const std::uint32_t number : waiting) Enqueue(number);
  }
  return created;
}

base::Status StageUpload::TryCreate() {
  TRY_ASSIGN(const UploadTarget target, Target());
  const std::string token = NewToken();
  objclient::Metadata metadata = target.metadata;
  metadata[kUploadTokenName] = token;
  TRY_ASSIGN(const std::string id, shared_.store.CreateMultipart(target.key, metadata));
  if (hooks_.upload_started) {
    const base::Status recorded = hooks_.upload_started(target.key, id);
    if (!recorded.ok()) {
      AbortLater(id);
      return recorded.error().Annotate("record the upload");
    }
  }
  const base::MutexLock lock(mutex_);
  upload_id_ = id;
  upload_token_ = token;
  return base::Ok();
}

void StageUpload::Enqueue(std::uint32_t number) {
  shared_.sends.Add(shared_.layout.Range(number).length,
                    [self = shared_from_this(), number](Permit permit) {
                      self->SendPart(number, std::move(permit));
                    });
}

void StageUpload::SendPart(std::uint32_t number, Permit permit) {
  const base::ByteRange range = shared_.layout.Range(number, content_->size());
  bool wanted = !range.empty();
  {
    const base::MutexLock lock(mutex_);
    // One that left early may have been cut since.
    const bool whole =
        parts_[number].commit != 0 || content_->IsStaged(shared_.layout.Range(number));
    wanted = wanted && whole && !discarded_;
  }
  if (wanted) {
    auto parcel = content_->Assemble(range, false);
    if (parcel.ok() && parcel->has_value()) {
      return Transmit(number, range, **std::move(parcel), std::move(permit));
    }
  }
  // What must be read back, and what fails, is for a thread that may wait.
  shared_.assembly.Submit([self = shared_from_this(), number, range, wanted, permit] {
    if (!wanted) {
      const base::Error gone(base::ErrorClass::kCancelled, "the part is not needed any more");
      return self->Fail(number, gone, permit);
    }
    auto parcel = self->content_->Assemble(range, true);
    if (!parcel.ok()) return self->Fail(number, parcel.error(), permit);
    self->Transmit(number, range, **std::move(parcel), permit);
  });
}

void StageUpload::Transmit(std::uint32_t number, base::ByteRange range, StageParcel parcel,
                           Permit permit) {
  objclient::PartRequest request;
  {
    const base::MutexLock lock(mutex_);
    request.key = target_->key;
    request.upload_id = upload_id_;
  }
  request.number = number;
  request.body = {std::move(parcel.pieces), parcel.crc32c};
  auto flight = std::make_shared<Flight>(Flight{shared_from_this(), std::move(parcel.holds)});
  shared_.transmitting.fetch_add(1);
  shared_.store.UploadPart(std::move(request), [flight, number, range, epoch = parcel.epoch,
                                                permit](base::Result<objclient::PartInfo> info) {
    std::shared_ptr<StageUpload> upload = std::move(flight->upload);
    StageShared& shared = upload->shared_;
    shared.transmitting.fetch_sub(1);
    base::Result<Sent> result = Sent();
    if (info.ok()) {
      // Before the memory is let go of, so that whoever is woken by it finds it to be had.
      upload->content_->MarkLeft(range, epoch);
      shared.upload_parts.Add();
      shared.upload_bytes.Add(range.length);
      result = Sent{std::move(info).value(), epoch, range.length};
    } else {
      result = info.error();
    }
    flight->holds.clear();
    upload->PartDone(number, std::move(result));
    upload.reset();
    shared.sends.Finish(permit);
  });
}

void StageUpload::PartDone(std::uint32_t number, base::Result<Sent> result) {
  std::string abort;
  {
    const base::MutexLock lock(mutex_);
    Part& part = parts_[number];
    if (result.ok()) {
      part.state = Part::State::kSent;
      part.sent_before = true;
      part.epoch = result->epoch;
      part.length = result->length;
      part.info = std::move(result->info);
      part.info.number = number;
    } else {
      part.state = Part::State::kIdle;
      if (part.commit != 0) {
        // One of an earlier commit that ended before it is sent again by this one.
        if (part.commit == commits_ && !failure_.has_value()) failure_ = result.error();
      } else if (result.error().error_class() != base::ErrorClass::kCancelled) {
        early_ = false;
        LOG_WARN("part waits for the commit name={} part={} error=\"{}\"", content_->name(), number,
                 result.error().ToString());
      }
    }
    --on_their_way_;
    if (discarded_ && on_their_way_ == 0 && phase_ == Phase::kReady) abort = upload_id_;
    changed_.NotifyAll();
  }
  if (!abort.empty()) AbortLater(abort);
  shared_.progress.fetch_add(1);
  shared_.leaving.fetch_sub(1);
}

// A part that never got to the store.
void StageUpload::Fail(std::uint32_t number, const base::Error& error, Permit permit) {
  PartDone(number, error);
  shared_.sends.Finish(std::move(permit));
}

// A part that is bytes of an object the store already has: it copies them itself. Called by Commit.
void StageUpload::CopyPart(std::uint32_t number, const FileExtent& source) {
  {
    const base::MutexLock lock(mutex_);
    Part& part = parts_[number];
    part.state = Part::State::kOnItsWay;
    part.commit = commits_;
    ++on_their_way_;
    shared_.leaving.fetch_add(1);
  }
  shared_.control.Submit([self = shared_from_this(), number, source] {
    std::string key;
    std::string id;
    {
      const base::MutexLock lock(self->mutex_);
      key = self->target_->key;
      id = self->upload_id_;
    }
    const std::uint32_t epoch = self->content_->NewEpoch();
    auto info =
        self->shared_.store.UploadPartCopy(key, id, number, source.object.key, source.object.etag,
                                           {source.object_offset, source.length});
    if (!info.ok()) return self->PartDone(number, info.error());
    self->PartDone(number, Sent{std::move(info).value(), epoch, source.length});
  });
}

bool StageUpload::IsCurrent(std::uint32_t number, base::ByteRange range) const {
  std::uint32_t epoch = 0;
  {
    const base::MutexLock lock(mutex_);
    const auto it = parts_.find(number);
    if (it == parts_.end() || it->second.state != Part::State::kSent) return false;
    if (it->second.length != range.length) return false;
    epoch = it->second.epoch;
  }
  return !content_->ChangedSince(range, epoch);
}

std::uint64_t StageUpload::BytesToSend() const {
  const std::uint64_t size = content_->size();
  std::uint64_t bytes = size;
  const std::uint32_t count = size > shared_.layout.max_size() ? 0 : shared_.layout.Count(size);
  for (std::uint32_t number = 1; number <= count; ++number) {
    const base::ByteRange range = shared_.layout.Range(number, size);
    if (IsCurrent(number, range)) bytes -= range.length;
  }
  return bytes;
}

void StageUpload::AbortLater(std::string upload_id) {
  std::string key;
  {
    const base::MutexLock lock(mutex_);
    key = target_->key;
  }
  shared_.control.Submit([self = shared_from_this(), key, id = std::move(upload_id)] {
    const base::Status aborted = self->shared_.store.AbortMultipart(key, id);
    if (!aborted.ok()) {
      LOG_WARN("upload stays in the store key={} upload={} error=\"{}\"", key, id,
               aborted.error().ToString());
    }
  });
}

void StageUpload::Discard() {
  std::string abort;
  {
    const base::MutexLock lock(mutex_);
    if (discarded_) return;
    discarded_ = true;
    if (phase_ == Phase::kReady && on_their_way_ == 0 && !committed_.has_value()) {
      abort = upload_id_;
    }
  }
  if (!abort.empty()) AbortLater(abort);
}

}  // namespace cache
