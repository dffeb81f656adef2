// Executor: a fixed number of threads behind a bounded queue. Submit blocks while the queue is full
// (back-pressure), TrySubmit answers false. Tasks must not wait for other tasks of the same
// executor. Any thread may submit; the owner destroys it, which runs what is queued and joins.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace base {

class Executor {
 public:
  struct Options {
    std::string name;  // thread name, at most 15 bytes
    std::size_t threads = 2;
    std::size_t queue_limit = 1024;  // tasks waiting, not counting those that run
  };
  explicit Executor(Options options);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void Submit(std::function<void()> task) EXCLUDES(mutex_);
  [[nodiscard]] bool TrySubmit(std::function<void()> task) EXCLUDES(mutex_);
  // Waits until nothing is queued and nothing runs.
  void Drain() EXCLUDES(mutex_);

 private:
  void Work();
  const Options options_;
  Mutex mutex_;
  CondVar work_, space_, idle_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  std::size_t running_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // constant after construction
};

// Runs callbacks at a time, on one thread of its own. Callbacks are short: they hand work over.
// Destruction drops what has not fired.
class Timer {
 public:
  explicit Timer(const std::string& name);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  void After(std::chrono::nanoseconds delay, std::function<void()> callback);

 private:
  struct Rep;
  const std::unique_ptr<Rep> rep_;
};

}  // namespace base
