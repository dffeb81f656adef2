// FaultProxy: stands before a server on loopback and does to chosen requests what networks and
// stores do to them. It knows HTTP: a fault sees a whole request, may send it on (changed or not),
// and says what goes back and how. What no fault hits passes unchanged; signatures stay valid, as
// the client signs for the proxy's own address and the server takes the host it is told.
//
// Owned by a test; any thread. Faults run on the proxy's threads, one for each connection.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "objclient/http/http_message.h"
#include "tests/objclient/http/loopback_server.h"

namespace fault {

struct Asked {
  std::string method;
  std::string target;  // "/bucket/key?query"
  objclient::HttpHeaders headers;
  std::string body;

  bool Has(std::string_view in_target) const { return target.find(in_target) != std::string::npos; }
};

struct Reply {
  int status = 200;
  objclient::HttpHeaders headers;  // without those that say how long the body is
  std::string body;
  std::string length;  // Content-Length: of the body, or what a HEAD says
};

class FaultProxy {
 public:
  using Upstream = std::function<Reply(const Asked&)>;

  struct Fault {
    std::function<bool(const Asked&)> hits;
    std::size_t times = 1;  // then it is over
    std::function<objclient::ScriptedAnswer(Asked, const Upstream&)> act;
    // Acts before the body of the request is read; Asked::body is empty, nothing goes upstream.
    bool early = false;
  };

  explicit FaultProxy(std::string server);  // http://host:port
  ~FaultProxy();

  std::string endpoint() const;
  // Faults are asked in the order they came in; the first that hits acts.
  void Inject(Fault fault) EXCLUDES(mutex_);
  void Clear() EXCLUDES(mutex_);
  std::size_t injected() const EXCLUDES(mutex_);  // times that a fault acted

 private:
  class Connection;

  // The fault for this request, counted; nothing = it passes.
  std::function<objclient::ScriptedAnswer(Asked, const Upstream&)> Choose(const Asked& asked,
                                                                          bool early)
      EXCLUDES(mutex_);
  Reply Forward(const Asked& asked) EXCLUDES(mutex_);
  std::unique_ptr<Connection> TakeConnection() EXCLUDES(mutex_);

  const std::string server_;
  mutable base::Mutex mutex_;
  std::vector<Fault> faults_ GUARDED_BY(mutex_);
  std::size_t injected_ GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Connection>> idle_ GUARDED_BY(mutex_);
  objclient::LoopbackServer front_;  // last: its threads use everything above
};

// The bytes of an answer. `length` overrides Content-Length.
std::string Serialize(const Reply& reply);

}  // namespace fault
