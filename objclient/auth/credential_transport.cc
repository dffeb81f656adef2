#include "objclient/auth/credential_transport.h"

#include <chrono>

namespace objclient {

CredentialHttp::OpenTransport CredentialTransport(CurlTransport::Options store,
                                                  base::Metrics& metrics) {
  store.connections = 2;
  store.connect_timeout = std::chrono::milliseconds(3000);
  store.stall_timeout = std::chrono::milliseconds(5000);
  return [options = std::move(store), &metrics]() -> base::Result<std::unique_ptr<HttpTransport>> {
    TRY_ASSIGN(std::unique_ptr<CurlTransport> transport, CurlTransport::Open(options, metrics));
    return std::unique_ptr<HttpTransport>(std::move(transport));
  };
}

}  // namespace objclient
