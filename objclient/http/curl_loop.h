// CurlLoop: one thread with one multi handle and its pool of connections. Requests above the limit
// of connections, or above what a store that asks us to slow down gets (Pacer), wait in two queues,
// urgent ones first; above the limit of those they are refused. Owned by CurlTransport; Submit and
// load from any thread, everything else on the loop's own.
//
// Destruction cuts what runs and what waits: their handlers get kCancelled before it returns. So
// does a request to stop, with kUnavailable, and after it nothing is sent any more.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "objclient/http/curl_poll.h"
#include "objclient/http/curl_transfer.h"
#include "objclient/pacer.h"

namespace objclient {

class CurlLoop {
 public:
  struct Options {
    std::string name = "http";       // thread name, at most 15 bytes
    std::size_t connections = 16;    // most at a time
    std::size_t queue_limit = 4096;  // most that wait for one; more get kThrottled
    CurlBounds bounds;
    std::stop_token stop = {};
  };
  // `metrics` must outlive the loop.
  static base::Result<std::unique_ptr<CurlLoop>> Start(Options options, base::Metrics& metrics);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  void Submit(std::unique_ptr<CurlTransfer> transfer) EXCLUDES(mutex_);
  // Transfers that run or wait, to find the least loaded loop.
  std::size_t load() const { return load_.load(std::memory_order_relaxed); }

 private:
  CurlLoop(Options options, std::unique_ptr<CurlPoll> poll, CurlMulti multi,
           base::Metrics& metrics);
  void Run();
  bool StartWaiting() EXCLUDES(mutex_);
  std::unique_ptr<CurlTransfer> NextWaiting() EXCLUDES(mutex_);
  void Begin(std::unique_ptr<CurlTransfer> transfer);
  void Reap();
  void Pace(std::uint64_t request, int status);
  void AnswerRefused() EXCLUDES(mutex_);
  void CancelAll(const base::Error& error);
  CurlEasy TakeHandle();

  // constant after construction
  const Options options_;
  const std::unique_ptr<CurlPoll> poll_;  // before multi_, which takes leave of it socket by socket
  const CurlMulti multi_;
  base::Counter& requests_count_;
  base::Counter& failures_count_;
  base::Counter& received_bytes_;
  base::Counter& sent_bytes_;
  base::Counter& throttled_count_;
  base::Counter& refused_count_;
  base::Counter& pace_limit_;  // the sum over all loops
  base::Counter& pace_held_;   // connections that the store has us leave idle, of all loops

  struct Active {
    std::unique_ptr<CurlTransfer> transfer;
    std::uint64_t number = 0;  // the pacer's
  };

  // the loop's thread only
  Pacer pacer_;
  std::unordered_map<CURL*, Active> active_;
  std::vector<CurlEasy> idle_handles_;

  // Atomic: from a wake-up until the loop looks at the queues; one is enough for all who come.
  std::atomic<bool> woken_{false};
  std::atomic<std::size_t> load_{0};  // atomic: a hint for Submit's choice, no ordering needed
  base::Mutex mutex_;
  std::deque<std::unique_ptr<CurlTransfer>> urgent_ GUARDED_BY(mutex_);
  std::deque<std::unique_ptr<CurlTransfer>> waiting_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<CurlTransfer>> refused_ GUARDED_BY(mutex_);  // to be told so
  bool stopping_ GUARDED_BY(mutex_) = false;

  std::optional<std::stop_callback<std::function<void()>>> on_stop_;

  std::thread thread_;  // last: it uses everything above
};

}  // namespace objclient
