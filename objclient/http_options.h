// HttpOptions: how the options of a store, and the environment where they say nothing, have it
// reach its servers. Pure but for a look at the file of authorities.
#pragma once

#include "objclient/auth/environment.h"
#include "objclient/http/curl_transport.h"
#include "objclient/open_store.h"

namespace objclient {

// kInvalid for a proxy that is none.
base::Result<CurlTransport::Options> HttpOptions(const StoreOptions& options,
                                                 const Environment& environment);

}  // namespace objclient
