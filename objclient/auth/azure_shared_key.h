// The two things an Azure account key signs: requests (SharedKey) and shared access signatures for
// one blob. Pure functions; any thread. `key` is the decoded key everywhere.
#pragma once

#include <cstdint>
#include <string>

#include "objclient/auth/azure_credentials.h"

namespace objclient {

// What is signed of a request; here for tests and for messages.
std::string SharedKeyStringToSign(const HttpRequest& request, const std::string& account);
// The value of the Authorization header.
std::string SharedKeyAuthorization(const HttpRequest& request, const std::string& account,
                                   const std::string& key);

// A query that lets its bearer read `source` until `expiry_seconds`, and nothing else.
std::string ReadOnlySas(const AzureCopySource& source, const std::string& account,
                        const std::string& key, std::int64_t expiry_seconds);

}  // namespace objclient
