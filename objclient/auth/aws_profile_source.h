// AwsProfileSource: what a profile of ~/.aws says: keys that stand there, or where to get some
// (role_arn with source_profile, credential_source or web_identity_token_file; credential_process).
// The files are read at every renewal. See CredentialSource for owner and threads.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "objclient/auth/aws_profiles.h"
#include "objclient/auth/credential_source.h"
#include "objclient/auth/source_context.h"
#include "objclient/auth/sts_client.h"

namespace objclient {

class AwsProfileSource final : public CredentialSource {
 public:
  // `asked` empty = AWS_PROFILE, else "default". A profile that was asked for must exist.
  AwsProfileSource(SourceContext context, std::string asked, std::string region);
  std::string name() const override { return "profile '" + profile_ + "'"; }
  base::Result<Finding<Credentials>> Load() override;

 private:
  // The source that a profile describes; nullptr when it describes none.
  using Source = std::unique_ptr<CredentialSource>;
  base::Result<Source> SourceOf(const AwsProfiles& profiles, const std::string& profile,
                                std::size_t depth) const;
  base::Result<Source> RoleOf(const AwsProfiles& profiles, const std::string& profile,
                              const RoleRequest& role, std::size_t depth) const;
  base::Result<Source> NamedSource(const std::string& name) const;

  const SourceContext context_;
  const bool asked_for_;
  const std::string profile_;
  const std::string region_;
};

}  // namespace objclient
