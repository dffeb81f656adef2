#include "objclient/auth/aws_web_identity_source.h"

#include <fmt/format.h>

#include "objclient/auth/token_file.h"

namespace objclient {

namespace {

RoleRequest RoleOf(const Environment& environment, RoleRequest given) {
  if (!given.role_arn.empty()) return given;
  given.role_arn = environment("AWS_ROLE_ARN").value_or("");
  if (const auto session = environment("AWS_ROLE_SESSION_NAME")) given.session_name = *session;
  return given;
}

std::string FileOf(const Environment& environment, std::string given) {
  if (!given.empty()) return given;
  return environment("AWS_WEB_IDENTITY_TOKEN_FILE").value_or("");
}

}  // namespace

AwsWebIdentitySource::AwsWebIdentitySource(SourceContext context, std::string region,
                                           RoleRequest role, std::string token_file)
    : token_file_(FileOf(context.environment, std::move(token_file))),
      role_(RoleOf(context.environment, std::move(role))),
      service_(std::move(context), std::move(region)) {}

base::Result<Finding<Credentials>> AwsWebIdentitySource::Load() {
  if (token_file_.empty()) {
    return Finding<Credentials>(NothingHere{"AWS_WEB_IDENTITY_TOKEN_FILE is not set"});
  }
  if (role_.role_arn.empty()) {
    return base::Error(base::ErrorClass::kInvalid,
                       "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not");
  }
  TRY_ASSIGN(const base::Secret token, ReadTokenFile(token_file_));
  TRY_ASSIGN(Credentials keys, service_.AssumeRoleWithWebIdentity(role_, token));
  keys.origin = fmt::format("role {} for the token in {}", role_.role_arn, token_file_);
  return Finding<Credentials>(std::move(keys));
}

}  // namespace objclient
