// AzureCredentials: who we are to Azure Blob, as something that signs requests. The kinds that need
// nobody else are here: account key, shared access signature, anonymous.
//
// Owned by the store's session; any thread, several at a time, but not those of the HTTP transport:
// a kind whose token ran out may block for a new one. Implementations renew ahead of time, so that
// it normally does not. What they sign and answer never shows the secret in a message.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "objclient/auth/environment.h"
#include "objclient/http/http_message.h"

namespace objclient {

// A blob that the service is to read for us, as the source of a copy.
struct AzureCopySource {
  std::string url;  // complete, percent-encoded, without a query
  std::string container;
  std::string blob;  // not encoded
};

class AzureCredentials {
 public:
  virtual ~AzureCredentials() = default;

  // Authorises `request`, which is complete otherwise (URL, body, x-ms-date and x-ms-version): adds
  // a header or a part of the query. The answer names the secret that was used, for Rejected.
  virtual base::Result<std::uint64_t> Sign(HttpRequest& request, std::int64_t epoch_seconds) = 0;
  // Adds x-ms-copy-source and what allows the service to read from there. Comes before Sign.
  virtual base::Status AddCopySource(HttpRequest& request, const AzureCopySource& source,
                                     std::int64_t epoch_seconds) = 0;
  // Adds x-ms-rename-source and what allows the service to take `path` (container and name,
  // encoded) from there. Comes before Sign.
  virtual void AddRenameSource(HttpRequest& request, const std::string& path);
  // The service refused (401, 403) what was signed with the secret of that name. True when the next
  // Sign uses, or looks for, another one, so that trying once more makes sense.
  virtual bool Rejected(std::uint64_t secret) = 0;
  // "the account key of AZURE_STORAGE_KEY": for messages and `info`.
  virtual const std::string& origin() const = 0;
  virtual bool anonymous() const { return false; }
};

// `key` as the portal shows it, in base64.
base::Result<std::unique_ptr<AzureCredentials>> AccountKeyCredentials(const std::string& account,
                                                                      const base::Secret& key,
                                                                      std::string origin);
// `token`: the query of a URL, "sv=...&sig=...", with or without its '?'.
base::Result<std::unique_ptr<AzureCredentials>> SasCredentials(const base::Secret& token,
                                                               std::string origin);
std::unique_ptr<AzureCredentials> AnonymousAzureCredentials();

// The first of these that the environment offers for `account`: AZURE_STORAGE_CONNECTION_STRING,
// AZURE_STORAGE_KEY (or _ACCESS_KEY), AZURE_STORAGE_SAS_TOKEN. Null when it offers none. Secrets
// that are there but belong to another account, or cannot be read, are kInvalid.
base::Result<std::unique_ptr<AzureCredentials>> AzureSecretsOf(const Environment& environment,
                                                               const std::string& account);

}  // namespace objclient
