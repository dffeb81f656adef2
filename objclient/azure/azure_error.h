// How a refusal of Azure's becomes a base::Error. Pure functions.
#pragma once

#include <string_view>

#include "objclient/rest/refusal.h"

namespace objclient {

// The code is in a header, so that answers without a body have one, too; the message in the XML.
Refusal ReadAzureRefusal(const HttpResponse& response, std::string_view body);
// `what` names verb and blob: "PUT az://account/container/key".
base::Error ToAzureError(const Refusal& refusal, std::string_view what);
// The credentials were fine once: new ones may do (an expired token, a rotated key).
bool MeansStaleAzureCredentials(const Refusal& refusal);

}  // namespace objclient
