// StageUpload: the commit, and finding out what became of it.
#include <cerrno>
#include <future>
#include <utility>

#include "base/digest/digest.h"
#include "cache/stage_upload.h"

namespace cache {
namespace {

constexpr int kUploadRounds = 3;  // fresh uploads after one that is gone or came out damaged
constexpr int kPartRounds = 3;    // parts that changed or failed while they were on their way
constexpr int kVerdicts = 3;      // tries of one conclusion against states of our own making
constexpr std::size_t kTokenBytes = 16;

// The request may have taken effect, or another one of ours did.
bool MayHaveHappened(const base::Error& error) {
  switch (error.error_class()) {
    case base::ErrorClass::kUnavailable:
    case base::ErrorClass::kTimeout:
    case base::ErrorClass::kThrottled:
    case base::ErrorClass::kNotFound:
    case base::ErrorClass::kConflict:
    case base::ErrorClass::kExists:
      return true;
    default:
      return false;
  }
}

base::Error Lost(const objclient::ObjectKey& key) {
  return base::Error(base::ErrorClass::kConflict,
                     "commit " + key + ": the object was changed by somebody else");
}

std::string TokenOf(const objclient::ObjectHead& head) {
  const auto it = head.metadata.find(kUploadTokenName);
  return it == head.metadata.end() ? std::string() : it->second;
}

}  // namespace

// A PUT on its way and the commit that waits for it.
struct StageUpload::Whole {
  objclient::PutRequest request;
  std::promise<base::Result<objclient::ObjectHead>> answer;
};

base::Result<objclient::ObjectHead> StageUpload::Commit(
    const objclient::Precondition* precondition) {
  const std::uint64_t size = content_->size();
  if (size > shared_.layout.max_size()) {
    return base::Error(base::ErrorClass::kInvalid, "the file is too large for one object", EFBIG);
  }
  std::optional<Committed> committed;
  {
    const base::MutexLock lock(mutex_);
    committed = committed_;
    ++commits_;
    failure_.reset();
    // A creation under way asks for the target as well, and it is asked for once.
    while (phase_ == Phase::kCreating) changed_.Wait(mutex_);
  }
  if (committed.has_value() && committed->size == size &&
      !content_->ChangedSince({0, size + 1}, committed->epoch)) {
    return committed->head;
  }
  TRY(Target());
  if (precondition != nullptr) {
    const base::MutexLock lock(mutex_);
    target_->precondition = *precondition;
  }
  const std::uint32_t epoch = content_->NewEpoch();
  TRY_ASSIGN(objclient::ObjectHead head,
             size <= shared_.options.single_put_max ? CommitSmall(size) : CommitLarge(size));
  const base::MutexLock lock(mutex_);
  head.key = target_->key;
  committed_ = Committed{head, epoch, size};
  phase_ = Phase::kNone;
  parts_.clear();
  return head;
}

base::Result<UploadTarget> StageUpload::Target() {
  {
    const base::MutexLock lock(mutex_);
    if (target_.has_value()) return *target_;
  }
  TRY_ASSIGN(UploadTarget target, hooks_.target());
  const base::MutexLock lock(mutex_);
  if (!target_.has_value()) target_ = std::move(target);
  return *target_;
}

std::string StageUpload::NewToken() {
  std::string token = base::RandomHex(kTokenBytes);
  const base::MutexLock lock(mutex_);
  tokens_.insert(token);
  return token;
}

base::Result<objclient::ObjectHead> StageUpload::CommitSmall(std::uint64_t size) {
  ForgetUpload();
  if (const auto whole = content_->Materialise({0, size}); !whole.ok()) {
    return Explain(whole.error());
  }
  const objclient::Capabilities can = shared_.store.capabilities();
  Attempt attempt{size, NewToken(), can.put_if_absent, can.put_if_match, nullptr};
  attempt.make = [this, size, token = attempt.token](const objclient::Precondition& condition) {
    return PutWhole(size, token, condition);
  };
  return Conclude(attempt);
}

base::Result<objclient::ObjectHead> StageUpload::CommitLarge(std::uint64_t size) {
  std::optional<base::Error> last;
  for (int round = 0; round < kUploadRounds; ++round) {
    TRY(EnsureUpload());
    const base::Status sent = SendMissing(size);
    base::Result<objclient::ObjectHead> result =
        sent.ok() ? base::Result<objclient::ObjectHead>(objclient::ObjectHead())
                  : Explain(sent.error());
    if (sent.ok()) {
      const objclient::Capabilities can = shared_.store.capabilities();
      Attempt attempt{size, {}, can.complete_condition, can.complete_condition, nullptr};
      {
        const base::MutexLock lock(mutex_);
        attempt.token = upload_token_;
      }
      attempt.make = [this, size](const objclient::Precondition& condition) {
        return Complete(size, condition);
      };
      result = Conclude(attempt);
    }
    if (result.ok()) return result;
    // Either the upload is gone and the object is not ours: somebody aborted it. Or the object is
    // not what we sent: its token must not pass for a success later. From scratch.
    const base::ErrorClass why = result.error().error_class();
    const bool damaged = sent.ok() && why == base::ErrorClass::kCorrupt;
    if (!damaged && why != base::ErrorClass::kNotFound) return result;
    if (IsBaseLost(result.error())) return result;
    last = result.error();
    ForgetUpload();
  }
  return *last;
}

base::Status StageUpload::EnsureUpload() {
  {
    const base::MutexLock lock(mutex_);
    while (phase_ == Phase::kCreating) changed_.Wait(mutex_);
    if (phase_ == Phase::kReady) return base::Ok();
    phase_ = Phase::kCreating;
  }
  return CreateUpload();
}

void StageUpload::WaitForParts() {
  const base::MutexLock lock(mutex_);
  while (on_their_way_ > 0 || phase_ == Phase::kCreating) changed_.Wait(mutex_);
}

void StageUpload::ForgetUpload() {
  WaitForParts();
  std::string abort;
  {
    const base::MutexLock lock(mutex_);
    if (phase_ == Phase::kReady) abort = upload_id_;
    phase_ = Phase::kNone;
    for (auto& [number, part] : parts_) part.state = Part::State::kIdle;
    failure_.reset();
  }
  content_->ForgetLeft();
  if (!abort.empty()) AbortLater(abort);
}

base::Status StageUpload::SendMissing(std::uint64_t size) {
  const std::uint32_t count = shared_.layout.Count(size);
  for (int round = 0; round < kPartRounds; ++round) {
    bool complete = true;
    for (std::uint32_t number = 1; number <= count; ++number) {
      if (IsCurrent(number, shared_.layout.Range(number, size))) continue;
      complete = false;
      TRY(SendOne(number, size));
    }
    WaitForParts();
    if (complete) return base::Ok();
    const base::MutexLock lock(mutex_);
    if (failure_.has_value()) return *failure_;
  }
  for (std::uint32_t number = 1; number <= count; ++number) {
    if (!IsCurrent(number, shared_.layout.Range(number, size))) {
      return base::Error(base::ErrorClass::kBug, "the file changed while it was committed");
    }
  }
  return base::Ok();
}

base::Status StageUpload::SendOne(std::uint32_t number, std::uint64_t size) {
  {
    const base::MutexLock lock(mutex_);
    if (failure_.has_value()) return *failure_;
    // Left early: the next round sees what became of it.
    const auto it = parts_.find(number);
    if (it != parts_.end() && it->second.state == Part::State::kOnItsWay) return base::Ok();
  }
  const base::ByteRange range = shared_.layout.Range(number, size);
  const objclient::Capabilities can = shared_.store.capabilities();
  const bool last = number == shared_.layout.Count(size);
  if (can.server_copy && (range.length >= can.part_size_min || last)) {
    if (const auto clean = content_->CleanExtent(range)) {
      CopyPart(number, *clean);
      return base::Ok();
    }
  }
  TRY(content_->Materialise(range));
  Leave(number, true);
  return base::Ok();
}

base::Result<objclient::ObjectHead> StageUpload::PutWhole(
    std::uint64_t size, const std::string& token, const objclient::Precondition& precondition) {
  auto whole = std::make_shared<Whole>();
  {
    const base::MutexLock lock(mutex_);
    whole->request.key = target_->key;
    whole->request.metadata = target_->metadata;
  }
  whole->request.metadata[kUploadTokenName] = token;
  whole->request.precondition = precondition;
  auto future = whole->answer.get_future();
  shared_.leaving.fetch_add(1);
  shared_.sends.Add(size, [self = shared_from_this(), whole, size](Permit permit) {
    self->SendWhole(whole, size, std::move(permit), false);
  });
  return future.get();
}

void StageUpload::SendWhole(const std::shared_ptr<Whole>& whole, std::uint64_t size, Permit permit,
                            bool may_wait) {
  auto parcel = content_->Assemble({0, size}, may_wait);
  if (!may_wait && (!parcel.ok() || !parcel->has_value())) {
    shared_.assembly.Submit([self = shared_from_this(), whole, size, permit] {
      self->SendWhole(whole, size, permit, true);
    });
    return;
  }
  if (!parcel.ok()) return WholeDone(shared_, *whole, parcel.error(), std::move(permit));
  StageParcel bytes = **std::move(parcel);
  whole->request.body = {std::move(bytes.pieces), bytes.crc32c};
  auto flight = std::make_shared<Flight>(Flight{shared_from_this(), std::move(bytes.holds)});
  shared_.transmitting.fetch_add(1);
  shared_.store.Put(std::move(whole->request),
                    [flight, whole, size, permit](base::Result<objclient::ObjectHead> head) {
                      std::shared_ptr<StageUpload> upload = std::move(flight->upload);
                      StageShared& shared = upload->shared_;
                      flight->holds.clear();
                      shared.transmitting.fetch_sub(1);
                      if (head.ok()) shared.upload_bytes.Add(size);
                      upload.reset();
                      WholeDone(shared, *whole, std::move(head), permit);
                    });
}

void StageUpload::WholeDone(StageShared& shared, Whole& whole,
                            base::Result<objclient::ObjectHead> result, Permit permit) {
  shared.leaving.fetch_sub(1);
  shared.progress.fetch_add(1);
  whole.answer.set_value(std::move(result));
  shared.sends.Finish(std::move(permit));
}

base::Result<objclient::ObjectHead> StageUpload::Complete(
    std::uint64_t size, const objclient::Precondition& precondition) {
  std::string key;
  std::string id;
  std::vector<objclient::PartInfo> parts;
  {
    const base::MutexLock lock(mutex_);
    key = target_->key;
    id = upload_id_;
    for (std::uint32_t number = 1; number <= shared_.layout.Count(size); ++number) {
      parts.push_back(parts_[number].info);
    }
  }
  return shared_.store.CompleteMultipart(key, id, parts, precondition);
}

// Makes an attempt under the target's precondition and decides whether the object is ours.
base::Result<objclient::ObjectHead> StageUpload::Conclude(const Attempt& attempt) {
  TRY_ASSIGN(const UploadTarget target, Target());
  objclient::Precondition condition = target.precondition;
  std::optional<base::Error> last;
  for (int verdict = 0; verdict < kVerdicts; ++verdict) {
    const bool works = condition.empty() ||
                       (condition.if_absent ? attempt.if_absent_works : attempt.if_match_works);
    if (!works) TRY(CheckByLooking(condition));
    auto made = attempt.make(works ? condition : objclient::Precondition());
    if (made.ok() && works) return made;
    if (!made.ok() && !MayHaveHappened(made.error())) return made;

    auto head = shared_.store.Head(target.key);
    if (head.ok() && TokenOf(*head) == attempt.token && head->size == attempt.size) return head;
    if (made.ok()) return head.ok() ? Lost(target.key) : head.error();
    last = made.error();
    // A former attempt of ours, with older bytes, went through after all: that is what we replace.
    if (!head.ok() || !IsOwnToken(*head) || condition.if_match == head->etag) break;
    condition = {.if_absent = false, .if_match = head->etag};
  }
  return *last;
}

// For stores without conditional writes. Leaves a window, which the look afterwards narrows.
base::Status StageUpload::CheckByLooking(const objclient::Precondition& precondition) {
  TRY_ASSIGN(const UploadTarget target, Target());
  auto head = shared_.store.Head(target.key);
  if (!head.ok() && head.error().error_class() != base::ErrorClass::kNotFound) return head.error();
  if (head.ok() && IsOwnToken(*head)) return base::Ok();
  const bool holds =
      precondition.if_absent ? !head.ok() : head.ok() && head->etag == precondition.if_match;
  if (!holds) return Lost(target.key);
  return base::Ok();
}

bool StageUpload::IsOwnToken(const objclient::ObjectHead& head) const {
  const base::MutexLock lock(mutex_);
  return tokens_.contains(TokenOf(head));
}

}  // namespace cache
