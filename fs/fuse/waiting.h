// Waiting: callers that wait for the store in close and fsync, with the right to end. The kernel
// keeps a process until its request is answered, also one that is told to end; twice a second it is
// looked here whether somebody was, and whoever was gets EINTR. The bytes stay staged, and what was
// asked for goes on without him.
//
// FUSE's own interrupts would not do: they come for every signal, harmless ones too, once a
// request, and for a process that closes its files as it ends they do not come at all.
//
// Owned by the session; any thread. Answers are called on a thread of its own, without locks held,
// at most twice.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <string_view>

#include "base/executor.h"
#include "base/mutex.h"

namespace fs {

// From a thread's /proc files `status` and `stat` (proc(5)): it is being killed, ends after a
// signal, or has a signal from the keyboard (SIGINT, SIGQUIT) before it. Others, which a program
// may take for its own purposes, do not count.
bool IsToldToEnd(std::string_view status, std::string_view stat);

class Waiting {
 public:
  struct Options {
    // Whether the thread is told to end.
    std::function<bool(pid_t)> ends;
    std::chrono::milliseconds period{500};
  };
  Waiting();  // of the threads of this machine
  explicit Waiting(Options options);

  // `who` names the request until Remove. `answer` must do nothing once it was answered.
  void Add(const void* who, pid_t thread, std::function<void()> answer) EXCLUDES(mutex_);
  void Remove(const void* who) EXCLUDES(mutex_);

 private:
  struct Caller {
    pid_t thread = 0;
    bool seen = false;  // by an earlier look: most have gone before the next
    std::function<void()> answer;
  };
  void Look() EXCLUDES(mutex_);

  const Options options_;  // constant after construction
  base::Mutex mutex_;
  std::map<const void*, Caller> callers_ GUARDED_BY(mutex_);
  bool armed_ GUARDED_BY(mutex_) = false;
  base::Timer timer_;  // last: its callback uses the rest
};

}  // namespace fs
