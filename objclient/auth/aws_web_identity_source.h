// AwsWebIdentitySource: a role for the bearer of a token that somebody else keeps fresh in a file
// (Kubernetes does for its service accounts). See CredentialSource for owner and threads.
#pragma once

#include <string>

#include "objclient/auth/credential_source.h"
#include "objclient/auth/sts_client.h"

namespace objclient {

class AwsWebIdentitySource final : public CredentialSource {
 public:
  // `role` and `token_file` both empty = those of AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME and
  // AWS_WEB_IDENTITY_TOKEN_FILE.
  AwsWebIdentitySource(SourceContext context, std::string region, RoleRequest role,
                       std::string token_file);
  std::string name() const override { return "web identity"; }
  base::Result<Finding<Credentials>> Load() override;

 private:
  const std::string token_file_;
  const RoleRequest role_;
  StsClient service_;
};

}  // namespace objclient
