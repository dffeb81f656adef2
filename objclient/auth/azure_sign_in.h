// AzureSignIn: from what a machine is set up with to credentials for an account that stay fresh.
// The order (docs/credentials.md): secrets of the environment, applications, the machine's
// identity, az login, nobody.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "objclient/auth/azure_credentials.h"
#include "objclient/auth/credential_http.h"
#include "objclient/auth/credential_source.h"

namespace objclient {

struct AzureSignIn {
  std::vector<PassedOver> passed_over;
  base::Result<std::unique_ptr<AzureCredentials>> credentials;
};

// Blocks. The source that is chosen now is asked at every renewal. `open` makes the transport that
// sources use; it is called only if one needs it. `clock` must outlive the credentials.
AzureSignIn SignInToAzure(const Environment& environment, const std::string& account,
                          CredentialHttp::OpenTransport open, base::Clock& clock);

}  // namespace objclient
