// AzureApplicationSource: an application (service principal) that shows Entra ID who it is, with a
// secret or with a token that Kubernetes or another provider keeps fresh in a file (workload
// identity). See IdentitySource for owner and threads.
#pragma once

#include <string>

#include "objclient/auth/azure_token.h"
#include "objclient/auth/form_body.h"
#include "objclient/auth/source_context.h"

namespace objclient {

class AzureApplicationSource final : public AzureTokenSource {
 public:
  enum class Proof : std::uint8_t { kSecret, kFederatedToken };
  AzureApplicationSource(SourceContext context, Proof proof);
  std::string name() const override;
  base::Result<Finding<AzureToken>> Load() override;

 private:
  // The secret's fields of the form; empty when it is not set up.
  base::Result<FormFields> ProofFields() const;

  const SourceContext context_;
  const Proof proof_;
};

}  // namespace objclient
