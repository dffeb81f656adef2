// RetryingStore: decorates a store with the program's only retries, and counts its requests. What
// is retried: errors of a class that may pass (base::IsRetryable), and once a bulk request whose
// checksum did not match on arrival, here or there, or a listing that could not be read. A Get goes
// on after the bytes already delivered, under the same If-Match; without one it starts again only
// if nothing was delivered, as the object may be another. All requests share a RetryBudget: with it
// used up a retry waits for its turn, as long as the request's time limit allows. A conditional Put
// that is tried again after a lost answer may meet its own first success and report kConflict: who
// needs to know compares the metadata of Head with what was sent.
//
// Owned by the mount; any thread. Waits of the bulk verbs are timers, never a blocked transport
// thread; control verbs sleep in the caller. Destruction answers waiting retries with kCancelled.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "objclient/hedging.h"
#include "objclient/object_store.h"
#include "objclient/retry_budget.h"
#include "objclient/retry_policy.h"

namespace objclient {

class RetryingStore final : public ObjectStore {
 public:
  // Where time and chance come from; any thread may call them.
  struct Environment {
    base::Clock& clock;              // must outlive the store
    std::function<double()> random;  // uniform in [0, 1)
    // Runs the callback on another thread after the delay; empty = a timer of the store's own.
    std::function<void(std::chrono::nanoseconds, std::function<void()>)> after;
    // Once it is requested nothing is tried again: who waits gets the error of the last attempt.
    std::stop_token stop = {};
  };

  // `metrics` must outlive the store. With `hedging` a GET whose answer is late is sent twice.
  RetryingStore(std::unique_ptr<ObjectStore> inner, RetryPolicy policy, Environment environment,
                base::Metrics& metrics, std::optional<Hedging::Options> hedging = std::nullopt);
  ~RetryingStore() override;

  Capabilities capabilities() const override { return inner_->capabilities(); }
  base::Status Discover() override;
  void Get(GetRequest request, Callback<ObjectHead> done) override;
  void Put(PutRequest request, Callback<ObjectHead> done) override;
  void UploadPart(PartRequest request, Callback<PartInfo> done) override;
  base::Result<ObjectHead> Head(const ObjectKey& key) override;
  base::Result<ObjectHead> Copy(const CopyRequest& request) override;
  base::Result<ObjectHead> Move(const CopyRequest& request) override;
  base::Status Delete(const ObjectKey& key, const std::string& if_match) override;
  base::Result<std::vector<std::pair<ObjectKey, base::Error>>> DeleteMany(
      const std::vector<DeleteRequest>& requests) override;
  base::Result<ListPage> List(const ListRequest& request) override;
  base::Result<std::string> CreateMultipart(const ObjectKey& key,
                                            const Metadata& metadata) override;
  base::Result<PartInfo> UploadPartCopy(const ObjectKey& key, const std::string& upload_id,
                                        std::uint32_t number, const ObjectKey& source,
                                        const std::string& source_if_match,
                                        base::ByteRange range) override;
  base::Result<ObjectHead> CompleteMultipart(const ObjectKey& key, const std::string& upload_id,
                                             const std::vector<PartInfo>& parts,
                                             const Precondition& precondition) override;
  base::Status AbortMultipart(const ObjectKey& key, const std::string& upload_id) override;
  base::Result<std::vector<PartInfo>> ListParts(const ObjectKey& key,
                                                const std::string& upload_id) override;
  base::Result<std::vector<UploadInfo>> ListUploads(const ObjectKey& prefix) override;

 private:
  // One request through all its attempts.
  struct Attempts {
    std::int64_t began_ns = 0;
    std::uint32_t made = 0;
    std::uint32_t tokens = 0;      // taken from the budget
    bool resends_corrupt = false;  // a checksum mismatch on arrival may be tried again, once
  };
  template <typename T>
  struct Call;
  struct Delivery;
  struct Waiting {
    std::function<void()> resume;
    std::function<void()> cancel;
  };

  Attempts Begin(bool resends_corrupt) const;
  void CountAttempt(Attempts& attempts);
  void CountError(const base::Error& error);
  // The wait before the next attempt; none when `error` is final.
  std::optional<std::chrono::nanoseconds> Decide(Attempts& attempts, const base::Error& error);
  // A success, or a refusal, which shows as well that the store works.
  void Answered(Attempts& attempts);
  // Takes the budget's token for one more attempt. Zero: done; none: no time left for it; else the
  // wait before asking again.
  std::optional<std::chrono::nanoseconds> TakeToken(Attempts& attempts);
  base::Error Final(const Attempts& attempts, const base::Error& error) const;
  // Sleeps, less long when everything is to stop.
  void Pause(std::chrono::nanoseconds wait);

  // A bulk verb that has bytes to send.
  template <typename Request, typename T>
  void SendBody(void (ObjectStore::*verb)(Request, Callback<T>), Request request, Callback<T> done);
  template <typename T>
  void Send(const std::shared_ptr<Call<T>>& call);
  template <typename T>
  void Finish(const std::shared_ptr<Call<T>>& call, base::Result<T> result);
  template <typename T>
  void TryAgain(const std::shared_ptr<Call<T>>& call, const base::Error& error);
  template <typename T>
  void WaitThenTryAgain(std::chrono::nanoseconds delay, const std::shared_ptr<Call<T>>& call,
                        const base::Error& error);
  template <typename Function>
  auto Blocking(const Function& send, bool resends_corrupt = false) -> decltype(send());

  void WaitThen(std::chrono::nanoseconds delay, Waiting waiting) EXCLUDES(mutex_);
  void Resume(std::uint64_t id) EXCLUDES(mutex_);
  void ResumeAll() EXCLUDES(mutex_);

  std::unique_ptr<ObjectStore> inner_;  // constant until destruction
  const RetryPolicy policy_;
  Environment environment_;
  base::Counter& requests_;
  base::Counter& retries_;
  base::Counter& retries_held_;
  base::Counter& errors_;
  base::Counter& get_bytes_;
  base::Counter& put_bytes_;
  RetryBudget budget_;
  std::unique_ptr<base::Timer> timer_;  // none when the environment has its own
  std::unique_ptr<Hedging> hedging_;    // of every attempt of a GET; none when not wanted

  base::Mutex mutex_;
  base::CondVar resumed_;
  std::map<std::uint64_t, Waiting> waiting_ GUARDED_BY(mutex_);
  std::uint64_t next_id_ GUARDED_BY(mutex_) = 0;
  std::uint32_t resuming_ GUARDED_BY(mutex_) = 0;  // timer callbacks inside inner_
  bool stopping_ GUARDED_BY(mutex_) = false;

  std::optional<std::stop_callback<std::function<void()>>> on_stop_;  // last: uses the rest
};

}  // namespace objclient
