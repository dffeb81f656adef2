// CurlTransport: names with many addresses, and such as nobody answers for.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <latch>
#include <memory>
#include <set>
#include <string>
#include <thread>
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
  // A socket at each address, all at the same port.
  std::vector<base::UniqueFd> BindAll() {
    std::vector<base::UniqueFd> bound;
    while (bound.size() < kManyAddressesCount) {
      bound.push_back(BindAt("127.0.0." + std::to_string(bound.size() + 1), port_));
      // Somebody has the port at this address: another one.
      if (!bound.back()) bound.clear();
      port_ = bound.empty() ? 0 : PortOf(bound.front());
    }
    return bound;
  }
  // At all addresses but `dead`, where connections are refused.
  void ServeBut(const std::set<int>& dead,
                const std::function<ScriptedAnswer(const SeenRequest&)>& script) {
    std::vector<base::UniqueFd> bound = BindAll();
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

  // A guest takes the only place there is: who else would connect gets no answer.
  static base::UniqueFd Fill(const base::UniqueFd& listener) {
    EXPECT_EQ(listen(listener.get(), 0), 0);
    sockaddr_storage place{};
    socklen_t size = sizeof place;
    auto* const address = reinterpret_cast<sockaddr*>(&place);
    EXPECT_EQ(getsockname(listener.get(), address, &size), 0);
    base::UniqueFd guest(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(guest.get(), address, size), 0);
    return guest;
  }
  // The address, from 1 on, that somebody would connect to; another one than `but`.
  int AwaitConnecting(int but) const {
    while (true) {
      std::ifstream table("/proc/net/tcp");
      for (std::string line; std::getline(table, line);) {
        unsigned address = 0;
        unsigned port = 0;
        unsigned state = 0;
        constexpr char kFormat[] = "%*d: %*x:%*x %x:%x %x";
        if (std::sscanf(line.c_str(), kFormat, &address, &port, &state) != 3) continue;
        const int last_byte = static_cast<int>(address >> 24);
        if (state == TCP_SYN_SENT && port == port_ && last_byte != but) return last_byte;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
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

// The socket for the second address has the number that the one for the first had.
TEST_F(ManyAddressesTest, OneThatRefusesLateIsPassedOverForOneThatAnswersLate) {
  std::vector<base::UniqueFd> bound = BindAll();
  std::vector<base::UniqueFd> guests;
  for (const auto& listener : bound) guests.push_back(Fill(listener));
  CurlTransport::Options options;
  options.connect_timeout = options.stall_timeout = std::chrono::hours(1);
  Open(options);
  auto outcome = std::move(SendMany(1).front());
  const auto socket_at = [&](int address) -> base::UniqueFd& {
    return bound[static_cast<std::size_t>(address) - 1];
  };
  const int first = AwaitConnecting(0);
  socket_at(first).Reset();
  const int second = AwaitConnecting(first);
  const auto script = [](const SeenRequest&) { return ScriptedAnswer{Answer("200 OK", "")}; };
  servers_.push_back(
      std::make_unique<LoopbackServer>(script, nullptr, std::move(socket_at(second))));
  EXPECT_TRUE(outcome.get().result.ok());
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
