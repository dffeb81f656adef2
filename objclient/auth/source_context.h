// SourceContext: what the sources of credentials look at and through; what it points to outlives
// them. A value.
#pragma once

#include "base/clock.h"
#include "objclient/auth/credential_http.h"
#include "objclient/auth/environment.h"

namespace objclient {

struct SourceContext {
  Environment environment;
  CredentialHttp& http;
  base::Clock& clock;
};

}  // namespace objclient
