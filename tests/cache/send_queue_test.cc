#include "cache/send_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace cache {
namespace {

TEST(SendQueue, StartsInOrderAndNoMoreThanAllowed) {
  SendQueue queue(2, 100);
  std::vector<int> started;
  std::vector<SendQueue::Permit> permits;
  for (int i = 0; i < 4; ++i) {
    queue.Add(10, [&, i](SendQueue::Permit permit) {
      started.push_back(i);
      permits.push_back(std::move(permit));
    });
  }
  EXPECT_EQ(started, (std::vector<int>{0, 1}));
  queue.Finish(permits[1]);
  EXPECT_EQ(started, (std::vector<int>{0, 1, 2}));
  queue.Finish(permits[0]);
  queue.Finish(permits[2]);
  queue.Finish(permits[3]);
  EXPECT_EQ(started, (std::vector<int>{0, 1, 2, 3}));
  queue.Drain();
}

TEST(SendQueue, BytesAreLimitedButALargeSendGoesAlone) {
  SendQueue queue(10, 100);
  std::vector<SendQueue::Permit> permits;
  const auto keep = [&](SendQueue::Permit permit) { permits.push_back(std::move(permit)); };
  queue.Add(60, keep);
  queue.Add(500, keep);
  queue.Add(1, keep);
  ASSERT_EQ(permits.size(), 1u);
  queue.Finish(permits[0]);
  ASSERT_EQ(permits.size(), 2u);
  queue.Finish(permits[1]);
  ASSERT_EQ(permits.size(), 3u);
  queue.Finish(permits[2]);
}

}  // namespace
}  // namespace cache
