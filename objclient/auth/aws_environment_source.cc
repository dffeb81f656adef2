#include "objclient/auth/aws_environment_source.h"

namespace objclient {

AwsEnvironmentSource::AwsEnvironmentSource(Environment environment)
    : environment_(std::move(environment)) {}

base::Result<Finding<Credentials>> AwsEnvironmentSource::Load() {
  const auto id = environment_("AWS_ACCESS_KEY_ID");
  if (!id) return Finding<Credentials>(NothingHere{"AWS_ACCESS_KEY_ID is not set"});
  const auto secret = environment_("AWS_SECRET_ACCESS_KEY");
  if (!secret) {
    return base::Error(base::ErrorClass::kInvalid,
                       "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
  }
  Credentials keys;
  keys.access_key_id = *id;
  keys.secret_access_key = base::Secret(*secret);
  keys.session_token = base::Secret(environment_("AWS_SESSION_TOKEN").value_or(""));
  keys.origin = "AWS_ACCESS_KEY_ID of the environment";
  return Finding<Credentials>(std::move(keys));
}

}  // namespace objclient
