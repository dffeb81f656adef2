#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <vector>

#include "base/executor.h"

namespace base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(Timer, FiresInOrderOfTimeNotOfAsking) {
  std::vector<int> order;  // only the timer's thread writes, and the latch orders the read
  std::latch done(3);
  Timer timer("test");
  const auto note = [&](int n) {
    return [&, n] {
      order.push_back(n);
      done.count_down();
    };
  };
  timer.After(milliseconds(60), note(3));
  timer.After(milliseconds(30), note(2));
  timer.After(milliseconds(0), note(1));
  done.wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Timer, NeverFiresEarly) {
  std::promise<steady_clock::time_point> fired;
  Timer timer("test");
  const auto start = steady_clock::now();
  timer.After(milliseconds(20), [&] { fired.set_value(steady_clock::now()); });
  EXPECT_GE(fired.get_future().get() - start, milliseconds(20));
}

TEST(Timer, ACallbackMayAskForTheNext) {
  std::promise<void> second;
  Timer timer("test");
  timer.After(milliseconds(0), [&] { timer.After(milliseconds(0), [&] { second.set_value(); }); });
  second.get_future().get();
}

TEST(Timer, DestructionDropsWhatHasNotFired) {
  auto held = std::make_shared<bool>(false);
  {
    Timer timer("test");
    timer.After(hours(1), [held] { *held = true; });
  }
  EXPECT_FALSE(*held);
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace base
