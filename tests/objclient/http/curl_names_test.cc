// CurlTransport: names with many addresses, and such as nobody answers for.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "objclient/http/curl_transport.h"
#include "tests/objclient/http/curl_fixture.h"
#include "tests/objclient/http/name_server.h"

namespace objclient {
namespace {

using base::ErrorClass;

// A name with several addresses, some of which have a server.
class ManyAddressesTest : public CurlFixture {
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
class HangingNameTest : public CurlFixture {
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

}  // namespace
}  // namespace objclient
