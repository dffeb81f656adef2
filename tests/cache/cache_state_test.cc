#include "cache/cache_state.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace cache {
namespace {

using base::kMiB;

ObjectRef Object(std::int64_t id) {
  ObjectRef ref;
  ref.id = id;
  ref.size = kMiB;
  return ref;
}

TEST(CacheState, FindsTheObjectItMadeAndForgetsIdleOnes) {
  base::Metrics metrics;
  CacheState state(64 * kMiB, 32 * kMiB, metrics);
  const base::MutexLock lock(state.mutex);
  const auto first = state.FindOrMake(Object(1));
  EXPECT_EQ(state.FindOrMake(Object(1)), first);
  for (std::int64_t id = 2; id < 5000; ++id) state.FindOrMake(Object(id));
  EXPECT_LT(state.objects.size(), 2000u);
  EXPECT_EQ(state.FindOrMake(Object(1)), first);  // somebody holds it
}

TEST(CacheState, WaitingReadsKeepToTheirShare) {
  base::Metrics metrics;
  CacheState state(64 * kMiB, 4 * kMiB, metrics);
  bool started = false;
  state.start_queued = [&] { started = true; };
  {
    const base::MutexLock lock(state.mutex);
    EXPECT_TRUE(state.HasRoom(100));  // alone, anything
    state.awaited_blocks = 3;
    EXPECT_TRUE(state.HasRoom(1));
    EXPECT_FALSE(state.HasRoom(2));
    state.queued.emplace_back();
  }
  bool told = false;
  Answers answers;
  answers.push_back({[&](auto) { told = true; }, PinnedBytes{}, 2});
  state.Deliver(std::move(answers));
  EXPECT_TRUE(told);
  EXPECT_TRUE(started);
  const base::MutexLock lock(state.mutex);
  EXPECT_EQ(state.awaited_blocks, 1u);
}

TEST(CacheState, TheWindowShrinksFastAndGrowsSlowly) {
  base::Metrics metrics;
  CacheState state(64 * kMiB, 32 * kMiB, metrics);
  const base::MutexLock lock(state.mutex);
  EXPECT_EQ(state.window_bytes(), 32 * kMiB);
  state.ShrinkWindow();
  EXPECT_EQ(state.window_bytes(), 16 * kMiB);
  state.GrowWindow();
  EXPECT_EQ(state.window_bytes(), 17 * kMiB);
  for (int i = 0; i < 100; ++i) state.GrowWindow();
  EXPECT_EQ(state.window_bytes(), 32 * kMiB);
  for (int i = 0; i < 100; ++i) state.ShrinkWindow();
  EXPECT_GT(state.window_bytes(), 0u);
}

TEST(CacheState, WaitsUntilEverybodyHasLeft) {
  base::Metrics metrics;
  CacheState state(64 * kMiB, 32 * kMiB, metrics);
  {
    const base::MutexLock lock(state.mutex);
    state.Enter();
    state.Enter();
  }
  state.Leave();
  std::thread last([&] { state.Leave(); });
  state.WaitUntilEmpty();
  last.join();
}

}  // namespace
}  // namespace cache
