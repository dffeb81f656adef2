// CurlTransport with its loops, transfers and handles, against a scripted server.
#include "objclient/http/curl_transport.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <future>
#include <latch>
#include <numeric>
#include <set>
#include <stop_token>

#include "tests/objclient/http/loopback_server.h"
#include "tests/objclient/http/name_server.h"

namespace objclient {
namespace {

using base::ErrorClass;

struct Outcome {
  base::Result<HttpResponse> result;
  std::string body;
};

class CurlTransportTest : public testing::Test {
 protected:
  void Open(CurlTransport::Options options = {}) {
    auto transport = CurlTransport::Open(options, metrics_);
    ASSERT_TRUE(transport.ok());
    transport_ = std::move(*transport);
  }
  void Serve(std::function<ScriptedAnswer(const SeenRequest&)> script) {
    server_ = std::make_unique<LoopbackServer>(std::move(script));
  }

  std::future<Outcome> Send(HttpRequest request) {
    auto promise = std::make_shared<std::promise<Outcome>>();
    auto body = std::make_shared<std::string>();
    auto future = promise->get_future();
    transport_->Send(std::move(request),
                     {nullptr,
                      [body](std::span<const std::byte> bytes) {
                        body->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                        return true;
                      },
                      [promise, body](base::Result<HttpResponse> result) {
                        promise->set_value({std::move(result), std::move(*body)});
                      }});
    return future;
  }
  HttpRequest Request(const std::string& method, const std::string& path = "/") {
    HttpRequest request;
    request.method = method;
    request.url = server_->Url(path);
    return request;
  }

