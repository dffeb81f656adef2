// Limiter: at most N requests and M bytes in flight. Acquire blocks, first come first served, so
// that a large request is not starved by small ones; TryAcquire does not block and never overtakes.
// A Permit is proof of admission and gives back on destruction. Requests larger than the byte limit
// are let through alone. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/mutex.h"

namespace base {

class Limiter {
 public:
  Limiter(std::size_t max_requests, std::uint64_t max_bytes);

  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&& other) noexcept;
    ~Permit();
    explicit operator bool() const { return limiter_ != nullptr; }

   private:
    friend class Limiter;
    Permit(Limiter* limiter, std::uint64_t bytes) : limiter_(limiter), bytes_(bytes) {}
    void Release();
    Limiter* limiter_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  [[nodiscard]] Permit Acquire(std::uint64_t bytes) EXCLUDES(mutex_);
  // An empty permit when there is no room.
  [[nodiscard]] Permit TryAcquire(std::uint64_t bytes) EXCLUDES(mutex_);
  std::size_t in_flight() const EXCLUDES(mutex_);

 private:
  bool Fits(std::uint64_t bytes) const REQUIRES(mutex_);
  const std::size_t max_requests_;
  const std::uint64_t max_bytes_;
  mutable Mutex mutex_;
  CondVar room_;
  std::size_t requests_ GUARDED_BY(mutex_) = 0;
  std::uint64_t bytes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t next_ticket_ GUARDED_BY(mutex_) = 0;  // of the next Acquire
  std::uint64_t serving_ GUARDED_BY(mutex_) = 0;      // whose turn it is
};

}  // namespace base
