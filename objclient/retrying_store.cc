// The bulk verbs, and what all attempts share. The blocking verbs are in retrying_control.cc.
#include "objclient/retrying_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "objclient/copy_in_parts.h"

namespace objclient {

namespace {
// How often a retry asks for a token: jittered, so that those who wait come one after another.
constexpr std::chrono::milliseconds kTokenWaitMin{100};
constexpr std::chrono::milliseconds kTokenWaitSpread{400};
}  // namespace

// A bulk request and who waits for it. `send` starts one attempt.
template <typename T>
struct RetryingStore::Call {
  Attempts attempts;
  std::function<void(Callback<T>)> send;
  std::function<bool(const base::Error&)> may_resume;  // empty = always
  Callback<T> done;
};

// How far a Get came, over all attempts. One attempt runs at a time, and each begins after the
// callback of the one before: no lock.
struct RetryingStore::Delivery {
  GetRequest request;
  std::uint64_t bytes = 0;
  std::array<std::byte, 1> spare{};  // see NextAttempt

  GetRequest NextAttempt(base::Counter& received);
};

GetRequest RetryingStore::Delivery::NextAttempt(base::Counter& received) {
  GetRequest rest = request;
  if (bytes == request.range.length) {
    // Everything was delivered but the answer was lost with the head in it: one byte is read again,
    // aside, as delivered memory must not be touched.
    rest.range = {request.range.end() - 1, 1};
    rest.into = {std::span(spare)};
    rest.progress = nullptr;
    return rest;
  }
  rest.range = {request.range.offset + bytes, request.range.length - bytes};
  rest.into.clear();
  std::uint64_t skip = bytes;
  for (const auto& piece : request.into) {
    const std::uint64_t cut = std::min<std::uint64_t>(skip, piece.size());
    skip -= cut;
    if (cut < piece.size()) rest.into.push_back(piece.subspan(cut));
  }
  rest.progress = [this, &received, before = bytes](std::uint64_t count) {
    received.Add(before + count - bytes);
    bytes = before + count;
    if (request.progress) request.progress(bytes);
  };
  return rest;
}

RetryingStore::RetryingStore(std::unique_ptr<ObjectStore> inner, RetryPolicy policy,
                             Environment environment, base::Metrics& metrics,
                             std::optional<Hedging::Options> hedging)
    : inner_(std::move(inner)),
      policy_(policy),
      environment_(std::move(environment)),
      requests_(metrics.Get("store_requests")),
      retries_(metrics.Get("store_retries")),
      retries_held_(metrics.Get("store_retries_held")),
      errors_(metrics.Get("store_errors")),
      get_bytes_(metrics.Get("store_get_bytes")),
      put_bytes_(metrics.Get("store_put_bytes")),
      budget_({}, environment_.clock.MonotonicNs(), metrics.Get("store_retry_budget")) {
  if (!environment_.after) {
    timer_ = std::make_unique<base::Timer>("store-retry");
    environment_.after = [timer = timer_.get()](std::chrono::nanoseconds delay,
                                                std::function<void()> callback) {
      timer->After(delay, std::move(callback));
    };
  }
  if (hedging) {
    hedging_ = std::make_unique<Hedging>(
        [this](GetRequest request, Callback<ObjectHead> done) {
          inner_->Get(std::move(request), std::move(done));
        },
        std::move(*hedging), environment_.clock, environment_.after, metrics);
  }
  on_stop_.emplace(environment_.stop, [this] { ResumeAll(); });
}

RetryingStore::~RetryingStore() {
  on_stop_.reset();
  std::map<std::uint64_t, Waiting> waiting;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    waiting.swap(waiting_);
    while (resuming_ > 0) resumed_.Wait(mutex_);
  }
  for (auto& [id, one] : waiting) one.cancel();
  if (hedging_) hedging_->Stop();
  // Attempts under way end first, then the timer: they may still touch it.
  inner_.reset();
  timer_.reset();
}

