#include "meta/sqlite/reader_pool.h"

#include <chrono>
#include <string>

namespace meta {

base::Result<std::unique_ptr<ReaderPool>> ReaderPool::Open(const std::filesystem::path& path,
                                                           const Options& options) {
  std::unique_ptr<ReaderPool> pool(new ReaderPool(options));
  for (std::size_t i = 0; i < options.connections; ++i) {
    Database::Options connection;
    connection.access = Database::Access::kReadOnly;
    connection.cache_kib = options.cache_kib;
    TRY_ASSIGN(auto database, Database::Open(path, connection));
    pool->GiveBack(std::move(database));
  }
  return pool;
}

base::Result<ReaderPool::Lease> ReaderPool::Borrow() {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.wait_ms);
  base::MutexLock lock(mutex_);
  while (idle_.empty()) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) {
      return base::Error(base::ErrorClass::kTimeout,
                         "all " + std::to_string(options_.connections) +
                             " reading connections of the database were busy for " +
                             std::to_string(options_.wait_ms) + " ms");
    }
    (void)returned_.WaitFor(mutex_, left);
  }
  std::unique_ptr<Database> database = std::move(idle_.back());
  idle_.pop_back();
  return Lease(*this, std::move(database));
}

void ReaderPool::GiveBack(std::unique_ptr<Database> database) {
  base::MutexLock lock(mutex_);
  idle_.push_back(std::move(database));
  returned_.NotifyOne();
}

}  // namespace meta
