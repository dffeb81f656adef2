#include "objclient/hedging.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "tests/support/fake_clock.h"

namespace objclient {
namespace {

using base::ErrorClass;
using std::chrono::milliseconds;

// One thread: GETs begin, end and become late when the test says so.
class HedgingTest : public testing::Test {
 protected:
  struct Flight {
    GetRequest request;
    Callback<ObjectHead> done;
  };
  struct Outcome {
    std::string bytes = std::string(8, '-');
    std::vector<base::Result<ObjectHead>> answers;
  };

  void SetUp() override { Open({}); }
  void Open(Hedging::Options options) {
    flights_.clear();
    timers_.clear();
    hedging_ = std::make_unique<Hedging>(
        [this](GetRequest request, Callback<ObjectHead> done) {
          flights_.push_back({std::move(request), std::move(done)});
        },
        std::move(options), clock_,
        [this](std::chrono::nanoseconds delay, std::function<void()> callback) {
          timers_.emplace_back(clock_.MonotonicNs() + delay.count(), std::move(callback));
        },
        metrics_);
  }

  void Advance(milliseconds time) {
    for (milliseconds passed(0); passed < time; ++passed) {
      clock_.Advance(milliseconds(1));
      auto due = std::exchange(timers_, {});
      for (auto& [when, callback] : due) {
        if (when <= clock_.MonotonicNs()) {
          callback();
        } else {
          timers_.emplace_back(when, std::move(callback));
        }
      }
    }
  }

  std::shared_ptr<Outcome> Get() {
    auto outcome = std::make_shared<Outcome>();
    GetRequest request;
    request.key = "k";
    request.range = {0, outcome->bytes.size()};
    request.into = {std::as_writable_bytes(std::span(outcome->bytes))};
    hedging_->Get(std::move(request), [outcome](base::Result<ObjectHead> result) {
      outcome->answers.push_back(std::move(result));
    });
    return outcome;
  }

  // As a store does: without the claim nothing is written.
  bool Begin(std::size_t i) {
    if (flights_[i].request.claim()) return true;
    Fail(i, ErrorClass::kCancelled);
    return false;
  }
  void Finish(std::size_t i, char letter) {
    const auto piece = flights_[i].request.into.front();
    std::fill(piece.begin(), piece.end(), static_cast<std::byte>(letter));
    flights_[i].done(ObjectHead());
  }
  void Fail(std::size_t i, ErrorClass error_class) {
    flights_[i].done(base::Error(error_class, "failed"));
  }

  // Enough GETs of `time` to know what is late.
  void WarmUp(milliseconds time, int count = 30) {
    for (int i = 0; i < count; ++i) {
      Get();
      Advance(time);
      ASSERT_TRUE(Begin(flights_.size() - 1));
      Finish(flights_.size() - 1, 'w');
    }
    flights_.clear();
  }
  std::uint64_t Count(const char* name) { return metrics_.Get(name).value(); }

