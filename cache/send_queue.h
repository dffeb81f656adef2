// SendQueue: parts and small objects of all staged files wait here, in order, for one of the few
// places on the network. Adding never blocks; whoever finishes a send starts the next one.
//
// Owned by Staging; any thread. A start function runs on the thread of Add or Finish, without the
// queue's lock, and must come to Finish exactly once, later and not inline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "base/limiter.h"
#include "base/mutex.h"

namespace cache {

class SendQueue {
 public:
  // shared_ptr: a permit travels through std::function, which copies what it holds.
  using Permit = std::shared_ptr<base::Limiter::Permit>;
  using Start = std::function<void(Permit)>;

  SendQueue(std::size_t max_sends, std::uint64_t max_bytes) : limiter_(max_sends, max_bytes) {}

  void Add(std::uint64_t bytes, Start start) EXCLUDES(mutex_);
  // Gives the place back and starts what waits.
  void Finish(Permit permit) EXCLUDES(mutex_);
  // Waits until nothing waits and nothing is in flight.
  void Drain() EXCLUDES(mutex_);

 private:
  struct Waiting {
    std::uint64_t bytes;
    Start start;
  };
  void Pump() EXCLUDES(mutex_);

  base::Limiter limiter_;
  base::Mutex mutex_;
  base::CondVar idle_;
  std::deque<Waiting> waiting_ GUARDED_BY(mutex_);
  std::size_t running_ GUARDED_BY(mutex_) = 0;
};

}  // namespace cache
