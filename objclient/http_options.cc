#include "objclient/http_options.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "objclient/http/url.h"

namespace objclient {

namespace {

// A bundle of the environment that cannot be read would make every https request fail.
std::string FindCaBundle(const StoreOptions& options, const Environment& environment) {
  if (!options.ca_bundle.empty()) return options.ca_bundle;
  const auto bundle = environment("AWS_CA_BUNDLE");
  if (!bundle) return {};
  if (access(bundle->c_str(), R_OK) == 0) return *bundle;
  LOG_WARN("AWS_CA_BUNDLE={} cannot be read, using the system's authorities", *bundle);
  return {};
}

base::Result<std::string> ProxyOf(const StoreOptions& options) {
  if (options.proxy.empty()) return std::string();
  if (options.proxy.find('@') != std::string::npos) {
    return base::Error(base::ErrorClass::kInvalid,
                       "--proxy: a command line is for everybody to see; a proxy's user and "
                       "password go into https_proxy, or http_proxy for an endpoint without TLS");
  }
  const auto proxy = ParseEndpoint(options.proxy);
  if (!proxy.ok()) return proxy.error().Annotate("--proxy");
  // libcurl's own default is none that people expect.
  const int port = proxy->port != 0 ? proxy->port : proxy->scheme == "https" ? 443 : 80;
  return fmt::format("{}://{}:{}", proxy->scheme, proxy->host, port);
}

}  // namespace

base::Result<CurlTransport::Options> HttpOptions(const StoreOptions& options,
                                                 const Environment& environment) {
  CurlTransport::Options http;
  http.connections = options.connections;
  http.connect_timeout = options.connect_timeout;
  http.stall_timeout = options.stall_timeout;
  http.ca_bundle = FindCaBundle(options, environment);
  TRY_ASSIGN(http.proxy, ProxyOf(options));
  http.stop = options.stop;
  return http;
}

}  // namespace objclient
