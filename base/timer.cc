#include <pthread.h>

#include <map>
#include <utility>

#include "base/executor.h"

namespace base {

struct Timer::Rep {
  using TimePoint = std::chrono::steady_clock::time_point;
  void Work();

  Mutex mutex;
  CondVar changed;
  std::multimap<TimePoint, std::function<void()>> pending GUARDED_BY(mutex);
  bool stopping GUARDED_BY(mutex) = false;
  std::thread thread;  // constant after construction
};

void Timer::Rep::Work() {
  MutexLock lock(mutex);
  while (!stopping) {
    if (pending.empty()) {
      changed.Wait(mutex);
      continue;
    }
    const auto first = pending.begin();
    const auto wait = first->first - std::chrono::steady_clock::now();
    if (wait > std::chrono::nanoseconds::zero()) {
      changed.WaitFor(mutex, wait);
      continue;
    }
    std::function<void()> callback = std::move(first->second);
    pending.erase(first);
    lock.Unlock();
    callback();
    callback = nullptr;
    lock.Lock();
  }
}

Timer::Timer(const std::string& name) : rep_(std::make_unique<Rep>()) {
  rep_->thread = std::thread([rep = rep_.get()] { rep->Work(); });
  pthread_setname_np(rep_->thread.native_handle(), name.substr(0, 15).c_str());
}

Timer::~Timer() {
  {
    MutexLock lock(rep_->mutex);
    rep_->stopping = true;
    rep_->changed.NotifyAll();
  }
  rep_->thread.join();
}

void Timer::After(std::chrono::nanoseconds delay, std::function<void()> callback) {
  const auto when = std::chrono::steady_clock::now() + delay;
  MutexLock lock(rep_->mutex);
  rep_->pending.emplace(when, std::move(callback));
  rep_->changed.NotifyOne();
}

}  // namespace base
