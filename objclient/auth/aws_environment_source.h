// AwsEnvironmentSource: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
// See CredentialSource for owner and threads.
#pragma once

#include <string>

#include "objclient/auth/credential_source.h"
#include "objclient/auth/environment.h"

namespace objclient {

class AwsEnvironmentSource final : public CredentialSource {
 public:
  explicit AwsEnvironmentSource(Environment environment);
  std::string name() const override { return "environment"; }
  base::Result<Finding<Credentials>> Load() override;

 private:
  const Environment environment_;
};

}  // namespace objclient
