#include "base/limiter.h"

#include <utility>

namespace base {

Limiter::Limiter(std::size_t max_requests, std::uint64_t max_bytes)
    : max_requests_(max_requests), max_bytes_(max_bytes) {}

Limiter::Permit::Permit(Permit&& other) noexcept
    : limiter_(std::exchange(other.limiter_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Limiter::Permit& Limiter::Permit::operator=(Permit&& other) noexcept {
  if (this != &other) {
    Release();
    limiter_ = std::exchange(other.limiter_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

Limiter::Permit::~Permit() { Release(); }

void Limiter::Permit::Release() {
  if (limiter_ == nullptr) return;
  {
    MutexLock lock(limiter_->mutex_);
    --limiter_->requests_;
    limiter_->bytes_ -= bytes_;
    // Under the lock: the limiter may be destroyed as soon as its last permit is seen to be back.
    limiter_->room_.NotifyAll();
  }
  limiter_ = nullptr;
}

Limiter::Permit Limiter::Acquire(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  while (ticket != serving_ || !Fits(bytes)) room_.Wait(mutex_);
  ++serving_;
  ++requests_;
  bytes_ += bytes;
  room_.NotifyAll();
  return Permit(this, bytes);
}

Limiter::Permit Limiter::TryAcquire(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  if (serving_ != next_ticket_ || !Fits(bytes)) return {};
  ++requests_;
  bytes_ += bytes;
  return Permit(this, bytes);
}

std::size_t Limiter::in_flight() const {
  MutexLock lock(mutex_);
  return requests_;
}

bool Limiter::Fits(std::uint64_t bytes) const {
  if (requests_ == 0) return true;
  return requests_ < max_requests_ && bytes_ <= max_bytes_ && bytes <= max_bytes_ - bytes_;
}

}  // namespace base
