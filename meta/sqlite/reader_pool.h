// ReaderPool: a few read-only connections, each lent to one thread at a time. A read sees every
// commit that returned before it began. Owned by SqliteCatalog; any thread. Waiting for a
// connection is bounded (kTimeout).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "meta/sqlite/database.h"

namespace meta {

class ReaderPool {
 public:
  struct Options {
    std::size_t connections = 4;
    std::uint32_t cache_kib = 4096;  // of each
    std::uint32_t wait_ms = 30000;   // longest wait for a connection
  };
  static base::Result<std::unique_ptr<ReaderPool>> Open(const std::filesystem::path& path,
                                                        const Options& options);

  // A connection on loan; goes back on destruction.
  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<Database> database)
        : pool_(pool), database_(std::move(database)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (database_) pool_.GiveBack(std::move(database_));
    }
    Database& operator*() const { return *database_; }
    Database* operator->() const { return database_.get(); }

   private:
    ReaderPool& pool_;
    std::unique_ptr<Database> database_;
  };
  base::Result<Lease> Borrow() EXCLUDES(mutex_);

 private:
  explicit ReaderPool(const Options& options) : options_(options) {}
  void GiveBack(std::unique_ptr<Database> database) EXCLUDES(mutex_);

  const Options options_;
  base::Mutex mutex_;
  base::CondVar returned_;
  std::vector<std::unique_ptr<Database>> idle_
      GUARDED_BY(mutex_);  // last in, first out: warm caches
};

}  // namespace meta
