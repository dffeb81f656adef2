// AzureTokenCredentials: signs requests to Azure Blob with a bearer token that is renewed before it
// ends. See AzureCredentials for owner and threads.
#pragma once

#include <string>

#include "objclient/auth/azure_credentials.h"
#include "objclient/auth/azure_token.h"
#include "objclient/auth/refreshing.h"

namespace objclient {

class AzureTokenCredentials final : public AzureCredentials {
 public:
  // `clock` must outlive it.
  AzureTokenCredentials(AzureToken first, Refreshing<AzureToken>::Load load, base::Clock& clock);

  // Blocks only while there is no valid token. kInvalid where the token would travel in the open.
  base::Result<std::uint64_t> Sign(HttpRequest& request, std::int64_t epoch_seconds) override;
  base::Status AddCopySource(HttpRequest& request, const AzureCopySource& source,
                             std::int64_t epoch_seconds) override;
  bool Rejected(std::uint64_t secret) override;
  const std::string& origin() const override { return origin_; }

 private:
  const std::string origin_;
  Refreshing<AzureToken> tokens_;
};

}  // namespace objclient
