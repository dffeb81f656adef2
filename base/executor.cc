#include "base/executor.h"

#include <pthread.h>

#include <utility>

#include "base/check.h"

namespace base {

Executor::Executor(Options options) : options_(std::move(options)) {
  CHECK(options_.threads > 0 && options_.queue_limit > 0);
  threads_.reserve(options_.threads);
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { Work(); });
    pthread_setname_np(threads_.back().native_handle(), options_.name.substr(0, 15).c_str());
  }
}

Executor::~Executor() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    work_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void Executor::Submit(std::function<void()> task) {
  MutexLock lock(mutex_);
  while (queue_.size() >= options_.queue_limit) space_.Wait(mutex_);
  queue_.push_back(std::move(task));
  work_.NotifyOne();
}

bool Executor::TrySubmit(std::function<void()> task) {
  MutexLock lock(mutex_);
  if (queue_.size() >= options_.queue_limit) return false;
  queue_.push_back(std::move(task));
  work_.NotifyOne();
  return true;
}

void Executor::Drain() {
  MutexLock lock(mutex_);
  while (!queue_.empty() || running_ > 0) idle_.Wait(mutex_);
}

void Executor::Work() {
  MutexLock lock(mutex_);
  while (true) {
    while (queue_.empty() && !stopping_) work_.Wait(mutex_);
    if (queue_.empty()) return;
    std::function<void()> task = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    space_.NotifyOne();
    lock.Unlock();
    task();
    // What the task captured is destroyed before Drain may report it done, and not under the lock.
    task = nullptr;
    lock.Lock();
    --running_;
    if (queue_.empty() && running_ == 0) idle_.NotifyAll();
  }
}

}  // namespace base