RetryingStore::Attempts RetryingStore::Begin(bool resends_corrupt) const {
  return {environment_.clock.MonotonicNs(), 0, 0, resends_corrupt};
}

void RetryingStore::CountAttempt(Attempts& attempts) {
  requests_.Add();
  if (attempts.made++ > 0) retries_.Add();
}

void RetryingStore::CountError(const base::Error& error) {
  // Absence, a failed precondition and an object too large for one copy are answers.
  const base::ErrorClass error_class = error.error_class();
  if (error_class == base::ErrorClass::kNotFound || error_class == base::ErrorClass::kConflict ||
      MeansOnlyInParts(error)) {
    return;
  }
  errors_.Add();
}

std::optional<std::chrono::nanoseconds> RetryingStore::Decide(Attempts& attempts,
                                                              const base::Error& error) {
  CountError(error);
  if (!base::IsRetryable(error)) {
    Answered(attempts);
    if (error.error_class() != base::ErrorClass::kCorrupt || !attempts.resends_corrupt) {
      return std::nullopt;
    }
    attempts.resends_corrupt = false;
  }
  if (environment_.stop.stop_requested()) return std::nullopt;
  const std::chrono::nanoseconds elapsed(environment_.clock.MonotonicNs() - attempts.began_ns);
  return policy_.NextDelay(attempts.made, elapsed, error, environment_.random());
}

void RetryingStore::Answered(Attempts& attempts) {
  budget_.Succeeded(std::exchange(attempts.tokens, 0));
}

std::optional<std::chrono::nanoseconds> RetryingStore::TakeToken(Attempts& attempts) {
  if (environment_.stop.stop_requested()) return std::nullopt;
  const std::int64_t now_ns = environment_.clock.MonotonicNs();
  if (budget_.TryTake(now_ns)) {
    ++attempts.tokens;
    return std::chrono::nanoseconds(0);
  }
  retries_held_.Add();
  const auto wait = kTokenWaitMin + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        kTokenWaitSpread * environment_.random());
  if (std::chrono::nanoseconds(now_ns - attempts.began_ns) + wait > policy_.time_limit) {
    return std::nullopt;
  }
  return wait;
}

void RetryingStore::Pause(std::chrono::nanoseconds wait) {
  // A clock cannot be woken.
  constexpr std::chrono::nanoseconds kStep = std::chrono::milliseconds(100);
  while (wait.count() > 0 && !environment_.stop.stop_requested()) {
    const auto step = std::min(wait, kStep);
    environment_.clock.Sleep(step);
    wait -= step;
  }
}

base::Error RetryingStore::Final(const Attempts& attempts, const base::Error& error) const {
  if (environment_.stop.stop_requested() && base::IsRetryable(error)) {
    return error.Annotate("given up: no request is sent any more");
  }
  if (attempts.made <= 1) return error;
  return error.Annotate(fmt::format("given up after {} attempts", attempts.made));
}

template <typename T>
void RetryingStore::Send(const std::shared_ptr<Call<T>>& call) {
  CountAttempt(call->attempts);
  call->send([this, call](base::Result<T> result) { Finish(call, std::move(result)); });
}

template <typename T>
void RetryingStore::Finish(const std::shared_ptr<Call<T>>& call, base::Result<T> result) {
  if (result.ok()) {
    Answered(call->attempts);
    return call->done(std::move(result));
  }
  const base::Error error = result.error();
  const auto delay = Decide(call->attempts, error);
  if (!delay || (call->may_resume && !call->may_resume(error))) {
    return call->done(Final(call->attempts, error));
  }
  WaitThenTryAgain(*delay, call, error);
}

template <typename T>
void RetryingStore::WaitThenTryAgain(std::chrono::nanoseconds delay,
                                     const std::shared_ptr<Call<T>>& call,
                                     const base::Error& error) {
  WaitThen(delay, {.resume = [this, call, error] { TryAgain(call, error); },
                   .cancel =
                       [call] {
                         call->done(base::Error(base::ErrorClass::kCancelled,
                                                "the store is shutting down"));
                       }});
}