  testing_support::FakeClock clock_;
  base::Metrics metrics_;
  std::vector<Flight> flights_;
  std::vector<std::pair<std::int64_t, std::function<void()>>> timers_;
  std::unique_ptr<Hedging> hedging_;
};

TEST_F(HedgingTest, ALateGetIsSentAgainAndTheFasterOneDelivers) {
  WarmUp(milliseconds(5));
  const auto outcome = Get();
  Advance(milliseconds(45));
  ASSERT_EQ(flights_.size(), 1u);
  Advance(milliseconds(20));
  ASSERT_EQ(flights_.size(), 2u);
  ASSERT_TRUE(Begin(1));
  EXPECT_FALSE(Begin(0)) << "the memory has an owner";
  Finish(1, 'b');
  ASSERT_EQ(outcome->answers.size(), 1u);
  EXPECT_TRUE(outcome->answers[0].ok());
  EXPECT_EQ(outcome->bytes, "bbbbbbbb");
  EXPECT_EQ(Count("store_gets_hedged"), 1u);
  EXPECT_EQ(Count("store_hedges_won"), 1u);
}

TEST_F(HedgingTest, TheFirstMayStillWin) {
  WarmUp(milliseconds(5));
  const auto outcome = Get();
  Advance(milliseconds(70));
  ASSERT_TRUE(Begin(0));
  Finish(0, 'a');
  ASSERT_EQ(outcome->answers.size(), 1u);
  EXPECT_FALSE(Begin(1));
  EXPECT_EQ(outcome->answers.size(), 1u);
  EXPECT_EQ(outcome->bytes, "aaaaaaaa");
  EXPECT_EQ(Count("store_hedges_won"), 0u);
}

TEST_F(HedgingTest, OneThatFailsLeavesItToTheOther) {
  WarmUp(milliseconds(5));
  const auto outcome = Get();
  Advance(milliseconds(70));
  Fail(0, ErrorClass::kUnavailable);
  EXPECT_TRUE(outcome->answers.empty());
  ASSERT_TRUE(Begin(1));
  Finish(1, 'b');
  ASSERT_EQ(outcome->answers.size(), 1u);
  EXPECT_TRUE(outcome->answers[0].ok());
}

TEST_F(HedgingTest, AnOwnersFailureIsTheAnswer) {
  WarmUp(milliseconds(5));
  const auto outcome = Get();
  Advance(milliseconds(70));
  ASSERT_TRUE(Begin(0));
  Fail(0, ErrorClass::kUnavailable);
  ASSERT_EQ(outcome->answers.size(), 1u);
  EXPECT_EQ(outcome->answers[0].error().error_class(), ErrorClass::kUnavailable);
  EXPECT_FALSE(Begin(1)) << "what was delivered stays as it is";
  EXPECT_EQ(outcome->answers.size(), 1u);
}

TEST_F(HedgingTest, BothFailingIsOneError) {
  WarmUp(milliseconds(5));
  const auto outcome = Get();
  Advance(milliseconds(70));
  Fail(1, ErrorClass::kTimeout);
  EXPECT_TRUE(outcome->answers.empty());
  Fail(0, ErrorClass::kUnavailable);
  ASSERT_EQ(outcome->answers.size(), 1u);
  EXPECT_EQ(outcome->answers[0].error().error_class(), ErrorClass::kUnavailable);
}

TEST_F(HedgingTest, WhoAskedMayHaveAClaimToo) {
  GetRequest request;
  request.claim = [] { return false; };
  std::optional<base::Result<ObjectHead>> answer;
  hedging_->Get(std::move(request), [&](base::Result<ObjectHead> result) { answer = result; });
  EXPECT_FALSE(Begin(0));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().error_class(), ErrorClass::kCancelled);
}

TEST_F(HedgingTest, WhoAskedIsAskedOnceAndNotAfterTheAnswer) {
  WarmUp(milliseconds(5));
  int asked = 0;
  int answers = 0;
  std::string bytes(8, '-');
  GetRequest request;
  request.into = {std::as_writable_bytes(std::span(bytes))};
  request.claim = [&] { return ++asked == 1; };
  hedging_->Get(std::move(request), [&](const base::Result<ObjectHead>&) { ++answers; });
  Advance(milliseconds(70));
  ASSERT_TRUE(Begin(1));
  Finish(1, 'b');
  EXPECT_EQ(answers, 1);
  EXPECT_FALSE(Begin(0));
  EXPECT_EQ(asked, 1);
}

TEST_F(HedgingTest, WhatIsLateFollowsTheOthers) {
  WarmUp(milliseconds(100));
  Get();
  Advance(milliseconds(290));
  EXPECT_EQ(flights_.size(), 1u);
  Advance(milliseconds(30));
  EXPECT_EQ(flights_.size(), 2u);
}

TEST_F(HedgingTest, NothingIsLateWhileLittleIsKnown) {
  WarmUp(milliseconds(5), 19);
  Get();
  Advance(milliseconds(1000));
  EXPECT_EQ(flights_.size(), 1u);
}

TEST_F(HedgingTest, AFewInAHundredAtMost) {
  WarmUp(milliseconds(5));
  constexpr int kGets = 200;
  for (int i = 0; i < kGets; ++i) {
    const std::size_t first = flights_.size();
    Get();
    Advance(milliseconds(70));
    if (flights_.size() > first + 1) Fail(first + 1, ErrorClass::kUnavailable);
    Fail(first, ErrorClass::kUnavailable);  // says nothing of how long an answer takes
  }
  EXPECT_GE(Count("store_gets_hedged"), 8u);
  EXPECT_LE(Count("store_gets_hedged"), 10u);  // 4 at once and 3 in a hundred
}

TEST_F(HedgingTest, NoneWhileTheStoreHasUsSlowDown) {
  bool allowed = false;
  Hedging::Options options;
  options.allowed = [&] { return allowed; };
  Open(options);
  WarmUp(milliseconds(5));
  Get();
  Advance(milliseconds(500));
  EXPECT_EQ(flights_.size(), 1u);
  allowed = true;
  Advance(milliseconds(20));
  EXPECT_EQ(flights_.size(), 2u);
}

TEST_F(HedgingTest, NoneWhileEveryConnectionIsInUse) {
  Hedging::Options options;
  options.connections = 2;
  Open(options);
  WarmUp(milliseconds(5));
  Get();
  Get();
  Advance(milliseconds(500));
  EXPECT_EQ(flights_.size(), 2u);
  ASSERT_TRUE(Begin(0));
  Finish(0, 'a');
  Advance(milliseconds(20));
  EXPECT_EQ(flights_.size(), 3u);
}

TEST_F(HedgingTest, NoneAfterItWasStopped) {
  WarmUp(milliseconds(5));
  const auto outcome = Get();
  hedging_->Stop();
  Advance(milliseconds(500));
  EXPECT_EQ(flights_.size(), 1u);
  ASSERT_TRUE(Begin(0));
  Finish(0, 'a');
  EXPECT_EQ(outcome->answers.size(), 1u);
  Advance(milliseconds(500));
  EXPECT_TRUE(timers_.empty());
}

}  // namespace
}  // namespace objclient
