// Mutex, MutexLock and CondVar: the standard ones with the thread-safety annotations that
// clang-tidy checks (-Wthread-safety). Members say which mutex guards them with GUARDED_BY.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define CAIRNFS_ANNOTATE(x) __attribute__((x))
#else
#define CAIRNFS_ANNOTATE(x)
#endif
#define CAPABILITY(x) CAIRNFS_ANNOTATE(capability(x))
#define SCOPED_CAPABILITY CAIRNFS_ANNOTATE(scoped_lockable)
#define GUARDED_BY(x) CAIRNFS_ANNOTATE(guarded_by(x))
#define REQUIRES(...) CAIRNFS_ANNOTATE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) CAIRNFS_ANNOTATE(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) CAIRNFS_ANNOTATE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) CAIRNFS_ANNOTATE(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS CAIRNFS_ANNOTATE(no_thread_safety_analysis)

namespace base {

class CAPABILITY("mutex") Mutex {
 public:
  void Lock() ACQUIRE() { mutex_.lock(); }
  void Unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds a Mutex for a scope; Unlock and Lock let go of it for a stretch of I/O.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() RELEASE() {
    if (held_) mutex_.Unlock();
  }
  void Unlock() RELEASE() {
    mutex_.Unlock();
    held_ = false;
  }
  void Lock() ACQUIRE() {
    mutex_.Lock();
    held_ = true;
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
  bool held_ = true;
};

class CondVar {
 public:
  // Waits until notified (or spuriously); the caller loops on its condition.
  void Wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // Returns false when `timeout` passed without a notification.
  bool WaitFor(Mutex& mutex, std::chrono::nanoseconds timeout) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool notified = cv_.wait_for(lock, timeout) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace base
