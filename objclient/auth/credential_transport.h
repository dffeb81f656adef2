// CredentialTransport: how the program's credentials are fetched: a transport beside the store's,
// with short bounds, that is opened when it is needed.
#pragma once

#include "base/metrics.h"
#include "objclient/auth/credential_http.h"
#include "objclient/http/curl_transport.h"

namespace objclient {

// Reaches its servers as a transport with the options of `store` does. `metrics` must outlive the
// transports.
CredentialHttp::OpenTransport CredentialTransport(CurlTransport::Options store,
                                                  base::Metrics& metrics);

}  // namespace objclient
