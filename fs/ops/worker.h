// Worker: one background thread that does a pass whenever it is woken or the time that the last
// pass asked for has come. Owned by whoever owns the work; Stop (or destruction) ends the pass
// under way and joins. Wake may be called from any thread.
#pragma once

#include <pthread.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace fs {

class Worker {
 public:
  // `pass` returns how long to sleep when nobody wakes the worker.
  Worker(std::string name, std::function<std::chrono::milliseconds()> pass)
      : pass_(std::move(pass)), thread_([this, thread_name = std::move(name)] {
          pthread_setname_np(pthread_self(), thread_name.c_str());
          Run();
        }) {}
  ~Worker() { Stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Wake() EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    woken_ = true;
    changed_.NotifyAll();
  }
  void Stop() EXCLUDES(mutex_) {
    {
      base::MutexLock lock(mutex_);
      stopping_ = true;
      changed_.NotifyAll();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() EXCLUDES(mutex_) {
    std::chrono::milliseconds pause{0};
    for (;;) {
      {
        base::MutexLock lock(mutex_);
        if (!woken_ && !stopping_ && pause.count() > 0) changed_.WaitFor(mutex_, pause);
        if (stopping_) return;
        woken_ = false;
      }
      pause = pass_();
    }
  }

  const std::function<std::chrono::milliseconds()> pass_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace fs
