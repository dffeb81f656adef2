#include "cache/lane.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace cache {
namespace {

using base::ByteRange;
using base::kMiB;

// A lane whose flights the test lands.
struct Fixture {
  explicit Fixture(Lane::Options options)
      : pool(
            std::move(BlockPool::Open({.bytes = 16 * kMiB, .touch_bytes = 0, .reserved_blocks = 0}))
                .value()),
        state(64 * kMiB, 8 * kMiB, metrics),
        waiting({"wait", 2, 2}),
        lane(options, state, *pool, waiting, [this](Want want) {
          const base::MutexLock lock(mutex);
          flights.push_back(std::move(want));
          changed.NotifyAll();
        }) {
    const base::MutexLock lock(state.mutex);
    ObjectRef ref;
    ref.id = 1;
    ref.size = 1u << 30;
    object = state.FindOrMake(ref);
  }
  ~Fixture() {
    for (std::size_t i = landed; i < flights.size(); ++i) Land(i);
    state.WaitUntilEmpty();
  }
  void Ask(const ByteRange& range, bool demand) {
    {
      const base::MutexLock lock(state.mutex);
      if (demand) object->Park(range, [this](auto result) { answer.set_value(result.ok()); });
      for (const ByteRange& run : object->Claim(range)) lane.Push({object, run, demand});
    }
    lane.Pump();
  }
  void Land(std::size_t i) {
    Answers answers;
    {
      const base::MutexLock lock(state.mutex);
      answers = object->Publish(flights[i].range);
      for (Answer& one : answers) state.awaited_blocks += one.blocks;
    }
    ++landed;
    lane.Land(std::move(answers));
  }
  std::vector<ByteRange> Ranges() {
    const base::MutexLock lock(mutex);
    std::vector<ByteRange> ranges;
    for (const auto& flight : flights) ranges.push_back(flight.range);
    return ranges;
  }

  std::unique_ptr<BlockPool> pool;
  base::Metrics metrics;
  CacheState state;
  base::Executor waiting;
  base::Mutex mutex;
  base::CondVar changed;
  std::vector<cache::Want> flights;
  std::size_t landed = 0;
  std::promise<bool> answer;
  Lane lane;
  std::shared_ptr<CachedObject> object;
};

TEST(Lane, RunsNoMoreThanItsDepth) {
  Fixture f({.depth = 2, .max_bytes = kMiB});
  for (const std::uint64_t i : {0, 3, 6}) f.Ask({i * kMiB, 4096}, false);
  EXPECT_EQ(f.Ranges(), (std::vector<ByteRange>{{0, 4096}, {3 * kMiB, 4096}}));
  f.Land(0);
  EXPECT_EQ(f.Ranges().back(), (ByteRange{6 * kMiB, 4096}));
}

TEST(Lane, ReadAheadTakesWhatMemoryThereIsAndGivesUpTheRest) {
  Fixture f({.depth = 4, .max_bytes = 8 * kMiB});
  std::vector<BlockRef> held;
  while (f.pool->free_blocks() > 3) held.push_back(f.pool->TryAllocate());
  f.Ask({0, 8 * kMiB}, false);
  EXPECT_EQ(f.Ranges(), (std::vector<ByteRange>{{0, 3 * kMiB}}));
  const base::MutexLock lock(f.state.mutex);
  EXPECT_TRUE(f.object->HasGap({3 * kMiB, 4096}));
  EXPECT_LT(f.state.window_bytes(), 8 * kMiB);
}

TEST(Lane, ADemandWaitsForAFreeBlock) {
  Fixture f({.depth = 4, .max_bytes = 8 * kMiB});
  std::vector<BlockRef> held;
  while (BlockRef block = f.pool->TryAllocate()) held.push_back(std::move(block));
  f.Ask({0, 4096}, true);
  EXPECT_TRUE(f.Ranges().empty());
  held.pop_back();
  {
    const base::MutexLock lock(f.mutex);
    while (f.flights.empty()) f.changed.Wait(f.mutex);
  }
  f.Land(0);
  EXPECT_TRUE(f.answer.get_future().get());
}

TEST(Lane, ADemandFailsWhenNoBlockComesInTime) {
  Fixture f({.depth = 4, .max_bytes = 8 * kMiB, .block_wait_ms = 0});
  std::vector<BlockRef> held;
  while (BlockRef block = f.pool->TryAllocate()) held.push_back(std::move(block));
  {
    const base::MutexLock lock(f.state.mutex);
    f.state.awaited_blocks = 1;
  }
  f.Ask({0, 4096}, true);
  EXPECT_FALSE(f.answer.get_future().get());
  const base::MutexLock lock(f.state.mutex);
  EXPECT_TRUE(f.object->HasGap({0, 4096}));
}

}  // namespace
}  // namespace cache
