#include "objclient/pacer.h"

#include <gtest/gtest.h>

#include <vector>

namespace objclient {
namespace {

TEST(Pacer, AllAtOnceUntilTheStoreComplains) {
  Pacer pacer(16);
  EXPECT_EQ(pacer.limit(), 16u);
  for (int i = 0; i < 100; ++i) pacer.Answered();
  EXPECT_EQ(pacer.limit(), 16u);
}

TEST(Pacer, ABurstOfRefusalsCountsOnce) {
  Pacer pacer(16);
  std::vector<std::uint64_t> burst;
  for (int i = 0; i < 16; ++i) burst.push_back(pacer.Sent());
  for (const std::uint64_t request : burst) pacer.Throttled(request);
  EXPECT_EQ(pacer.limit(), 8u);
  pacer.Throttled(pacer.Sent());
  EXPECT_EQ(pacer.limit(), 4u);
}

TEST(Pacer, OneRequestIsAlwaysAllowed) {
  Pacer pacer(3);
  for (int i = 0; i < 10; ++i) pacer.Throttled(pacer.Sent());
  EXPECT_EQ(pacer.limit(), 1u);
  EXPECT_EQ(Pacer(1).limit(), 1u);
}

TEST(Pacer, RisesByOneForALimitsWorthOfAnswers) {
  Pacer pacer(16);
  for (int i = 0; i < 2; ++i) pacer.Throttled(pacer.Sent());
  ASSERT_EQ(pacer.limit(), 4u);
  for (int i = 0; i < 4; ++i) pacer.Answered();
  EXPECT_EQ(pacer.limit(), 4u);
  pacer.Answered();
  EXPECT_EQ(pacer.limit(), 5u);
  int answers = 5;
  for (; pacer.limit() < 16; ++answers) pacer.Answered();
  EXPECT_GT(answers, 100) << "slowly";
  EXPECT_LT(answers, 130);
}

}  // namespace
}  // namespace objclient
