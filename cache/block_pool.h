// BlockPool: the one place where bytes live in memory. 1 MiB blocks out of one huge-page mapping,
// made once, touched lazily and reused last-in first-out (docs/read_path.md says why). Clean bytes
// of objects and dirty bytes of staged files are the same blocks with other owners.
//
// A BlockRef is a counted reference: while one exists the block's memory is not reused. The pool
// hands out blocks blocking (Allocate: back-pressure for writers), or not (TryAllocate: read-ahead
// gives up). When nothing is free it asks its reclaimers, in order of registration, to let go of
// blocks.
//
// Threads: any. Allocate is never called with a lock held that a completion needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace cache {

inline constexpr std::size_t kBlockSize = 1u << 20;  // bytes

class BlockPool;

// Shared ownership of one block (intrusive count). Copyable, movable, empty by default.
class BlockRef {
 public:
  BlockRef() = default;
  BlockRef(const BlockRef& other);
  BlockRef(BlockRef&& other) noexcept;
  BlockRef& operator=(BlockRef other) noexcept;
  ~BlockRef();
  explicit operator bool() const { return pool_ != nullptr; }
  std::span<std::byte> bytes() const;  // kBlockSize of them
  // References to this block, this one included: 1 = nobody else can see the bytes.
  std::uint32_t use_count() const;

 private:
  friend class BlockPool;
  BlockRef(BlockPool* pool, std::uint32_t index) : pool_(pool), index_(index) {}
  BlockPool* pool_ = nullptr;
  std::uint32_t index_ = 0;
};

class BlockPool {
 public:
  struct Options {
    std::uint64_t bytes = 192u << 20;       // capacity, rounded down to whole blocks, at least 16
    std::uint64_t touch_bytes = 64u << 20;  // touched in the background at start
    std::uint32_t reserved_blocks = 8;  // only AllocateReserved gets these (commits must progress)
  };
  static base::Result<std::unique_ptr<BlockPool>> Open(Options options);
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // Blocks until a block is free or `timeout_ms` passed (kNoSpace then). Contents are undefined.
  base::Result<BlockRef> Allocate(std::uint32_t timeout_ms = 60000) EXCLUDES(mutex_);
  // Same, and may take the reserve: for work whose completion frees blocks.
  base::Result<BlockRef> AllocateReserved(std::uint32_t timeout_ms = 60000) EXCLUDES(mutex_);
  // Empty when none is free after asking the reclaimers once.
  BlockRef TryAllocate() EXCLUDES(mutex_);

  // `reclaim(n)` drops references to up to n blocks nobody uses and returns how many; called
  // without the pool's lock, on the allocating thread. Register before threads start.
  void AddReclaimer(std::function<std::size_t(std::size_t)> reclaim);

  std::size_t capacity_blocks() const;
  std::size_t free_blocks() const EXCLUDES(mutex_);

 private:
  friend class BlockRef;
  struct Rep;
  explicit BlockPool(std::unique_ptr<Rep> rep);
  // A free block, as long as more than `keep` are free.
  BlockRef TakeFree(std::size_t keep) EXCLUDES(mutex_);
  base::Result<BlockRef> WaitForBlock(std::size_t keep, std::uint32_t timeout_ms) EXCLUDES(mutex_);
  void Drop(std::uint32_t index) EXCLUDES(mutex_);
  const std::unique_ptr<Rep> rep_;
  mutable base::Mutex mutex_;
};

}  // namespace cache
