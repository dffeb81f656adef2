// AzureToken: a bearer token for Azure's storage, and the document that its services hand out. A
// value; the functions are pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "objclient/auth/credential_http.h"
#include "objclient/auth/credential_source.h"

namespace objclient {

struct AzureToken {
  base::Secret token;
  std::string origin;                      // "az login of the command line": for people
  std::optional<std::int64_t> expires_ns;  // as in Credentials
};

using AzureTokenSource = IdentitySource<AzureToken>;

// What tokens are asked for.
inline constexpr const char* kAzureStorageResource = "https://storage.azure.com/";

// The token in `document`; its origin stays empty. `server_date` as for EndOnClock. The messages
// hold no part of the document.
base::Result<AzureToken> ParseTokenDocument(const base::Secret& document,
                                            std::string_view server_date, base::Clock& clock);

// The token in an answer of `service`, or what its refusal says.
base::Result<AzureToken> TokenOf(const std::string& service, const CredentialAnswer& answer,
                                 base::Clock& clock);

}  // namespace objclient
