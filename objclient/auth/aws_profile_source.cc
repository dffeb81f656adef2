#include "objclient/auth/aws_profile_source.h"

#include <fmt/format.h>

#include "objclient/auth/aws_container_source.h"
#include "objclient/auth/aws_environment_source.h"
#include "objclient/auth/aws_instance_source.h"
#include "objclient/auth/aws_program_source.h"
#include "objclient/auth/aws_role_source.h"
#include "objclient/auth/aws_web_identity_source.h"

namespace objclient {

namespace {

constexpr std::size_t kDepthMax = 5;  // roles that lead to roles

base::Error Invalid(const std::string& why) { return {base::ErrorClass::kInvalid, why}; }

// Keys that stand in a file.
class WrittenKeys final : public CredentialSource {
 public:
  explicit WrittenKeys(Credentials keys) : keys_(std::move(keys)) {}
  std::string name() const override { return "profile"; }
  base::Result<Finding<Credentials>> Load() override { return Finding<Credentials>(keys_); }

 private:
  const Credentials keys_;
};

std::optional<RoleRequest> RoleRequestOf(const AwsProfiles& profiles, const std::string& profile) {
  const auto arn = profiles.Get(profile, "role_arn");
  if (!arn) return std::nullopt;
  RoleRequest role;
  role.role_arn = *arn;
  role.session_name = profiles.Get(profile, "role_session_name").value_or(role.session_name);
  role.external_id = profiles.Get(profile, "external_id").value_or("");
  role.duration_seconds = profiles.Get(profile, "duration_seconds").value_or("");
  return role;
}

// What the cloud's own tools could do with a person at the terminal.
base::Status CheckUnattended(const AwsProfiles& profiles, const std::string& profile) {
  if (profiles.Get(profile, "mfa_serial")) {
    return base::Error(base::ErrorClass::kUnsupported,
                       fmt::format("profile '{}' wants a code from a person (mfa_serial); use one "
                                   "with a credential_process that asks for it",
                                   profile));
  }
  return base::Ok();
}

bool UsesSignOn(const AwsProfiles& profiles, const std::string& profile) {
  return profiles.Get(profile, "sso_session") || profiles.Get(profile, "sso_start_url");
}

}  // namespace

AwsProfileSource::AwsProfileSource(SourceContext context, std::string asked, std::string region)
    : context_(std::move(context)),
      asked_for_(!asked.empty() || context_.environment("AWS_PROFILE").has_value()),
      profile_(ProfileName(context_.environment, asked)),
      region_(std::move(region)) {}

base::Result<Finding<Credentials>> AwsProfileSource::Load() {
  TRY_ASSIGN(const AwsProfiles profiles, AwsProfiles::Read(context_.environment));
  if (!profiles.Has(profile_)) {
    const std::string why =
        fmt::format("there is no profile '{}' in {}", profile_, profiles.Places());
    if (asked_for_) return Invalid(why);
    return Finding<Credentials>(NothingHere{why});
  }
  TRY_ASSIGN(const Source source, SourceOf(profiles, profile_, 0));
  if (source == nullptr) {
    return Finding<Credentials>(
        NothingHere{fmt::format("profile '{}' in {} holds no keys", profile_, profiles.Places())});
  }
  return source->Load();
}

base::Result<AwsProfileSource::Source> AwsProfileSource::SourceOf(const AwsProfiles& profiles,
                                                                  const std::string& profile,
                                                                  std::size_t depth) const {
  if (depth > kDepthMax) {
    return Invalid(fmt::format("profile '{}': too many source_profile in a row", profile));
  }
  TRY(CheckUnattended(profiles, profile));
  // A profile that names itself as its source means the keys it holds.
  const bool own_keys = depth > 0 && profiles.Get(profile, "source_profile") == profile;
  const auto role = RoleRequestOf(profiles, profile);
  if (role && !own_keys) return RoleOf(profiles, profile, *role, depth);
  TRY_ASSIGN(auto keys, profiles.Keys(profile));
  if (keys) return Source(std::make_unique<WrittenKeys>(std::move(*keys)));
  if (const auto command = profiles.Get(profile, "credential_process")) {
    return Source(std::make_unique<AwsProgramSource>(context_, *command, profile));
  }
  if (UsesSignOn(profiles, profile)) {
    return base::Error(
        base::ErrorClass::kUnsupported,
        fmt::format("profile '{0}' signs on through a browser (sso); add to it: credential_process "
                    "= aws configure export-credentials --profile {0}",
                    profile));
  }
  return Source();
}

base::Result<AwsProfileSource::Source> AwsProfileSource::RoleOf(const AwsProfiles& profiles,
                                                                const std::string& profile,
                                                                const RoleRequest& role,
                                                                std::size_t depth) const {
  if (const auto file = profiles.Get(profile, "web_identity_token_file")) {
    return Source(std::make_unique<AwsWebIdentitySource>(context_, region_, role, *file));
  }
  Source as;
  if (const auto other = profiles.Get(profile, "source_profile")) {
    if (!profiles.Has(*other)) {
      return Invalid(fmt::format("profile '{}' names source_profile '{}', which is not in {}",
                                 profile, *other, profiles.Places()));
    }
    TRY_ASSIGN(as, SourceOf(profiles, *other, depth + 1));
  } else if (const auto name = profiles.Get(profile, "credential_source")) {
    TRY_ASSIGN(as, NamedSource(*name));
  }
  if (as == nullptr) {
    return Invalid(
        fmt::format("profile '{}' has a role_arn, but source_profile, credential_source "
                    "and web_identity_token_file lead to no keys",
                    profile));
  }
  return Source(std::make_unique<AwsRoleSource>(context_, region_, role, std::move(as)));
}

base::Result<AwsProfileSource::Source> AwsProfileSource::NamedSource(
    const std::string& name) const {
  if (name == "Environment") {
    return Source(std::make_unique<AwsEnvironmentSource>(context_.environment));
  }
  if (name == "EcsContainer") return Source(std::make_unique<AwsContainerSource>(context_));
  if (name == "Ec2InstanceMetadata") return Source(std::make_unique<AwsInstanceSource>(context_));
  return Invalid(
      fmt::format("credential_source '{}' is not known: Environment, EcsContainer or "
                  "Ec2InstanceMetadata",
                  name));
}

}  // namespace objclient
