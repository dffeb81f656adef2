#include "objclient/auth/aws_role_source.h"

#include <fmt/format.h>

namespace objclient {

AwsRoleSource::AwsRoleSource(SourceContext context, std::string region, RoleRequest role,
                             std::unique_ptr<CredentialSource> base)
    : role_(std::move(role)),
      base_(std::move(base)),
      service_(std::move(context), std::move(region)) {}

base::Result<Finding<Credentials>> AwsRoleSource::Load() {
  TRY_ASSIGN(const Finding<Credentials> found, base_->Load());
  const auto* as = std::get_if<Credentials>(&found);
  if (as == nullptr) {
    return base::Error(base::ErrorClass::kInvalid,
                       fmt::format("nobody is there to take role {} on: {}", role_.role_arn,
                                   std::get<NothingHere>(found).why));
  }
  TRY_ASSIGN(Credentials keys, service_.AssumeRole(role_, *as));
  keys.origin = fmt::format("role {} with {}", role_.role_arn, as->origin);
  return Finding<Credentials>(std::move(keys));
}

}  // namespace objclient
