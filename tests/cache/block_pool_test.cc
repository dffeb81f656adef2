#include "cache/block_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace cache {
namespace {

std::unique_ptr<BlockPool> MakePool(std::size_t blocks, std::uint32_t reserved = 0) {
  auto pool = BlockPool::Open(
      {.bytes = blocks * kBlockSize, .touch_bytes = 2u << 20, .reserved_blocks = reserved});
  EXPECT_TRUE(pool.ok());
  return std::move(pool).value();
}

TEST(BlockPool, HandsOutDistinctAlignedBlocksAndTakesThemBack) {
  auto pool = MakePool(16);
  ASSERT_EQ(pool->capacity_blocks(), 16u);
  {
    std::vector<BlockRef> held;
    std::set<std::byte*> addresses;
    while (BlockRef block = pool->TryAllocate()) {
      ASSERT_EQ(block.bytes().size(), kBlockSize);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block.bytes().data()) % kBlockSize, 0u);
      std::memset(block.bytes().data(), 7, kBlockSize);
      addresses.insert(block.bytes().data());
      held.push_back(std::move(block));
    }
    EXPECT_EQ(addresses.size(), 16u);
    EXPECT_EQ(pool->free_blocks(), 0u);
  }
  EXPECT_EQ(pool->free_blocks(), 16u);
}

TEST(BlockPool, ReusesTheBlockFreedLast) {
  auto pool = MakePool(16);
  BlockRef first = pool->TryAllocate();
  BlockRef second = pool->TryAllocate();
  std::byte* const address = first.bytes().data();
  first = BlockRef();
  EXPECT_EQ(pool->TryAllocate().bytes().data(), address);
}

TEST(BlockPool, CountsReferences) {
  auto pool = MakePool(16);
  BlockRef a = pool->TryAllocate();
  EXPECT_EQ(a.use_count(), 1u);
  BlockRef b = a;
  EXPECT_EQ(a.use_count(), 2u);
  BlockRef c = std::move(b);
  EXPECT_EQ(a.use_count(), 2u);
  EXPECT_FALSE(b);  // NOLINT(bugprone-use-after-move): the moved-from state is the point
  a = a;            // NOLINT: self-assignment must keep the block
  EXPECT_EQ(c.use_count(), 2u);
  c = BlockRef();
  EXPECT_EQ(a.use_count(), 1u);
  EXPECT_EQ(pool->free_blocks(), 15u);
}

TEST(BlockPool, KeepsTheReserveForAllocateReserved) {
  auto pool = MakePool(16, 4);
  std::vector<BlockRef> held;
  while (BlockRef block = pool->TryAllocate()) held.push_back(std::move(block));
  EXPECT_EQ(held.size(), 12u);
  auto refused = pool->Allocate(1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().error_class(), base::ErrorClass::kNoSpace);
  auto reserved = pool->AllocateReserved(1);
  EXPECT_TRUE(reserved.ok());
}

TEST(BlockPool, RefusesAReserveAsLargeAsThePool) {
  auto pool = BlockPool::Open({.bytes = 1, .touch_bytes = 0, .reserved_blocks = 16});
  ASSERT_FALSE(pool.ok());
  EXPECT_EQ(pool.error().error_class(), base::ErrorClass::kInvalid);
}

TEST(BlockPool, AllocateWaitsForAFreedBlock) {
  auto pool = MakePool(16);
  std::vector<BlockRef> held;
  while (BlockRef block = pool->TryAllocate()) held.push_back(std::move(block));
  std::thread waiter([&] { EXPECT_TRUE(pool->Allocate().ok()); });
  held.pop_back();
  waiter.join();
}

TEST(BlockPool, AsksReclaimersInOrderAndOnlyForWhatIsMissing) {
  auto pool = MakePool(16);
  std::vector<BlockRef> cached;
  std::vector<std::size_t> asked;
  pool->AddReclaimer([&](std::size_t n) -> std::size_t {
    asked.push_back(n);
    if (cached.empty()) return 0;
    cached.pop_back();
    return 1;
  });
  pool->AddReclaimer([&](std::size_t n) -> std::size_t {
    asked.push_back(n);
    return 0;
  });
  for (int i = 0; i < 16; ++i) cached.push_back(pool->TryAllocate());
  EXPECT_TRUE(pool->TryAllocate());
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[1], asked[0] - 1);
}

// A block that only a cache still holds frees nothing by itself; the waiter must learn of it.
TEST(BlockPool, AWaiterSeesABlockThatBecomesReclaimable) {
  auto pool = MakePool(16);
  base::Mutex mutex;
  std::vector<BlockRef> cached;
  pool->AddReclaimer([&](std::size_t) -> std::size_t {
    const base::MutexLock lock(mutex);
    for (auto it = cached.begin(); it != cached.end(); ++it) {
      if (it->use_count() > 1) continue;
      cached.erase(it);
      return 1;
    }
    return 0;
  });
  std::vector<BlockRef> pins;
  while (BlockRef block = pool->TryAllocate()) {
    pins.push_back(block);
    const base::MutexLock lock(mutex);
    cached.push_back(std::move(block));
  }
  ASSERT_EQ(pins.size(), 16u);
  std::thread waiter([&] { EXPECT_TRUE(pool->Allocate().ok()); });
  pins.erase(pins.begin() + 3);
  waiter.join();
}

TEST(BlockPool, ManyThreadsNeverShareABlock) {
  auto pool = MakePool(16, 2);
  std::atomic<int> clashes{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 400; ++i) {
        std::vector<BlockRef> held;
        for (int k = 0; k < 1 + i % 3; ++k) {
          BlockRef block = k == 0 ? std::move(pool->Allocate()).value() : pool->TryAllocate();
          if (block) held.push_back(std::move(block));
        }
        for (BlockRef& block : held) block.bytes()[0] = static_cast<std::byte>(t);
        std::this_thread::yield();
        for (BlockRef& block : held) {
          if (block.bytes()[0] != static_cast<std::byte>(t)) ++clashes;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(clashes.load(), 0);
  EXPECT_EQ(pool->free_blocks(), 16u);
}

}  // namespace
}  // namespace cache
