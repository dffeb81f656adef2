// AzureManagedIdentitySource: the identity that Azure gave to this machine, from whichever service
// its kind has: App Service and Functions, Arc, or the metadata service of virtual machines.
// See IdentitySource for owner and threads.
#pragma once

#include <string>

#include "objclient/auth/azure_token.h"
#include "objclient/auth/source_context.h"

namespace objclient {

class AzureManagedIdentitySource final : public AzureTokenSource {
 public:
  // Arc's proof of being on the machine is a file that only its owner can read; it lies in this
  // folder and nowhere else, whatever an answer says.
  static constexpr const char* kArcKeyFolder = "/var/opt/azcmagent/tokens";

  explicit AzureManagedIdentitySource(SourceContext context,
                                      std::string arc_folder = kArcKeyFolder);
  std::string name() const override { return "managed identity"; }
  // A machine without the service costs one second, once.
  base::Result<Finding<AzureToken>> Load() override;

 private:
  base::Result<AzureToken> FromAppService(const std::string& endpoint, const std::string& header);
  base::Result<AzureToken> FromArc(const std::string& endpoint);
  base::Result<base::Secret> ArcKey(const std::string& challenge) const;
  base::Result<Finding<AzureToken>> FromMetadata();
  // Which of several identities, as the query's end; resource ids have a name for each service.
  std::string Identity(const char* resource_id) const;

  const SourceContext context_;
  const std::string arc_folder_;
  bool seen_ = false;  // the metadata service has answered before: now silence is a failure
};

}  // namespace objclient
