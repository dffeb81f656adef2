// AwsContainerSource: the role of the container, from the address that ECS, EKS or another host
// put into its environment. See CredentialSource for owner and threads.
#pragma once

#include <string>

#include "objclient/auth/credential_source.h"
#include "objclient/auth/source_context.h"

namespace objclient {

class AwsContainerSource final : public CredentialSource {
 public:
  explicit AwsContainerSource(SourceContext context);
  std::string name() const override { return "container"; }
  base::Result<Finding<Credentials>> Load() override;

 private:
  // Empty when there is none.
  base::Result<std::string> Address() const;
  base::Result<base::Secret> Token() const;

  const SourceContext context_;
};

}  // namespace objclient
