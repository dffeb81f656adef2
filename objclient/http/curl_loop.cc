#include "objclient/http/curl_loop.h"

#include <pthread.h>

#include <algorithm>

namespace objclient {

namespace {

constexpr std::chrono::milliseconds kWaitMax{1000};

base::Error ShuttingDown() { return {base::ErrorClass::kCancelled, "the store is shutting down"}; }

}  // namespace

base::Result<std::unique_ptr<CurlLoop>> CurlLoop::Start(Options options, base::Metrics& metrics) {
  TRY(InitCurl());
  CurlMulti multi(curl_multi_init());
  if (multi == nullptr) {
    return base::Error(base::ErrorClass::kUnavailable, "no memory for a curl multi handle");
  }
  curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections));
  TRY_ASSIGN(std::unique_ptr<CurlPoll> poll, CurlPoll::Create());
  poll->Serve(multi.get());
  std::unique_ptr<CurlLoop> loop(
      new CurlLoop(std::move(options), std::move(poll), std::move(multi), metrics));
  loop->thread_ = std::thread([raw = loop.get()] { raw->Run(); });
  loop->on_stop_.emplace(loop->options_.stop, [raw = loop.get()] { raw->poll_->Wake(); });
  return loop;
}

CurlLoop::CurlLoop(Options options, std::unique_ptr<CurlPoll> poll, CurlMulti multi,
                   base::Metrics& metrics)
    : options_(std::move(options)),
      poll_(std::move(poll)),
      multi_(std::move(multi)),
      requests_count_(metrics.Get("http_requests_count")),
      failures_count_(metrics.Get("http_failures_count")),
      received_bytes_(metrics.Get("http_received_bytes")),
      sent_bytes_(metrics.Get("http_sent_bytes")),
      throttled_count_(metrics.Get("http_throttled_count")),
      refused_count_(metrics.Get("http_refused_count")),
      pace_limit_(metrics.Get("http_pace_limit")),
      pace_held_(metrics.Get("http_pace_held")),
      pacer_(options_.connections) {
  pace_limit_.Add(pacer_.limit());
}

CurlLoop::~CurlLoop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  poll_->Wake();
  if (thread_.joinable()) thread_.join();
  CancelAll(ShuttingDown());
  pace_limit_.Sub(pacer_.limit());
  pace_held_.Sub(options_.connections - pacer_.limit());
}

void CurlLoop::Submit(std::unique_ptr<CurlTransfer> transfer) {
  load_.fetch_add(1, std::memory_order_relaxed);
  {
    base::MutexLock lock(mutex_);
    if (urgent_.size() + waiting_.size() >= options_.queue_limit) {
      refused_.push_back(std::move(transfer));
    } else {
      (transfer->urgent() ? urgent_ : waiting_).push_back(std::move(transfer));
    }
  }
  if (!woken_.exchange(true)) poll_->Wake();
}

void CurlLoop::Run() {
  pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
  while (StartWaiting()) {
    poll_->Wait(multi_.get(), kWaitMax);
    Reap();
  }
  CancelAll(ShuttingDown());
}

// False when the loop is to stop.
bool CurlLoop::StartWaiting() {
  woken_.store(false);  // before the look, so that who comes after it wakes us again
  AnswerRefused();
  if (options_.stop.stop_requested()) {
    CancelAll({base::ErrorClass::kUnavailable, "no request is sent any more"});
  }
  while (active_.size() < std::min(options_.connections, pacer_.limit())) {
    std::unique_ptr<CurlTransfer> transfer = NextWaiting();
    if (transfer == nullptr) break;
    Begin(std::move(transfer));
  }
  base::MutexLock lock(mutex_);
  return !stopping_;
}

std::unique_ptr<CurlTransfer> CurlLoop::NextWaiting() {
  base::MutexLock lock(mutex_);
  auto& queue = urgent_.empty() ? waiting_ : urgent_;
  if (queue.empty()) return nullptr;
  std::unique_ptr<CurlTransfer> transfer = std::move(queue.front());
  queue.pop_front();
  return transfer;
}

void CurlLoop::Begin(std::unique_ptr<CurlTransfer> transfer) {
  requests_count_.Add();
  base::Status status = transfer->Prepare(TakeHandle(), options_.bounds);
  if (status.ok()) {
    CURL* handle = transfer->handle();
    const CURLMcode code = curl_multi_add_handle(multi_.get(), handle);
    if (code == CURLM_OK) {
      active_.emplace(handle, Active{std::move(transfer), pacer_.Sent()});
      return;
    }
    status = base::Error(base::ErrorClass::kBug, curl_multi_strerror(code));
  }
  failures_count_.Add();
  load_.fetch_sub(1, std::memory_order_relaxed);
  transfer->Fail(status.error());
}

void CurlLoop::Reap() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // The message dies with the handle's removal.
    const CURLcode code = message->data.result;
    CURL* handle = message->easy_handle;
    curl_multi_remove_handle(multi_.get(), handle);
    auto node = active_.extract(handle);
    if (node.empty()) continue;
    std::unique_ptr<CurlTransfer> transfer = std::move(node.mapped().transfer);
    if (code == CURLE_OK) Pace(node.mapped().number, transfer->status());
    received_bytes_.Add(transfer->received_bytes());
    sent_bytes_.Add(transfer->sent_bytes());
    if (code != CURLE_OK) failures_count_.Add();
    load_.fetch_sub(1, std::memory_order_relaxed);
    CurlEasy easy = transfer->Finish(code);
    // One that failed before it connected keeps its buffer, and curl then refuses its size again.
    if (code == CURLE_OK) idle_handles_.push_back(std::move(easy));
  }
}

void CurlLoop::Pace(std::uint64_t request, int status) {
  constexpr int kTooManyRequests = 429;
  constexpr int kServiceUnavailable = 503;
  const std::size_t before = pacer_.limit();
  if (status == kTooManyRequests || status == kServiceUnavailable) {
    throttled_count_.Add();
    pacer_.Throttled(request);
  } else {
    pacer_.Answered();
  }
  const std::size_t after = pacer_.limit();
  if (after == before) return;
  pace_limit_.Add(after);
  pace_limit_.Sub(before);
  pace_held_.Add(before);
  pace_held_.Sub(after);
}

void CurlLoop::AnswerRefused() {
  std::vector<std::unique_ptr<CurlTransfer>> refused;
  {
    base::MutexLock lock(mutex_);
    refused.swap(refused_);
  }
  const base::Error error(base::ErrorClass::kThrottled,
                          "too many requests wait for a connection to the store");
  for (const auto& transfer : refused) {
    refused_count_.Add();
    load_.fetch_sub(1, std::memory_order_relaxed);
    transfer->Fail(error);
  }
}

void CurlLoop::CancelAll(const base::Error& error) {
  auto active = std::move(active_);
  active_.clear();
  for (auto& [handle, one] : active) {
    curl_multi_remove_handle(multi_.get(), handle);
    load_.fetch_sub(1, std::memory_order_relaxed);
    one.transfer->Fail(error);
  }
  AnswerRefused();
  while (std::unique_ptr<CurlTransfer> transfer = NextWaiting()) {
    load_.fetch_sub(1, std::memory_order_relaxed);
    transfer->Fail(error);
  }
  idle_handles_.clear();
}

CurlEasy CurlLoop::TakeHandle() {
  if (idle_handles_.empty()) return CurlEasy(curl_easy_init());
  CurlEasy easy = std::move(idle_handles_.back());
  idle_handles_.pop_back();
  return easy;
}

}  // namespace objclient
