#include "cache/want_queue.h"

#include <gtest/gtest.h>

namespace cache {
namespace {

using base::ByteRange;
using base::kMiB;

struct Fixture {
  std::shared_ptr<CachedObject> Object(std::int64_t id) {
    ObjectRef ref;
    ref.id = id;
    ref.size = 1u << 30;
    return std::make_shared<CachedObject>(ref, lru);
  }
  ByteRange Pop(std::uint64_t max = 8 * kMiB) {
    const auto want = queue.Pop(max);
    return want ? want->range : ByteRange{};
  }
  BlockLru lru;
  WantQueue queue;
};

TEST(WantQueue, DemandGoesBeforeReadAhead) {
  Fixture f;
  const auto object = f.Object(1);
  f.queue.Push({object, {0, 4096}, false});
  f.queue.Push({object, {kMiB, 4096}, true});
  EXPECT_EQ(f.Pop(), (ByteRange{kMiB, 4096}));
  EXPECT_EQ(f.Pop(), (ByteRange{0, 4096}));
  EXPECT_FALSE(f.queue.Pop(kMiB).has_value());
}

TEST(WantQueue, NeighboursLeaveTogetherUpToTheLimit) {
  Fixture f;
  const auto object = f.Object(1);
  const auto other = f.Object(2);
  f.queue.Push({object, {4 * kMiB, 4 * kMiB}, true});
  f.queue.Push({other, {8 * kMiB, kMiB}, false});
  f.queue.Push({object, {8 * kMiB, 2 * kMiB}, false});
  f.queue.Push({object, {10 * kMiB, 4 * kMiB}, false});
  f.queue.Push({object, {2 * kMiB, 2 * kMiB}, false});
  const auto want = f.queue.Pop(8 * kMiB);
  ASSERT_TRUE(want.has_value());
  EXPECT_EQ(want->range, (ByteRange{2 * kMiB, 8 * kMiB}));
  EXPECT_TRUE(want->demand);
  EXPECT_EQ(f.Pop(), (ByteRange{8 * kMiB, kMiB}));
  EXPECT_EQ(f.Pop(), (ByteRange{10 * kMiB, 4 * kMiB}));
}

TEST(WantQueue, LongWantsAreCutAtMultiplesOfTheLimit) {
  Fixture f;
  f.queue.Push({f.Object(1), {3 * kMiB, 15 * kMiB}, false});
  EXPECT_EQ(f.Pop(), (ByteRange{3 * kMiB, 5 * kMiB}));
  EXPECT_EQ(f.Pop(), (ByteRange{8 * kMiB, 8 * kMiB}));
  EXPECT_EQ(f.Pop(), (ByteRange{16 * kMiB, 2 * kMiB}));
}

TEST(WantQueue, PromoteMovesWhatIsConcerned) {
  Fixture f;
  const auto object = f.Object(1);
  f.queue.Push({object, {0, kMiB}, false});
  f.queue.Push({object, {20 * kMiB, kMiB}, false});
  f.queue.Promote(*f.Object(2), {20 * kMiB, 4096});
  EXPECT_EQ(f.Pop().offset, 0u);
  f.queue.PushFront({object, {0, kMiB}, false});
  f.queue.Promote(*object, {20 * kMiB, 4096});
  EXPECT_EQ(f.Pop().offset, 20 * kMiB);
  EXPECT_EQ(f.queue.TakeAll().size(), 1u);
  EXPECT_TRUE(f.queue.TakeAll().empty());
}

}  // namespace
}  // namespace cache
