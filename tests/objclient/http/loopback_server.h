// LoopbackServer: a tiny scripted HTTP server on a loopback address for the tests of the transport.
// One thread a connection; the script gets each request and returns the bytes to send back, as they
// are.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"

namespace objclient {

struct SeenRequest {
  std::string head;  // request line and headers
  std::string body;  // as long as Content-Length says
};

struct ScriptedAnswer {
  std::string bytes;
  bool close = false;  // close the connection afterwards
  bool hang = false;   // then say nothing more until the server goes away
  bool reset = false;  // break the connection off afterwards (RST)
};

// A socket at a loopback address, which refuses connections until a server takes it; port 0 = any
// that is free. None where it is taken.
base::UniqueFd BindAt(const std::string& address, std::uint16_t port);
std::uint16_t PortOf(const base::UniqueFd& bound);

class LoopbackServer {
 public:
  // `early` is asked when only the head of a request is there; its answer, if any, goes out at once
  // and ends the connection, with the body unread.
  explicit LoopbackServer(
      std::function<ScriptedAnswer(const SeenRequest&)> script,
      std::function<std::optional<ScriptedAnswer>(const SeenRequest&)> early = nullptr,
      base::UniqueFd listener = BindAt("127.0.0.1", 0));
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::string Url(const std::string& path) const;
  int connections() const { return connections_.load(); }

 private:
  void Accept() EXCLUDES(mutex_);
  void Serve(int fd);
  const std::function<ScriptedAnswer(const SeenRequest&)> script_;
  const std::function<std::optional<ScriptedAnswer>(const SeenRequest&)> early_;
  base::UniqueFd listener_;
  const std::uint16_t port_;
  std::atomic<int> connections_{0};  // atomic: counted by the acceptor, read by tests
  base::Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<base::UniqueFd> sockets_ GUARDED_BY(mutex_);
  std::vector<std::thread> servers_ GUARDED_BY(mutex_);
  std::thread acceptor_;
};

// "HTTP/1.1 <status>\r\n<headers>Content-Length: ...\r\n\r\n<body>"
std::string Answer(const std::string& status, const std::string& body,
                   const std::string& headers = "");

}  // namespace objclient
