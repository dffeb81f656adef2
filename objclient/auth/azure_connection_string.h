// AzureConnectionString: "AccountName=...;AccountKey=...;EndpointSuffix=...", as the portal gives
// it. A value; it holds secrets.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace objclient {

struct AzureConnectionString {
  std::string account;        // may be empty beside a SAS
  base::Secret account_key;   // one of the two,
  base::Secret sas_token;     // or neither
  std::string blob_endpoint;  // http(s)://host[:port][/account]; from its parts where not given

  // Names are not case-sensitive; those we do not use are passed over. Also knows
  // "UseDevelopmentStorage=true", the emulator with its published key. kInvalid never shows the
  // text.
  static base::Result<AzureConnectionString> Parse(std::string_view text);
};

}  // namespace objclient
