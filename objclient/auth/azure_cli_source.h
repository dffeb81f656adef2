// AzureCliSource: who is signed in with `az login`, through Azure's command line.
// See IdentitySource for owner and threads.
#pragma once

#include <string>

#include "objclient/auth/azure_token.h"
#include "objclient/auth/source_context.h"

namespace objclient {

class AzureCliSource final : public AzureTokenSource {
 public:
  explicit AzureCliSource(SourceContext context);
  std::string name() const override { return "az login"; }
  base::Result<Finding<AzureToken>> Load() override;

 private:
  // The program in PATH; empty when there is none.
  std::string Program() const;

  const SourceContext context_;
};

}  // namespace objclient
