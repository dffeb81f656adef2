// AwsInstanceSource: the role of the virtual machine, from its metadata service (IMDS, version 2
// only: each conversation begins with a token). See CredentialSource for owner and threads.
#pragma once

#include <string>

#include "objclient/auth/credential_source.h"
#include "objclient/auth/source_context.h"

namespace objclient {

class AwsInstanceSource final : public CredentialSource {
 public:
  explicit AwsInstanceSource(SourceContext context);
  std::string name() const override { return "instance metadata"; }
  // A machine without the service costs one second, once.
  base::Result<Finding<Credentials>> Load() override;

 private:
  std::string Service() const;
  base::Result<CredentialAnswer> Get(const std::string& path, const base::Secret& token);
  base::Result<Finding<Credentials>> Keys(const base::Secret& token);

  const SourceContext context_;
  bool seen_ = false;  // the service has answered before: from now on silence is a failure
};

}  // namespace objclient
