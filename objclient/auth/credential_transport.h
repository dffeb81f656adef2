// CredentialTransport: how the program's credentials are fetched: a transport beside the store's,
// with short bounds, that is opened when it is needed.
#pragma once

#include <string>

#include "base/metrics.h"
#include "objclient/auth/credential_http.h"
#include "objclient/auth/environment.h"

namespace objclient {

// `ca_bundle`: PEM file with the trusted authorities; empty = the system's. `metrics` must outlive
// the transports.
CredentialHttp::OpenTransport CredentialTransport(std::string ca_bundle, base::Metrics& metrics);

// AWS_CA_BUNDLE, or empty. One that cannot be read would make every https request fail: it is
// reported and the system's authorities are used instead.
std::string FindCaBundle(const Environment& environment);

}  // namespace objclient
