// CurlTransport: connections, and the requests that wait for one.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "objclient/http/curl_transport.h"
#include "tests/objclient/http/curl_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class CurlLimitsTest : public CurlFixture {};

TEST_F(CurlLimitsTest, AStoreThatAsksForItGetsFewerRequestsAtATime) {
  std::atomic<bool> busy = true;
  Serve([&](const SeenRequest&) {
    return ScriptedAnswer{busy ? Answer("503 Slow Down", "") : Answer("200 OK", "")};
  });
  CurlTransport::Options options;
  options.connections = 8;
  Open(options);
  const base::Counter& limit = metrics_.Get("http_pace_limit");
  const base::Counter& held = metrics_.Get("http_pace_held");
  EXPECT_EQ(limit.value(), 8u);
  EXPECT_EQ(held.value(), 0u);
  for (const std::size_t expected : {4u, 2u, 1u, 1u}) {
    EXPECT_EQ(Send(Request("GET")).get().result->status, 503);
    EXPECT_EQ(limit.value(), expected);
    EXPECT_EQ(held.value(), 8 - expected);
  }
  EXPECT_EQ(metrics_.Get("http_throttled_count").value(), 4u);
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 0; i < 6; ++i) outcomes.push_back(Send(Request("GET")));
  for (auto& outcome : outcomes) EXPECT_EQ(outcome.get().result->status, 503);
  EXPECT_EQ(server_->connections(), 1) << "one after another";

  busy = false;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Send(Request("GET")).get().result->status, 200);
  EXPECT_EQ(limit.value(), 2u);
  transport_.reset();
  EXPECT_EQ(limit.value(), 0u);
  EXPECT_EQ(held.value(), 0u);
}

TEST_F(CurlLimitsTest, OnlySoManyRequestsWait) {
  std::promise<void> arrived;
  Serve([&](const SeenRequest&) {
    arrived.set_value();
    return ScriptedAnswer{"", false, true};
  });
  CurlTransport::Options options;
  options.connections = 1;
  options.queue_limit = 2;
  Open(options);
  auto first = Send(Request("GET"));
  arrived.get_future().wait();
  auto second = Send(Request("GET"));
  auto third = Send(Request("GET"));
  EXPECT_EQ(Send(Request("GET")).get().result.error().error_class(), ErrorClass::kThrottled);
  EXPECT_EQ(metrics_.Get("http_refused_count").value(), 1u);
  transport_.reset();
  for (auto* outcome : {&first, &second, &third}) {
    EXPECT_EQ(outcome->get().result.error().error_class(), ErrorClass::kCancelled);
  }
}

TEST_F(CurlLimitsTest, NoMoreConnectionsThanAllowedAndAllAreAnswered) {
  std::atomic<int> at_once = 0;
  std::atomic<int> most = 0;
  Serve([&](const SeenRequest&) {
    most = std::max(most.load(), ++at_once);
    std::this_thread::yield();
    --at_once;
    return ScriptedAnswer{Answer("200 OK", "x")};
  });
  CurlTransport::Options options;
  options.loops = 2;
  options.connections = 3;
  Open(options);
  std::vector<std::future<Outcome>> waiting;
  for (int i = 0; i < 200; ++i) waiting.push_back(Send(Request("GET")));
  for (auto& one : waiting) EXPECT_TRUE(one.get().result.ok());
  EXPECT_LE(server_->connections(), 3);
  EXPECT_LE(most.load(), 3);
  EXPECT_EQ(metrics_.Get("http_requests_count").value(), 200u);
}

TEST_F(CurlLimitsTest, UrgentOnesGoFirst) {
  std::vector<std::string> order;
  std::promise<void> open;
  auto opened = open.get_future().share();
  Serve([&, opened](const SeenRequest& request) {
    opened.wait();
    order.push_back(request.head.substr(4, 2));
    return ScriptedAnswer{Answer("200 OK", "")};
  });
  CurlTransport::Options options;
  options.connections = 1;
  Open(options);
  std::vector<std::future<Outcome>> waiting;
  for (const char* path : {"/1", "/2", "/3"}) waiting.push_back(Send(Request("GET", path)));
  HttpRequest urgent = Request("GET", "/u");
  urgent.urgent = true;
  waiting.push_back(Send(std::move(urgent)));
  open.set_value();
  for (auto& one : waiting) EXPECT_TRUE(one.get().result.ok());
  // The first may or may not have started before the urgent one came.
  const auto urgent_at = std::find(order.begin(), order.end(), "/u") - order.begin();
  EXPECT_LE(urgent_at, 1);
}

TEST_F(CurlLimitsTest, AnEndedConnectionInThePoolIsNoError) {
  Serve([](const SeenRequest&) { return ScriptedAnswer{Answer("200 OK", "x"), true}; });
  Open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Send(Request("GET")).get().result.ok());
}

TEST_F(CurlLimitsTest, AnOldConnectionIsNotUsedAgain) {
  Serve([](const SeenRequest&) { return ScriptedAnswer{Answer("200 OK", "")}; });
  CurlTransport::Options options;
  options.connection_life = std::chrono::seconds(1);
  Open(options);
  while (server_->connections() < 2) {
    ASSERT_TRUE(Send(Request("GET")).get().result.ok());
  }
}

TEST(CurlTransportOptions, NeedAConnection) {
  base::Metrics metrics;
  CurlTransport::Options options;
  options.connections = 0;
  EXPECT_FALSE(CurlTransport::Open(options, metrics).ok());
}

}  // namespace
}  // namespace objclient
