// CurlTransport: HttpTransport over libcurl, one or more CurlLoops; a request goes to the least
// loaded. Made by those who open stores, owned by the store. Destruction cancels what is under way.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "objclient/http/http_transport.h"

namespace objclient {

class CurlLoop;

class CurlTransport : public HttpTransport {
 public:
  struct Options {
    // One loop moves 3-4 GiB/s; more of them only help machines with many cores and fast networks.
    std::size_t loops = 1;
    std::size_t connections = 16;    // most at a time, over all loops
    std::size_t queue_limit = 4096;  // requests that wait for a connection, over all loops
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds stall_timeout{10000};
    std::chrono::seconds connection_life{300};  // of one that is reused
    std::string ca_bundle;                      // PEM file; empty = the system's authorities
    std::string proxy;  // scheme://host:port; empty = the environment's, if any
    // Once it is requested every request fails with kUnavailable, those under way as well.
    std::stop_token stop = {};
  };
  // `metrics` must outlive the transport.
  static base::Result<std::unique_ptr<CurlTransport>> Open(const Options& options,
                                                           base::Metrics& metrics);
  ~CurlTransport() override;

  void Send(HttpRequest request, HttpHandler handler) override;

 private:
  explicit CurlTransport(std::vector<std::unique_ptr<CurlLoop>> loops);
  const std::vector<std::unique_ptr<CurlLoop>> loops_;
};

}  // namespace objclient
