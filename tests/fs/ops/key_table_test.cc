#include "fs/ops/key_table.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>

namespace fs {
namespace {

TEST(KeyTable, OneLockAKey) {
  KeyTable keys;
  KeyTable::Hold lock = keys.TryLock("k");
  ASSERT_TRUE(lock);
  EXPECT_FALSE(keys.TryLock("k"));
  EXPECT_TRUE(keys.TryLock("other"));
  KeyTable::Hold moved = std::move(lock);
  EXPECT_FALSE(keys.TryLock("k"));
  moved.Release();
  EXPECT_TRUE(keys.TryLock("k"));
}

TEST(KeyTable, AMarkKeepsDeletersAwayButNotItsOwner) {
  KeyTable keys;
  KeyTable::Hold mark = keys.Mark("k");
  EXPECT_TRUE(keys.Marked("k"));
  EXPECT_FALSE(keys.TryLockUnmarked("k"));
  EXPECT_TRUE(keys.TryLock("k"));
  mark.Release();
  EXPECT_FALSE(keys.Marked("k"));
  EXPECT_TRUE(keys.TryLockUnmarked("k"));
}

TEST(KeyTable, AListingIsOldForWhatIsHeldOrWasHeldSinceItBegan) {
  KeyTable keys;
  KeyTable::Hold before = keys.TryLock("before");
  before.Release();
  KeyTable::Hold held = keys.TryLock("held");
  const KeyTable::Listing listing(keys);
  KeyTable::Hold during = keys.Mark("during");
  during.Release();
  EXPECT_FALSE(listing.Busy("before"));
  EXPECT_TRUE(listing.Busy("held"));
  EXPECT_TRUE(listing.Busy("during"));
  held.Release();
  EXPECT_TRUE(listing.Busy("held"));

  const KeyTable::Listing later(keys);
  EXPECT_FALSE(later.Busy("held"));
  EXPECT_FALSE(later.Busy("during"));
}

TEST(KeyTable, ForgetsWhenNoListingRuns) {
  KeyTable keys;
  std::optional<KeyTable::Listing> listing(std::in_place, keys);
  keys.TryLock("k").Release();
  listing.reset();
  const KeyTable::Listing next(keys);
  EXPECT_FALSE(next.Busy("k"));
}

}  // namespace
}  // namespace fs
