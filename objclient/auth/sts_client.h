// StsClient: AWS's Security Token Service, which hands out temporary keys for a role (and so do
// Ceph's and MinIO's). Owned by a source of credentials; one thread at a time.
#pragma once

#include <cstdint>
#include <string>

#include "objclient/auth/credentials.h"
#include "objclient/auth/form_body.h"
#include "objclient/auth/source_context.h"

namespace objclient {

struct RoleRequest {
  std::string role_arn;
  std::string session_name = "cairnfs";  // shows in the cloud's audit log
  std::string external_id;               // empty = none
  std::string duration_seconds;          // empty = the service's own
};

class StsClient {
 public:
  // Talks to AWS_ENDPOINT_URL_STS, else AWS_ENDPOINT_URL, else the cloud's service in `region`.
  StsClient(SourceContext context, std::string region);

  // Both answer with an origin that is empty.
  base::Result<Credentials> AssumeRole(const RoleRequest& role, const Credentials& as);
  base::Result<Credentials> AssumeRoleWithWebIdentity(const RoleRequest& role,
                                                      const base::Secret& token);

 private:
  base::Result<Credentials> Send(const FormFields& form, const Credentials* signer);
  base::Result<CredentialAnswer> Post(const base::Secret& body, const Credentials* signer);

  const SourceContext context_;
  const std::string region_;
  std::int64_t skew_seconds_ = 0;  // the service's clock minus ours
};

}  // namespace objclient
