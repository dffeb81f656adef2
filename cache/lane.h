// Lane: how claimed ranges become flights, for the store and for the disk alike. It bounds how many
// run at a time, gives each the pool blocks it lands in, and decides what happens when the pool has
// none: read-ahead is given up, a read somebody waits for is kept until a block is free.
//
// Owned by the cache; any thread.
#pragma once

#include <cstdint>
#include <functional>

#include "base/executor.h"
#include "cache/block_pool.h"
#include "cache/cache_state.h"
#include "cache/want_queue.h"

namespace cache {

class Lane {
 public:
  struct Options {
    std::size_t depth = 16;               // flights at a time
    std::uint64_t max_bytes = 8u << 20;   // of one flight
    std::uint32_t block_wait_ms = 60000;  // how long a read waits for a free block
  };
  // `start` gets a want whose blocks are in place; it calls Land when the flight is over. `waiting`
  // has a thread for each lane. All must outlive the lane.
  Lane(Options options, CacheState& state, BlockPool& pool, base::Executor& waiting,
       std::function<void(Want)> start);

  void Push(Want want) REQUIRES(state_.mutex);
  void Promote(const CachedObject& object, const base::ByteRange& range) REQUIRES(state_.mutex);
  // Starts what may start. After closing: fails what is queued.
  void Pump() EXCLUDES(state_.mutex);
  // A flight is over: frees its place, starts the next, tells the readers. The last thing the
  // flight does.
  void Land(Answers answers) EXCLUDES(state_.mutex);

 private:
  bool GiveBlocks(Want& want) EXCLUDES(state_.mutex);
  void GiveUp(const Want& want, const base::ByteRange& rest) REQUIRES(state_.mutex);
  BlockRef TakeBlock() EXCLUDES(state_.mutex);
  void WaitForBlock() EXCLUDES(state_.mutex);
  Answers FailQueued(const base::Error& error) REQUIRES(state_.mutex);

  const Options options_;
  CacheState& state_;
  BlockPool& pool_;
  base::Executor& waiting_;
  const std::function<void(Want)> start_;

  // --- guarded by state_.mutex ---
  WantQueue queue_;
  std::size_t running_ = 0;
  bool starving_ = false;  // WaitForBlock is on its way; nothing starts meanwhile
  BlockRef spare_;         // what it got
};

}  // namespace cache
