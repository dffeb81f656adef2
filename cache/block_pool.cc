#include "cache/block_pool.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "base/check.h"

namespace cache {
namespace {

constexpr std::size_t kHugePage = 2u << 20;       // bytes
constexpr std::size_t kReclaimBatch = 8;          // blocks asked of the reclaimers at a time
constexpr std::size_t kMinCapacity = 16;          // blocks
constexpr std::chrono::milliseconds kSlice{100};  // longest wait before asking the reclaimers again

std::size_t RoundUp(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

struct BlockPool::Rep {
  // --- constant after Open and AddReclaimer ---
  void* mapping = MAP_FAILED;
  std::size_t mapping_bytes = 0;
  std::byte* memory = nullptr;  // kHugePage aligned
  std::size_t capacity = 0;     // blocks
  std::uint32_t reserved = 0;   // blocks
  std::vector<std::function<std::size_t(std::size_t)>> reclaimers;

  // References to each block. Atomic: taken and dropped from every thread without the lock.
  std::unique_ptr<std::atomic<std::uint32_t>[]> counts;
  // Threads inside a waiting Allocate. Atomic: read by every drop of a reference.
  std::atomic<std::uint32_t> waiters{0};
  std::atomic<bool> stop_touching{false};
  std::thread toucher;

  // --- guarded by BlockPool::mutex_ ---
  std::vector<std::uint32_t> free;  // a stack, so that the warmest block goes out first
  std::uint64_t events = 0;         // grows when a block is freed or may have become reclaimable
  base::CondVar changed;

  ~Rep() {
    stop_touching.store(true);
    if (toucher.joinable()) toucher.join();
    if (mapping != MAP_FAILED) ::munmap(mapping, mapping_bytes);
  }

  std::size_t AskReclaimers() {
    std::size_t got = 0;
    for (const auto& reclaim : reclaimers) {
      if (got >= kReclaimBatch) break;
      got += reclaim(kReclaimBatch - got);
    }
    return got;
  }

  // Makes the kernel back the first `bytes` so that no request pays the first touch. Populating
  // leaves contents alone, so blocks may be handed out meanwhile.
  void Touch(std::size_t bytes) {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 19);
    for (std::size_t at = 0; at < bytes && !stop_touching.load(); at += kHugePage) {
      const std::size_t length = std::min(kHugePage, bytes - at);
      if (::madvise(memory + at, length, MADV_POPULATE_WRITE) != 0) return;
    }
  }
};

BlockRef::BlockRef(const BlockRef& other) : pool_(other.pool_), index_(other.index_) {
  if (pool_ != nullptr) pool_->rep_->counts[index_].fetch_add(1, std::memory_order_relaxed);
}

BlockRef::BlockRef(BlockRef&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), index_(other.index_) {}

BlockRef& BlockRef::operator=(BlockRef other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(index_, other.index_);
  return *this;
}

BlockRef::~BlockRef() {
  if (pool_ != nullptr) pool_->Drop(index_);
}

std::span<std::byte> BlockRef::bytes() const {
  return {pool_->rep_->memory + static_cast<std::size_t>(index_) * kBlockSize, kBlockSize};
}

std::uint32_t BlockRef::use_count() const { return pool_->rep_->counts[index_].load(); }

BlockPool::BlockPool(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

BlockPool::~BlockPool() { CHECK(rep_->free.size() == rep_->capacity); }

base::Result<std::unique_ptr<BlockPool>> BlockPool::Open(Options options) {
  auto rep = std::make_unique<Rep>();
  rep->capacity = std::max<std::size_t>(options.bytes / kBlockSize, kMinCapacity);
  if (options.reserved_blocks >= rep->capacity) {
    return base::Error(base::ErrorClass::kInvalid,
                       fmt::format("block pool: reserve of {} blocks in a pool of {}",
                                   options.reserved_blocks, rep->capacity));
  }
  rep->reserved = options.reserved_blocks;
  const std::size_t bytes = rep->capacity * kBlockSize;
  rep->mapping_bytes = RoundUp(bytes, kHugePage) + kHugePage;
  rep->mapping = ::mmap(nullptr, rep->mapping_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (rep->mapping == MAP_FAILED) return base::Error::FromErrno(errno, "block pool: mmap");
  const auto start = RoundUp(reinterpret_cast<std::size_t>(rep->mapping), kHugePage);
  rep->memory = reinterpret_cast<std::byte*>(start);
  // Advice only: without huge pages the pool is slower, not wrong.
  (void)::madvise(rep->memory, RoundUp(bytes, kHugePage), MADV_HUGEPAGE);

  rep->counts = std::make_unique<std::atomic<std::uint32_t>[]>(rep->capacity);
  rep->free.reserve(rep->capacity);
  for (std::size_t i = rep->capacity; i > 0; --i) {
    rep->free.push_back(static_cast<std::uint32_t>(i - 1));
  }
  const auto touch = static_cast<std::size_t>(std::min<std::uint64_t>(options.touch_bytes, bytes));
  if (touch > 0) rep->toucher = std::thread([r = rep.get(), touch] { r->Touch(touch); });
  return std::unique_ptr<BlockPool>(new BlockPool(std::move(rep)));
}

base::Result<BlockRef> BlockPool::Allocate(std::uint32_t timeout_ms) {
  return WaitForBlock(rep_->reserved, timeout_ms);
}

base::Result<BlockRef> BlockPool::AllocateReserved(std::uint32_t timeout_ms) {
  return WaitForBlock(0, timeout_ms);
}

BlockRef BlockPool::TryAllocate() {
  if (BlockRef block = TakeFree(rep_->reserved)) return block;
  if (rep_->AskReclaimers() == 0) return {};
  return TakeFree(rep_->reserved);
}

base::Result<BlockRef> BlockPool::WaitForBlock(std::size_t keep, std::uint32_t timeout_ms) {
  if (BlockRef block = TakeFree(keep)) return block;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  rep_->waiters.fetch_add(1);
  BlockRef block;
  while (!block) {
    // The count of events is read before the reclaimers look, so that what changes while they look
    // is not slept through.
    base::MutexLock lock(mutex_);
    const std::uint64_t seen = rep_->events;
    lock.Unlock();
    rep_->AskReclaimers();
    block = TakeFree(keep);
    if (block) break;
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) {
      rep_->waiters.fetch_sub(1);
      return base::Error(base::ErrorClass::kNoSpace,
                         fmt::format("block pool: no free block within {} ms", timeout_ms));
    }
    lock.Lock();
    if (rep_->events == seen) {
      rep_->changed.WaitFor(mutex_, std::min<std::chrono::nanoseconds>(deadline - now, kSlice));
    }
  }
  rep_->waiters.fetch_sub(1);
  return block;
}

BlockRef BlockPool::TakeFree(std::size_t keep) {
  const base::MutexLock lock(mutex_);
  if (rep_->free.size() <= keep) return {};
  const std::uint32_t index = rep_->free.back();
  rep_->free.pop_back();
  rep_->counts[index].store(1, std::memory_order_relaxed);
  return {this, index};
}

void BlockPool::Drop(std::uint32_t index) {
  const std::uint32_t before = rep_->counts[index].fetch_sub(1);
  if (before == 1) {
    const base::MutexLock lock(mutex_);
    rep_->free.push_back(index);
    ++rep_->events;
    if (rep_->waiters.load() > 0) rep_->changed.NotifyAll();
  } else if (before == 2 && rep_->waiters.load() > 0) {
    // Perhaps only a cache holds it now, which its reclaimer can give up.
    const base::MutexLock lock(mutex_);
    ++rep_->events;
    rep_->changed.NotifyAll();
  }
}

void BlockPool::AddReclaimer(std::function<std::size_t(std::size_t)> reclaim) {
  rep_->reclaimers.push_back(std::move(reclaim));
}

std::size_t BlockPool::capacity_blocks() const { return rep_->capacity; }

std::size_t BlockPool::free_blocks() const {
  const base::MutexLock lock(mutex_);
  return rep_->free.size();
}

}  // namespace cache