  base::Metrics metrics_;
  std::unique_ptr<LoopbackServer> server_;
  std::unique_ptr<CurlTransport> transport_;
};

TEST_F(CurlTransportTest, GetsStatusHeadersAndBody) {
  Serve([](const SeenRequest&) {
    return ScriptedAnswer{Answer("404 Not Found", "gone", "X-A: b\r\n")};
  });
  Open();
  const Outcome outcome = Send(Request("GET")).get();
  ASSERT_TRUE(outcome.result.ok());
  EXPECT_EQ(outcome.result->status, 404);
  EXPECT_EQ(outcome.result->headers.Value("x-a"), "b");
  EXPECT_EQ(outcome.body, "gone");
}

TEST_F(CurlTransportTest, AStoreThatAsksForItGetsFewerRequestsAtATime) {
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

TEST_F(CurlTransportTest, OnlySoManyRequestsWait) {
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

TEST_F(CurlTransportTest, SendsThePathAndHeadersAsTheyAre) {
  std::string head;
  Serve([&](const SeenRequest& request) {
    head = request.head;
    return ScriptedAnswer{Answer("200 OK", "")};
  });
  Open();
  HttpRequest request = Request("GET", "/b/../%2e%2E//k?a=&b=1");
  request.headers.Add("x-amz-date", "now");
  request.headers.Add("x-empty", "");
  ASSERT_TRUE(Send(std::move(request)).get().result.ok());
  EXPECT_TRUE(head.starts_with("GET /b/../%2e%2E//k?a=&b=1 HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find("x-amz-date: now\r\n"), std::string::npos);
  EXPECT_NE(head.find("x-empty:\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Accept:"), std::string::npos);
}

TEST_F(CurlTransportTest, UploadsAllPiecesWithoutWaitingFor100) {
  SeenRequest seen;
  Serve([&](const SeenRequest& request) {
    seen = request;
    return ScriptedAnswer{Answer("200 OK", "")};
  });
  Open();
  std::string content(5 << 20, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 255);
  const auto bytes = std::as_bytes(std::span(content));
  HttpRequest request = Request("PUT", "/k");
  request.has_body = true;
  request.body = {bytes.first(1), {}, bytes.subspan(1, 3 << 20), bytes.subspan((3 << 20) + 1)};
  ASSERT_TRUE(Send(std::move(request)).get().result.ok());
  EXPECT_EQ(seen.body, content);
  EXPECT_EQ(seen.head.find("Expect"), std::string::npos);
  EXPECT_EQ(seen.head.find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(metrics_.Get("http_sent_bytes").value(), content.size());
}

TEST_F(CurlTransportTest, AnEmptyBodyHasALength) {
  std::string head;
  Serve([&](const SeenRequest& request) {
    head = request.head;
    return ScriptedAnswer{Answer("200 OK", "")};
  });
  Open();
  HttpRequest request = Request("POST");
  request.has_body = true;
  ASSERT_TRUE(Send(std::move(request)).get().result.ok());
  EXPECT_TRUE(head.starts_with("POST "));
  EXPECT_NE(head.find("Content-Length: 0\r\n"), std::string::npos);
}

TEST_F(CurlTransportTest, HeadHasNoBodyAndConnectionsAreUsedAgain) {
  Serve([](const SeenRequest& request) {
    if (!request.head.starts_with("HEAD")) return ScriptedAnswer{Answer("200 OK", "x")};
    return ScriptedAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"};
  });
  Open();
  for (int i = 0; i < 5; ++i) {
    const Outcome outcome = Send(Request("HEAD")).get();
    ASSERT_TRUE(outcome.result.ok());
    EXPECT_EQ(outcome.result->headers.Value("content-length"), "1234");
    ASSERT_TRUE(Send(Request("GET")).get().result.ok());
  }
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(CurlTransportTest, NoMoreConnectionsThanAllowedAndAllAreAnswered) {
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

TEST_F(CurlTransportTest, UrgentOnesGoFirst) {
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

TEST_F(CurlTransportTest, AConnectionThatBreaksIsUnavailable) {
  Serve([](const SeenRequest&) {
    return ScriptedAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", true};
  });
  Open();
  const Outcome outcome = Send(Request("GET", "/key?X-Secret=1")).get();
  ASSERT_FALSE(outcome.result.ok());
  EXPECT_EQ(outcome.result.error().error_class(), ErrorClass::kUnavailable);
  EXPECT_NE(outcome.result.error().message().find("/key"), std::string::npos);
  EXPECT_EQ(outcome.result.error().message().find("X-Secret"), std::string::npos);
  EXPECT_EQ(outcome.body, "only this");
}

TEST_F(CurlTransportTest, AnEndedConnectionInThePoolIsNoError) {
  Serve([](const SeenRequest&) { return ScriptedAnswer{Answer("200 OK", "x"), true}; });
  Open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Send(Request("GET")).get().result.ok());
}

// libcurl would send it again, to a store that may have done it already.
TEST_F(CurlTransportTest, WhatChangesSomethingIsSentOnce) {
  std::atomic<int> changes = 0;
  Serve([&](const SeenRequest& request) {
    if (request.head.starts_with("GET")) return ScriptedAnswer{Answer("200 OK", "x")};
    ++changes;
    return ScriptedAnswer{.bytes = {}, .reset = true};
  });
  Open();
  const std::string content(1000, 'x');
  int sent = 0;
  for (const char* method : {"PUT", "POST", "DELETE"}) {
    for (const bool with_bytes : {false, true}) {
      ASSERT_TRUE(Send(Request("GET")).get().result.ok());  // leaves a connection to be used again
      HttpRequest request = Request(method);
      request.has_body = with_bytes || request.method != "DELETE";
      if (with_bytes) request.body = {std::as_bytes(std::span(content))};
      const Outcome outcome = Send(std::move(request)).get();
      ASSERT_FALSE(outcome.result.ok()) << method;
      EXPECT_EQ(outcome.result.error().error_class(), ErrorClass::kUnavailable);
      EXPECT_EQ(changes.load(), ++sent) << method;
    }
  }
}

TEST_F(CurlTransportTest, NobodyListens) {
  Open();
  HttpRequest request;
  request.method = "GET";
  request.url = "http://127.0.0.1:9/";
  EXPECT_EQ(Send(std::move(request)).get().result.error().error_class(), ErrorClass::kUnavailable);
  request.method = "GET";
  request.url = "gopher://127.0.0.1/";
  EXPECT_EQ(Send(std::move(request)).get().result.error().error_class(), ErrorClass::kInvalid);
}

TEST_F(CurlTransportTest, AServerThatHangsIsATimeout) {
  Serve([](const SeenRequest&) {
    return ScriptedAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart", false, true};
  });
  CurlTransport::Options options;
  options.stall_timeout = std::chrono::milliseconds(1000);
  Open(options);
  EXPECT_EQ(Send(Request("GET")).get().result.error().error_class(), ErrorClass::kTimeout);
}

TEST_F(CurlTransportTest, TheReceiverMayStop) {
  Serve([](const SeenRequest&) { return ScriptedAnswer{Answer("200 OK", "body")}; });
  Open();
  for (const bool at_headers : {true, false}) {
    std::promise<base::Result<HttpResponse>> done;
    transport_->Send(Request("GET"), {[&](const HttpResponse&) { return !at_headers; },
                                      [](std::span<const std::byte>) { return false; },
                                      [&](base::Result<HttpResponse> result) {
                                        done.set_value(std::move(result));
                                      }});
    const auto result = done.get_future().get();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().error_class(), ErrorClass::kCancelled);
  }
}

TEST_F(CurlTransportTest, TheEndCancelsWhatRunsAndWhatWaits) {
  Serve([](const SeenRequest&) { return ScriptedAnswer{"", false, true}; });
  CurlTransport::Options options;
  options.connections = 2;
  Open(options);
  std::vector<std::future<Outcome>> waiting;
  for (int i = 0; i < 6; ++i) waiting.push_back(Send(Request("GET")));
  transport_.reset();
  for (auto& one : waiting) {
    EXPECT_EQ(one.get().result.error().error_class(), ErrorClass::kCancelled);
  }
}

TEST_F(CurlTransportTest, ARequestToStopEndsWhatRunsAndWhatComes) {
  Serve([](const SeenRequest&) { return ScriptedAnswer{"", false, true}; });
  std::stop_source stop;
  CurlTransport::Options options;
  options.connections = 1;
  options.stop = stop.get_token();
  Open(options);
  auto runs = Send(Request("GET"));
  auto waits = Send(Request("GET"));
  stop.request_stop();
  auto comes = Send(Request("GET"));
  for (auto* outcome : {&runs, &waits, &comes}) {
    EXPECT_EQ(outcome->get().result.error().error_class(), ErrorClass::kUnavailable);
  }
}

TEST_F(CurlTransportTest, AnOldConnectionIsNotUsedAgain) {
  Serve([](const SeenRequest&) { return ScriptedAnswer{Answer("200 OK", "")}; });
  CurlTransport::Options options;
  options.connection_life = std::chrono::seconds(1);
  Open(options);
  while (server_->connections() < 2) {
    ASSERT_TRUE(Send(Request("GET")).get().result.ok());
  }
}

// A name with several addresses, some of which have a server.
class ManyAddressesTest : public CurlTransportTest {
 protected:
  // At all addresses but `dead`, where connections are refused.
  void ServeBut(const std::set<int>& dead,
                const std::function<ScriptedAnswer(const SeenRequest&)>& script) {
    std::vector<base::UniqueFd> bound;
    while (bound.size() < kManyAddressesCount) {
      bound.push_back(BindAt("127.0.0." + std::to_string(bound.size() + 1), port_));
      // Somebody has the port at this address: another one.
      if (!bound.back()) bound.clear();
      port_ = bound.empty() ? 0 : PortOf(bound.front());
    }
    for (int i = 0; i < kManyAddressesCount; ++i) {
      base::UniqueFd& socket = bound[static_cast<std::size_t>(i)];
      if (dead.contains(i + 1)) {
        dead_.push_back(std::move(socket));
      } else {
        servers_.push_back(std::make_unique<LoopbackServer>(script, nullptr, std::move(socket)));
      }
    }
  }
  std::vector<std::future<Outcome>> SendMany(std::size_t count) {
    HttpRequest request;
    request.method = "GET";
    request.url = "http://" + std::string(kManyAddresses) + ":" + std::to_string(port_);
    std::vector<std::future<Outcome>> outcomes;
    for (std::size_t i = 0; i < count; ++i) outcomes.push_back(Send(request));
    return outcomes;
  }

  std::vector<std::unique_ptr<LoopbackServer>> servers_;
  std::vector<base::UniqueFd> dead_;
  std::uint16_t port_ = 0;
};

TEST_F(ManyAddressesTest, ConnectionsAreSpread) {
  constexpr std::size_t kConnections = 64;  // one in 10^7 runs has none of them at some address
  std::latch all_there(kConnections);
  ServeBut({}, [&](const SeenRequest&) {
    all_there.arrive_and_wait();
    return ScriptedAnswer{Answer("200 OK", "")};
  });
  CurlTransport::Options options;
  options.connections = kConnections;
  // Each waits for all others, however slow the machine is.
  options.connect_timeout = options.stall_timeout = std::chrono::minutes(2);
  Open(options);
  for (auto& outcome : SendMany(kConnections)) EXPECT_TRUE(outcome.get().result.ok());
  for (const auto& server : servers_) EXPECT_GT(server->connections(), 0);
}

TEST_F(ManyAddressesTest, OneWithoutAServerIsPassedOver) {
  ServeBut({1, 3}, [](const SeenRequest&) { return ScriptedAnswer{Answer("200 OK", "")}; });
  Open();
  for (auto& outcome : SendMany(16)) EXPECT_TRUE(outcome.get().result.ok());
}

// A name that nobody answers for, until the test ends.
class HangingNameTest : public CurlTransportTest {
 protected:
  std::future<Outcome> SendThere(std::chrono::milliseconds connect_timeout) {
    CurlTransport::Options options;
    options.connect_timeout = connect_timeout;
    Open(options);
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    here_ = base::UniqueFd(ends[0]);
    HttpRequest request;
    request.method = "GET";
    request.url = "http://" + std::string(kHangs) + std::to_string(ends[1]) + ".test/";
    return Send(request);
  }
  void AwaitLookup() {
    char byte = 0;
    ASSERT_EQ(recv(here_.get(), &byte, 1, 0), 1);
  }

  base::UniqueFd here_;
};

TEST_F(HangingNameTest, NobodyWaitsForItLongerThanForAConnection) {
  auto outcome = SendThere(std::chrono::milliseconds(50));
  EXPECT_EQ(outcome.get().result.error().error_class(), ErrorClass::kTimeout);
}

TEST_F(HangingNameTest, TheEndDoesNotWaitForIt) {
  auto outcome = SendThere(std::chrono::minutes(10));
  AwaitLookup();
  transport_.reset();
  EXPECT_EQ(outcome.get().result.error().error_class(), ErrorClass::kCancelled);
}

TEST_F(CurlTransportTest, HeadersWithoutEndAreRefused) {
  Serve([](const SeenRequest&) {
    std::string bytes = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 4000; ++i) bytes += "X-Filler: " + std::string(60, 'x') + "\r\n";
    return ScriptedAnswer{bytes + "\r\n", true};
  });
  Open();
  EXPECT_FALSE(Send(Request("GET")).get().result.ok());
}

TEST(CurlTransportOptions, NeedAConnection) {
  base::Metrics metrics;
  CurlTransport::Options options;
  options.connections = 0;
  EXPECT_FALSE(CurlTransport::Open(options, metrics).ok());
}

// Sets a variable while it lives; libcurl reads the process's own.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() { unsetenv(name_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* const name_;
};

TEST_F(CurlTransportTest, TheProxyOfTheEnvironmentIsUsedButNotForThisMachine) {
  Serve([](const SeenRequest& request) {
    return ScriptedAnswer{Answer("200 OK", request.head.substr(0, request.head.find(" HTTP")))};
  });
  HttpRequest elsewhere = Request("GET");
  elsewhere.url = "http://store.invalid/bucket/key";
  const ScopedVariable proxy("http_proxy", server_->Url(""));
  Open();
  EXPECT_EQ(Send(elsewhere).get().body, "GET http://store.invalid/bucket/key");
  EXPECT_EQ(Send(Request("GET", "/here")).get().body, "GET /here");
  const ScopedVariable exception("no_proxy", "store.invalid");
  EXPECT_FALSE(Send(elsewhere).get().result.ok()) << "there is no such host";
}

TEST_F(CurlTransportTest, AProxyIsUsedButNotForThisMachine) {
  Serve([](const SeenRequest& request) {
    return ScriptedAnswer{Answer("200 OK", request.head.substr(0, request.head.find("\r\n")))};
  });
  const ScopedVariable environment("http_proxy", "http://127.0.0.1:1");
  CurlTransport::Options options;
  options.proxy = server_->Url("");
  Open(options);
  HttpRequest elsewhere = Request("GET");
  elsewhere.url = "http://store.invalid/bucket/key";
  EXPECT_EQ(Send(elsewhere).get().body, "GET http://store.invalid/bucket/key HTTP/1.1");
  EXPECT_EQ(Send(Request("GET", "/here")).get().body, "GET /here HTTP/1.1");
  const ScopedVariable exception("no_proxy", "store.invalid");
  EXPECT_FALSE(Send(elsewhere).get().result.ok()) << "there is no such host";
}

TEST_F(CurlTransportTest, AProxyThatIsNoneIsToldWithoutItsPassword) {
  Open();
  HttpRequest elsewhere;
  elsewhere.method = "GET";
  elsewhere.url = "http://store.invalid/bucket/key";
  for (const char* none : {"http://somebody:secret@proxy:port", "ftp://somebody:secret@proxy",
                           "http://somebody:se/cret@proxy:3128"}) {
    const ScopedVariable proxy("http_proxy", none);
    const base::Error error = Send(elsewhere).get().result.error();
    EXPECT_EQ(error.error_class(), ErrorClass::kInvalid);
    EXPECT_NE(error.message().find("http_proxy"), std::string::npos) << none;
    EXPECT_EQ(error.message().find("cret"), std::string::npos) << error.message();
  }
}

TEST_F(CurlTransportTest, ARefusedTunnelIsTold) {
  std::string status;
  std::string asked;
  Serve([&](const SeenRequest& request) {
    asked = request.head;
    return ScriptedAnswer{Answer(status, "no"), true};
  });
  CurlTransport::Options options;
  options.proxy = server_->Url("");
  Open(options);
  HttpRequest elsewhere = Request("GET");
  elsewhere.url = "https://store.invalid/bucket/key";
  elsewhere.headers.Add("authorization", "signature");
  for (const char* refusal : {"407 Proxy Authentication Required", "403 Forbidden"}) {
    status = refusal;
    const Outcome outcome = Send(elsewhere).get();
    ASSERT_FALSE(outcome.result.ok());
    EXPECT_EQ(outcome.result.error().error_class(), ErrorClass::kAuth) << refusal;
    EXPECT_NE(outcome.result.error().message().find("the proxy"), std::string::npos);
    EXPECT_EQ(asked.substr(0, asked.find(" HTTP")), "CONNECT store.invalid:443");
    EXPECT_EQ(asked.find("signature"), std::string::npos) << "that is the store's";
  }
  status = "502 Bad Gateway";
  EXPECT_EQ(Send(elsewhere).get().result.error().error_class(), ErrorClass::kUnavailable);
}

}  // namespace
}  // namespace objclient
