#include "objclient/auth/credential_transport.h"

#include <unistd.h>

#include "base/log.h"
#include "objclient/http/curl_transport.h"

namespace objclient {

CredentialHttp::OpenTransport CredentialTransport(std::string ca_bundle, base::Metrics& metrics) {
  CurlTransport::Options options;
  options.connections = 2;
  options.connect_timeout = std::chrono::milliseconds(3000);
  options.stall_timeout = std::chrono::milliseconds(5000);
  options.ca_bundle = std::move(ca_bundle);
  return [options, &metrics]() -> base::Result<std::unique_ptr<HttpTransport>> {
    TRY_ASSIGN(std::unique_ptr<CurlTransport> transport, CurlTransport::Open(options, metrics));
    return std::unique_ptr<HttpTransport>(std::move(transport));
  };
}

std::string FindCaBundle(const Environment& environment) {
  const auto bundle = environment("AWS_CA_BUNDLE");
  if (!bundle) return {};
  if (access(bundle->c_str(), R_OK) == 0) return *bundle;
  LOG_WARN("AWS_CA_BUNDLE={} cannot be read, using the system's authorities", *bundle);
  return {};
}

}  // namespace objclient
