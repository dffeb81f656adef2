#include "cache/send_queue.h"

#include <utility>

namespace cache {

void SendQueue::Add(std::uint64_t bytes, Start start) {
  {
    const base::MutexLock lock(mutex_);
    waiting_.push_back({bytes, std::move(start)});
  }
  Pump();
}

void SendQueue::Finish(Permit permit) {
  permit->operator=(base::Limiter::Permit());
  Pump();
  const base::MutexLock lock(mutex_);
  --running_;
  // Under the lock: the queue may be destroyed as soon as Drain has seen it idle.
  if (running_ == 0 && waiting_.empty()) idle_.NotifyAll();
}

void SendQueue::Drain() {
  const base::MutexLock lock(mutex_);
  while (running_ > 0 || !waiting_.empty()) idle_.Wait(mutex_);
}

void SendQueue::Pump() {
  while (true) {
    base::MutexLock lock(mutex_);
    if (waiting_.empty()) return;
    base::Limiter::Permit permit = limiter_.TryAcquire(waiting_.front().bytes);
    if (!permit) return;
    const Start start = std::move(waiting_.front().start);
    waiting_.pop_front();
    ++running_;
    lock.Unlock();
    start(std::make_shared<base::Limiter::Permit>(std::move(permit)));
  }
}

}  // namespace cache
