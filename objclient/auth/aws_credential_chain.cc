#include "objclient/auth/aws_credential_chain.h"

#include "objclient/auth/aws_container_source.h"
#include "objclient/auth/aws_environment_source.h"
#include "objclient/auth/aws_instance_source.h"
#include "objclient/auth/aws_profile_source.h"
#include "objclient/auth/aws_web_identity_source.h"

namespace objclient {

namespace {

class AnonymousSource final : public CredentialSource {
 public:
  std::string name() const override { return "anonymous"; }
  base::Result<Finding<Credentials>> Load() override {
    Credentials nobody;
    nobody.origin = "none, requests are anonymous";
    return Finding<Credentials>(std::move(nobody));
  }
};

}  // namespace

std::vector<std::unique_ptr<CredentialSource>> AwsCredentialChain(const SourceContext& context,
                                                                  const std::string& profile,
                                                                  const std::string& region) {
  std::vector<std::unique_ptr<CredentialSource>> chain;
  if (profile.empty() && IsSwitchedOn(context.environment, "AWS_NO_SIGN_REQUEST")) {
    chain.push_back(std::make_unique<AnonymousSource>());
    return chain;
  }
  if (profile.empty()) {
    chain.push_back(std::make_unique<AwsEnvironmentSource>(context.environment));
    chain.push_back(std::make_unique<AwsWebIdentitySource>(context, region, RoleRequest(), ""));
  }
  chain.push_back(std::make_unique<AwsProfileSource>(context, profile, region));
  chain.push_back(std::make_unique<AwsContainerSource>(context));
  chain.push_back(std::make_unique<AwsInstanceSource>(context));
  chain.push_back(std::make_unique<AnonymousSource>());
  return chain;
}

}  // namespace objclient
