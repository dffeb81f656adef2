#include "objclient/rest/server_clock.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace objclient {
namespace {

Refusal RefusalAt(int status, std::optional<std::int64_t> seconds) {
  Refusal refusal;
  refusal.status = status;
  refusal.server_seconds = seconds;
  return refusal;
}

TEST(ServerClock, TakesTheServersTimeOfARefusal) {
  testing_support::FakeClock clock;
  clock.SetWallNs(1000'000'000'000);
  ServerClock server(clock);
  EXPECT_EQ(server.EpochSeconds(), 1000);
  EXPECT_FALSE(server.Correct(RefusalAt(403, std::nullopt)));
  EXPECT_FALSE(server.Correct(RefusalAt(404, 5000)));
  EXPECT_FALSE(server.Correct(RefusalAt(403, 1010))) << "seconds are no reason to refuse";
  EXPECT_TRUE(server.Correct(RefusalAt(403, 5000)));
  EXPECT_EQ(server.EpochSeconds(), 5000);
  EXPECT_FALSE(server.Correct(RefusalAt(403, 5000))) << "the clock was not the reason";
  clock.Advance(std::chrono::seconds(7));
  EXPECT_EQ(server.EpochSeconds(), 5007);
}

}  // namespace
}  // namespace objclient
