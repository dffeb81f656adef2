#include "objclient/auth/refreshing.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "tests/support/fake_clock.h"

namespace objclient {
namespace {

using std::chrono::seconds;

struct Pass {
  int number = 0;
  std::optional<std::int64_t> expires_ns;
};

class RefreshingTest : public testing::Test {
 protected:
  Pass Issue(std::optional<seconds> life) {
    Pass pass{++issued_, std::nullopt};
    if (life) pass.expires_ns = clock_.MonotonicNs() + std::chrono::nanoseconds(*life).count();
    return pass;
  }
  void Start(std::optional<seconds> life) {
    life_ = life;
    Pass first = Issue(life);
    passes_ = std::make_unique<Refreshing<Pass>>(
        std::move(first),
        [this]() -> base::Result<Pass> {
          if (gate_) gate_->get_future().wait();
          if (broken_) {
            ++failed_;
            return base::Error(base::ErrorClass::kUnavailable, "service down");
          }
          return Issue(life_);
        },
        clock_);
  }
  // As a request would: with what is valid, or by waiting.
  base::Result<int> Ask() {
    std::promise<base::Result<int>> later;
    const auto valid = passes_->Get([&](base::Result<Refreshing<Pass>::Handle> pass) {
      later.set_value(pass.ok() ? base::Result<int>((*pass)->number) : pass.error());
    });
    return valid != nullptr ? valid->number : later.get_future().get();
  }
  Refreshing<Pass>::Handle Now() {
    return passes_->Get([](const base::Result<Refreshing<Pass>::Handle>&) {});
  }
  // Until the reload that a request began is over.
  void Settle(int issued) {
    while (issued_ < issued) std::this_thread::yield();
    while (passes_->Latest() == nullptr || passes_->Latest()->number < issued) {
      std::this_thread::yield();
    }
  }

  testing_support::FakeClock clock_;
  std::atomic<int> issued_ = 0;
  std::atomic<int> failed_ = 0;
  std::atomic<bool> broken_ = false;
  std::unique_ptr<std::promise<void>> gate_;
  std::optional<seconds> life_;
  std::unique_ptr<Refreshing<Pass>> passes_;  // last: its thread uses the rest
};

TEST_F(RefreshingTest, WhatDoesNotEndIsNotLoadedAgain) {
  Start(std::nullopt);
  clock_.Advance(seconds(100'000'000));
  EXPECT_EQ(Ask().value(), 1);
  EXPECT_EQ(issued_, 1);
}

TEST_F(RefreshingTest, NearItsEndItIsRenewedWhileTheOldOneServes) {
  Start(seconds(3600));
  clock_.Advance(seconds(3200));
  EXPECT_EQ(Ask().value(), 1);
  EXPECT_EQ(issued_, 1);
  gate_ = std::make_unique<std::promise<void>>();
  clock_.Advance(seconds(200));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Ask().value(), 1);  // nobody waits
  gate_->set_value();
  Settle(2);
  EXPECT_EQ(Ask().value(), 2);
  EXPECT_EQ(issued_, 2);  // for a hundred requests
}

TEST_F(RefreshingTest, ThoseThatLiveShortAreRenewedInTheirLastQuarter) {
  Start(seconds(4));
  clock_.Advance(std::chrono::milliseconds(2900));
  EXPECT_EQ(Ask().value(), 1);
  EXPECT_EQ(issued_, 1);
  clock_.Advance(std::chrono::milliseconds(200));
  EXPECT_EQ(Ask().value(), 1);
  Settle(2);
  EXPECT_EQ(Ask().value(), 2);
}

TEST_F(RefreshingTest, AfterTheEndRequestsWaitForOneReload) {
  Start(seconds(60));
  clock_.Advance(seconds(60));
  gate_ = std::make_unique<std::promise<void>>();
  std::atomic<int> answers = 0;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(passes_->Get([&](const base::Result<Refreshing<Pass>::Handle>& pass) {
      EXPECT_EQ((*pass)->number, 2);
      ++answers;
    }),
              nullptr);
  }
  gate_->set_value();
  EXPECT_EQ(Ask().value(), 2);
  passes_->Stop();
  EXPECT_EQ(answers, 10);
  EXPECT_EQ(issued_, 2);
}

TEST_F(RefreshingTest, AFailedRenewalKeepsTheOldOneWhileItIsValid) {
  Start(seconds(3600));
  broken_ = true;
  clock_.Advance(seconds(3400));
  EXPECT_EQ(Ask().value(), 1);
  while (failed_ == 0) std::this_thread::yield();
  EXPECT_EQ(Ask().value(), 1);
  clock_.Advance(seconds(201));
  EXPECT_EQ(Ask().error().message(), "service down");
}

TEST_F(RefreshingTest, AFailureWithoutAnOldOneIsTheAnswer) {
  Start(seconds(60));
  broken_ = true;
  clock_.Advance(seconds(60));
  EXPECT_EQ(Ask().error().message(), "service down");
  broken_ = false;
  EXPECT_EQ(Ask().value(), 2);
}

TEST_F(RefreshingTest, RefusedOnesAreReplacedButNotAtOnce) {
  Start(std::nullopt);
  const auto first = Now();
  EXPECT_FALSE(passes_->Rejected(first));  // loaded a moment ago: others would be refused too
  EXPECT_EQ(Ask().value(), 1);
  clock_.Advance(seconds(11));
  EXPECT_TRUE(passes_->Rejected(first));
  EXPECT_TRUE(passes_->Rejected(first));  // another request of the same moment
  EXPECT_EQ(Ask().value(), 2);
  EXPECT_TRUE(passes_->Rejected(first));  // a late answer: others are there already
  EXPECT_EQ(Ask().value(), 2);
  EXPECT_FALSE(passes_->Rejected(Now()));
}

TEST_F(RefreshingTest, WhoWaitsWhenItStopsIsAnswered) {
  Start(seconds(60));
  clock_.Advance(seconds(60));
  passes_->Stop();
  EXPECT_EQ(Ask().error().error_class(), base::ErrorClass::kCancelled);
}

}  // namespace
}  // namespace objclient
