// AwsSignIn: from what a machine is set up with to credentials that stay fresh.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "objclient/auth/credential_http.h"
#include "objclient/auth/credential_source.h"
#include "objclient/auth/environment.h"
#include "objclient/auth/refreshing.h"

namespace objclient {

struct AwsSignIn {
  std::vector<PassedOver> passed_over;
  base::Result<std::unique_ptr<Refreshing<Credentials>>> credentials;
};

// Asks the sources in their order; blocks. The one that is chosen now is asked at every renewal.
// `open` makes the transport that they use; it is called only if one of them needs it. `clock` must
// outlive the credentials.
AwsSignIn SignInToAws(const Environment& environment, const std::string& profile,
                      const std::string& region, CredentialHttp::OpenTransport open,
                      base::Clock& clock);

}  // namespace objclient
