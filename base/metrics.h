// Counters and gauges of the daemon: plain atomics in a registry that can be written as text
// (`cairnfs status`, the mount root's user.cairnfs.status). Counter references stay valid for the
// registry's life. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace base {

class Counter {
 public:
  void Add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void Set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  void Sub(std::uint64_t n = 1) { value_.fetch_sub(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};  // atomic: bumped from every thread, no ordering needed
};

class Metrics {
 public:
  // The counter of that name, made on first use. Names are lower_snake, unit last.
  Counter& Get(std::string_view name) EXCLUDES(mutex_);
  // Every counter and its value, sorted by name.
  std::map<std::string, std::uint64_t> Snapshot() const EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters_ GUARDED_BY(mutex_);
};

}  // namespace base
