// Refreshing<T>: the credentials (or the token) in use, replaced before they end. There is no
// timer: a request that finds them near their end starts the reload and goes on with them; one that
// finds none that are valid waits for the reload, which is one at a time on a thread of its own.
//
// T has `std::optional<std::int64_t> expires_ns` on the clock's MonotonicNs. Owned by a session;
// any thread. Nothing is called with a lock held.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"

namespace objclient {

template <typename T>
class Refreshing {
 public:
  using Handle = std::shared_ptr<const T>;
  using Load = std::function<base::Result<T>()>;
  using Waiter = std::function<void(base::Result<Handle>)>;

  // `load` is called on this object's thread and may block there. `clock` must outlive it.
  Refreshing(T first, Load load, base::Clock& clock)
      : load_(std::move(load)), clock_(clock), executor_({.name = "credentials", .threads = 1}) {
    base::MutexLock lock(mutex_);
    Adopt(std::move(first));
  }
  ~Refreshing() { Stop(); }
  Refreshing(const Refreshing&) = delete;
  Refreshing& operator=(const Refreshing&) = delete;

  // What is valid now. Otherwise nullptr, and `later` is called once, on this object's thread.
  Handle Get(Waiter later) EXCLUDES(mutex_) {
    Handle valid;
    {
      base::MutexLock lock(mutex_);
      const std::int64_t now_ns = clock_.MonotonicNs();
      if (current_ != nullptr && Valid(*current_, now_ns)) valid = current_;
      if (valid == nullptr) waiting_.push_back(std::move(later));
      if (loading_ || (valid != nullptr && now_ns < reload_ns_)) return valid;
      loading_ = true;
    }
    executor_.Submit([this] { Reload(); });
    return valid;
  }

  // The same for who may block.
  base::Result<Handle> Await() EXCLUDES(mutex_) {
    // Shared: the waiter may still be returning from set_value when the caller has gone on.
    auto renewed = std::make_shared<std::promise<base::Result<Handle>>>();
    auto answer = renewed->get_future();
    Handle valid =
        Get([renewed](base::Result<Handle> handle) { renewed->set_value(std::move(handle)); });
    return valid != nullptr ? base::Result<Handle>(std::move(valid)) : answer.get();
  }

  // The newest, valid or not: for messages. nullptr after a refusal.
  Handle Latest() const EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return current_;
  }

  // The other side refused `refused`. True when asking again makes sense: others are in use by now,
  // or a reload begins with the next Get. False when these were loaded a moment ago.
  bool Rejected(const Handle& refused) EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (current_ != refused) return true;
    if (clock_.MonotonicNs() < trusted_ns_) return false;
    current_ = nullptr;
    return true;
  }

  // Ends the waiting: who waits, and who asks from now on and would have to, gets kCancelled.
  // Returns when nobody is being called.
  void Stop() EXCLUDES(mutex_) {
    {
      base::MutexLock lock(mutex_);
      stopping_ = true;
    }
    executor_.Drain();
  }

 private:
  static constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  // How long before their end new ones are asked for; services have them by then. A quarter of
  // their time for those that live shorter.
  static constexpr std::int64_t kMarginNs = 300 * kNsPerSecond;
  // How long refused ones are taken for a refusal that new ones would meet too, and the longest
  // pause after a reload that failed.
  static constexpr std::int64_t kPauseNs = 10 * kNsPerSecond;

  static bool Valid(const T& value, std::int64_t now_ns) {
    return !value.expires_ns || now_ns < *value.expires_ns;
  }

  void Adopt(T value) REQUIRES(mutex_) {
    const std::int64_t now_ns = clock_.MonotonicNs();
    reload_ns_ = INT64_MAX;
    trusted_ns_ = now_ns + kPauseNs;
    if (value.expires_ns) {
      const std::int64_t life_ns = std::max<std::int64_t>(*value.expires_ns - now_ns, 0);
      reload_ns_ = now_ns + life_ns - std::min(life_ns / 4, kMarginNs);
      trusted_ns_ = now_ns + std::min(life_ns / 4, kPauseNs);
    }
    current_ = std::make_shared<const T>(std::move(value));
  }

  void Reload() EXCLUDES(mutex_) {
    base::Result<T> loaded = stopping() ? Stopped() : load_();
    base::Result<Handle> answer = Handle();
    std::vector<Waiter> waiting;
    {
      base::MutexLock lock(mutex_);
      loading_ = false;
      waiting.swap(waiting_);
      if (loaded.ok()) {
        Adopt(std::move(*loaded));
        answer = current_;
      } else {
        const std::int64_t now_ns = clock_.MonotonicNs();
        const std::int64_t left_ns =
            current_ != nullptr && current_->expires_ns ? *current_->expires_ns - now_ns : 0;
        reload_ns_ = now_ns + std::clamp<std::int64_t>(left_ns / 4, 0, kPauseNs);
        answer = loaded.error();
      }
    }
    // Those who wait tell of the error themselves.
    if (!loaded.ok() && waiting.empty() && !stopping()) {
      LOG_WARN("credentials not renewed, the old ones stay in use: {}", loaded.error().ToString());
    }
    for (const Waiter& waiter : waiting) waiter(answer);
  }

  bool stopping() const EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return stopping_;
  }
  static base::Error Stopped() {
    return base::Error(base::ErrorClass::kCancelled, "the store is shutting down");
  }

  const Load load_;
  base::Clock& clock_;
  mutable base::Mutex mutex_;
  Handle current_ GUARDED_BY(mutex_);  // nullptr after a refusal
  std::vector<Waiter> waiting_ GUARDED_BY(mutex_);
  std::int64_t reload_ns_ GUARDED_BY(mutex_) = 0;   // when to ask for new ones
  std::int64_t trusted_ns_ GUARDED_BY(mutex_) = 0;  // until when a refusal is no reason to reload
  bool loading_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  base::Executor executor_;  // last: its task uses the rest
};

}  // namespace objclient
