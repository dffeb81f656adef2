// AwsRoleSource: a role that other credentials may take on (STS AssumeRole), as profiles with
// role_arn ask for. See CredentialSource for owner and threads.
#pragma once

#include <memory>
#include <string>

#include "objclient/auth/credential_source.h"
#include "objclient/auth/sts_client.h"

namespace objclient {

class AwsRoleSource final : public CredentialSource {
 public:
  // `base` finds the credentials that take the role on; they are looked for at every renewal.
  AwsRoleSource(SourceContext context, std::string region, RoleRequest role,
                std::unique_ptr<CredentialSource> base);
  std::string name() const override { return "role"; }
  base::Result<Finding<Credentials>> Load() override;

 private:
  const RoleRequest role_;
  const std::unique_ptr<CredentialSource> base_;
  StsClient service_;
};

}  // namespace objclient
