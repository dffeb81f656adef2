#include "base/executor.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <future>
#include <latch>

namespace base {
namespace {

TEST(Executor, RunsEveryTask) {
  std::atomic<int> sum = 0;
  {
    Executor executor({.name = "test", .threads = 3, .queue_limit = 4});
    for (int i = 1; i <= 100; ++i) executor.Submit([&sum, i] { sum += i; });
  }
  EXPECT_EQ(sum, 5050) << "destruction runs what is queued";
}

TEST(Executor, TrySubmitAnswersFalseWhenTheQueueIsFull) {
  std::latch running(1), release(1);
  Executor executor({.name = "test", .threads = 1, .queue_limit = 2});
  executor.Submit([&] {
    running.count_down();
    release.wait();
  });
  running.wait();
  EXPECT_TRUE(executor.TrySubmit([] {}));
  EXPECT_TRUE(executor.TrySubmit([] {}));
  EXPECT_FALSE(executor.TrySubmit([] {}));
  release.count_down();
  executor.Drain();
  EXPECT_TRUE(executor.TrySubmit([] {}));
}

TEST(Executor, SubmitBlocksWhileTheQueueIsFull) {
  std::latch running(1), release(1);
  std::atomic<bool> submitted = false;
  Executor executor({.name = "test", .threads = 1, .queue_limit = 1});
  executor.Submit([&] {
    running.count_down();
    release.wait();
  });
  running.wait();
  executor.Submit([] {});
  std::thread submitter([&] {
    executor.Submit([] {});
    submitted = true;
  });
  EXPECT_FALSE(executor.TrySubmit([] {}));
  EXPECT_FALSE(submitted);
  release.count_down();
  submitter.join();
  EXPECT_TRUE(submitted);
}

TEST(Executor, DrainWaitsForRunningTasksAndWhatTheyHold) {
  Executor executor({.name = "test", .threads = 2, .queue_limit = 16});
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  executor.Submit([held = std::move(held)] {});
  executor.Drain();
  EXPECT_TRUE(watch.expired());
}

TEST(Executor, NamesItsThreads) {
  std::promise<std::string> name;
  Executor executor({.name = "a-name-longer-than-fifteen", .threads = 1});
  std::latch named(1);
  executor.Submit([&] {
    named.wait();  // the name is given just after the thread has started
    char text[16] = {};
    pthread_getname_np(pthread_self(), text, sizeof text);
    name.set_value(text);
  });
  named.count_down();
  EXPECT_EQ(name.get_future().get(), "a-name-longer-t");
}

}  // namespace
}  // namespace base
