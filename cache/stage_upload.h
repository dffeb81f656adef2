// StageUpload: how one staged file gets into the store. Parts leave while the file is being
// written, as soon as they are complete; Commit sends what is missing or was changed since, then
// puts the whole in place under a precondition. Whether a commit whose answer was lost took place
// is found out by looking: every attempt carries a random token in the object's metadata.
//
// Threads: Offer and Discard from any; one Commit at a time. Answers of the store come on its
// threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "cache/stage_content.h"
#include "cache/stage_shared.h"
#include "cache/staging.h"

namespace cache {

class StageUpload : public std::enable_shared_from_this<StageUpload> {
 public:
  // shared_ptr only: what is on its way keeps this and the content alive. `shared` outlives it.
  StageUpload(StageShared& shared, std::shared_ptr<StageContent> content, StageHooks hooks);

  // `range` was written: sends the parts that are complete by it. Never blocks on the network.
  void Offer(base::ByteRange range) EXCLUDES(mutex_);
  base::Result<objclient::ObjectHead> Commit(const objclient::Precondition* precondition)
      EXCLUDES(mutex_);
  // Nothing is sent any more; the upload is aborted when what is in flight is back.
  void Discard() EXCLUDES(mutex_);
  // What Commit would have to send.
  std::uint64_t BytesToSend() const EXCLUDES(mutex_);

 private:
  enum class Phase : std::uint8_t { kNone, kCreating, kReady };
  struct Part {
    enum class State : std::uint8_t { kIdle, kOnItsWay, kSent };
    State state = State::kIdle;
    std::uint32_t commit = 0;  // the number of the one that sent it, which fails with it; 0: early
    bool sent_before = false;
    std::uint32_t epoch = 0;   // of the bytes that were sent
    std::uint64_t length = 0;  // of them
    objclient::PartInfo info;
  };
  struct Sent {
    objclient::PartInfo info;
    std::uint32_t epoch = 0;
    std::uint64_t length = 0;
  };
  // What a commit needs to know to be tried and judged, PUT or Complete.
  struct Attempt {
    std::uint64_t size = 0;
    std::string token;
    bool if_absent_works = false;
    bool if_match_works = false;
    std::function<base::Result<objclient::ObjectHead>(const objclient::Precondition&)> make;
  };
  struct Committed {
    objclient::ObjectHead head;
    std::uint32_t epoch = 0;
    std::uint64_t size = 0;
  };
  struct Whole;
  // What must live until the store answers, and not longer: the store may keep its callback, and
  // the pool may be gone once the queue has the permit back.
  struct Flight {
    std::shared_ptr<StageUpload> upload;
    std::vector<BlockRef> holds;
  };
  using Permit = SendQueue::Permit;

  // stage_upload.cc: parts
  void Leave(std::uint32_t number, bool for_commit) EXCLUDES(mutex_);
  void Enqueue(std::uint32_t number) EXCLUDES(mutex_);
  void SendPart(std::uint32_t number, Permit permit) EXCLUDES(mutex_);
  void Transmit(std::uint32_t number, base::ByteRange range, StageParcel parcel, Permit permit)
      EXCLUDES(mutex_);
  void PartDone(std::uint32_t number, base::Result<Sent> result) EXCLUDES(mutex_);
  void Fail(std::uint32_t number, const base::Error& error, Permit permit) EXCLUDES(mutex_);
  void CopyPart(std::uint32_t number, const FileExtent& source) EXCLUDES(mutex_);
  bool IsCurrent(std::uint32_t number, base::ByteRange range) const EXCLUDES(mutex_);
  base::Status CreateUpload() EXCLUDES(mutex_);
  base::Status TryCreate() EXCLUDES(mutex_);
  void AbortLater(std::string upload_id) EXCLUDES(mutex_);

  // stage_commit.cc: the end
  base::Result<objclient::ObjectHead> CommitSmall(std::uint64_t size) EXCLUDES(mutex_);
  base::Result<objclient::ObjectHead> CommitLarge(std::uint64_t size) EXCLUDES(mutex_);
  base::Status EnsureUpload() EXCLUDES(mutex_);
  base::Status SendMissing(std::uint64_t size) EXCLUDES(mutex_);
  base::Status SendOne(std::uint32_t number, std::uint64_t size) EXCLUDES(mutex_);
  void WaitForParts() EXCLUDES(mutex_);
  void ForgetUpload() EXCLUDES(mutex_);
  base::Result<objclient::ObjectHead> PutWhole(std::uint64_t size, const std::string& token,
                                               const objclient::Precondition& precondition)
      EXCLUDES(mutex_);
  void SendWhole(const std::shared_ptr<Whole>& whole, std::uint64_t size, Permit permit,
                 bool may_wait) EXCLUDES(mutex_);
  static void WholeDone(StageShared& shared, Whole& whole,
                        base::Result<objclient::ObjectHead> result, Permit permit);
  base::Result<objclient::ObjectHead> Complete(std::uint64_t size,
                                               const objclient::Precondition& precondition)
      EXCLUDES(mutex_);
  base::Result<objclient::ObjectHead> Conclude(const Attempt& attempt) EXCLUDES(mutex_);
  base::Status CheckByLooking(const objclient::Precondition& precondition) EXCLUDES(mutex_);
  bool IsOwnToken(const objclient::ObjectHead& head) const EXCLUDES(mutex_);
  base::Result<UploadTarget> Target() EXCLUDES(mutex_);
  std::string NewToken() EXCLUDES(mutex_);

  // stage_aside.cc: of a failure to read or copy base bytes; asks the store whether the base is
  // lost.
  base::Error Explain(const base::Error& error) const;

  StageShared& shared_;
  const std::shared_ptr<StageContent> content_;  // shared: background work of its own
  const StageHooks hooks_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::optional<UploadTarget> target_ GUARDED_BY(mutex_);
  std::set<std::string> tokens_ GUARDED_BY(mutex_);  // all we ever sent
  Phase phase_ GUARDED_BY(mutex_) = Phase::kNone;
  std::string upload_id_ GUARDED_BY(mutex_);
  std::string upload_token_ GUARDED_BY(mutex_);
  std::map<std::uint32_t, Part> parts_ GUARDED_BY(mutex_);
  std::vector<std::uint32_t> waiting_ GUARDED_BY(mutex_);  // for the upload to be created
  std::size_t on_their_way_ GUARDED_BY(mutex_) = 0;
  std::uint32_t commits_ GUARDED_BY(mutex_) = 0;           // begun
  std::optional<base::Error> failure_ GUARDED_BY(mutex_);  // of a part that the last one sent
  std::optional<Committed> committed_ GUARDED_BY(mutex_);
  bool offered_ GUARDED_BY(mutex_) = false;  // parts below the frontier were looked at once
  bool early_ GUARDED_BY(mutex_) = true;     // until something fails: then Commit sends the rest
  bool discarded_ GUARDED_BY(mutex_) = false;
};

}  // namespace cache
