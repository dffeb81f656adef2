#include "objclient/http/curl_transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "objclient/http/curl_loop.h"

namespace objclient {

namespace {

bool ProxyInEnvironment() {
  const auto names = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  return std::any_of(names.begin(), names.end(),
                     [](const char* name) { return std::getenv(name) != nullptr; });
}

}  // namespace

base::Result<std::unique_ptr<CurlTransport>> CurlTransport::Open(const Options& options,
                                                                 base::Metrics& metrics) {
  if (options.loops == 0 || options.connections == 0) {
    return base::Error(base::ErrorClass::kInvalid, "an HTTP transport needs a connection");
  }
  const std::size_t count = std::min(options.loops, options.connections);
  std::vector<std::unique_ptr<CurlLoop>> loops;
  for (std::size_t i = 0; i < count; ++i) {
    CurlLoop::Options loop;
    loop.name = fmt::format("http-{}", i);
    loop.connections = options.connections / count + (i < options.connections % count ? 1 : 0);
    loop.queue_limit = std::max<std::size_t>(options.queue_limit / count, 1);
    loop.bounds = {options.connect_timeout, options.stall_timeout, options.ca_bundle,
                   options.proxy,           ProxyInEnvironment(),  options.connection_life};
    loop.stop = options.stop;
    TRY_ASSIGN(auto started, CurlLoop::Start(std::move(loop), metrics));
    loops.push_back(std::move(started));
  }
  return std::unique_ptr<CurlTransport>(new CurlTransport(std::move(loops)));
}

CurlTransport::CurlTransport(std::vector<std::unique_ptr<CurlLoop>> loops)
    : loops_(std::move(loops)) {}

CurlTransport::~CurlTransport() = default;

void CurlTransport::Send(HttpRequest request, HttpHandler handler) {
  const auto least =
      std::min_element(loops_.begin(), loops_.end(),
                       [](const auto& a, const auto& b) { return a->load() < b->load(); });
  (*least)->Submit(std::make_unique<CurlTransfer>(std::move(request), std::move(handler)));
}

}  // namespace objclient