template <typename T>
void RetryingStore::TryAgain(const std::shared_ptr<Call<T>>& call, const base::Error& error) {
  const auto wait = TakeToken(call->attempts);
  if (!wait) return call->done(Final(call->attempts, error));
  if (*wait > std::chrono::nanoseconds(0)) return WaitThenTryAgain(*wait, call, error);
  Send(call);
}

void RetryingStore::WaitThen(std::chrono::nanoseconds delay, Waiting waiting) {
  std::uint64_t id = 0;
  bool stopping = false;
  {
    base::MutexLock lock(mutex_);
    stopping = stopping_;
    id = ++next_id_;
    if (!stopping) waiting_[id] = waiting;
  }
  if (stopping) return waiting.cancel();
  // ResumeAll may have run before the entry was there.
  if (environment_.stop.stop_requested()) delay = std::chrono::nanoseconds(0);
  environment_.after(delay, [this, id] { Resume(id); });
}

void RetryingStore::ResumeAll() {
  std::vector<std::uint64_t> ids;
  {
    base::MutexLock lock(mutex_);
    for (const auto& [id, one] : waiting_) ids.push_back(id);
  }
  for (const std::uint64_t id : ids) {
    environment_.after(std::chrono::nanoseconds(0), [this, id] { Resume(id); });
  }
}

void RetryingStore::Resume(std::uint64_t id) {
  Waiting waiting;
  {
    base::MutexLock lock(mutex_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    waiting = std::move(found->second);
    waiting_.erase(found);
    ++resuming_;
  }
  waiting.resume();
  base::MutexLock lock(mutex_);
  --resuming_;
  resumed_.NotifyAll();
}

void RetryingStore::Get(GetRequest request, Callback<ObjectHead> done) {
  // shared_ptr: every attempt's request and the call refer to it.
  auto delivery = std::make_shared<Delivery>();
  delivery->request = std::move(request);
  auto call = std::make_shared<Call<ObjectHead>>();
  call->attempts = Begin(true);
  call->send = [this, delivery](Callback<ObjectHead> answered) {
    GetRequest attempt = delivery->NextAttempt(get_bytes_);
    if (hedging_) return hedging_->Get(std::move(attempt), std::move(answered));
    inner_->Get(std::move(attempt), std::move(answered));
  };
  call->may_resume = [delivery](const base::Error& error) {
    if (delivery->bytes == 0) return true;
    // What was delivered may be damaged and cannot be taken back.
    if (error.error_class() == base::ErrorClass::kCorrupt) return false;
    return !delivery->request.if_match.empty();
  };
  call->done = [this, delivery, done = std::move(done)](base::Result<ObjectHead> result) {
    if (result.ok()) get_bytes_.Add(delivery->request.range.length - delivery->bytes);
    done(std::move(result));
  };
  Send(call);
}

template <typename Request, typename T>
void RetryingStore::SendBody(void (ObjectStore::*verb)(Request, Callback<T>), Request request,
                             Callback<T> done) {
  auto call = std::make_shared<Call<T>>();
  call->attempts = Begin(true);
  call->done = [this, size = request.body.size(), done = std::move(done)](base::Result<T> result) {
    if (result.ok()) put_bytes_.Add(size);
    done(std::move(result));
  };
  call->send = [this, verb, request = std::move(request)](Callback<T> answered) {
    ((*inner_).*verb)(request, std::move(answered));
  };
  Send(call);
}

void RetryingStore::Put(PutRequest request, Callback<ObjectHead> done) {
  SendBody(&ObjectStore::Put, std::move(request), std::move(done));
}

void RetryingStore::UploadPart(PartRequest request, Callback<PartInfo> done) {
  SendBody(&ObjectStore::UploadPart, std::move(request), std::move(done));
}

}  // namespace objclient
