// AwsProfiles: what ~/.aws/credentials and ~/.aws/config say together (other places with
// AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE). A value that holds secrets: read, asked and
// dropped. Any thread.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "base/result.h"
#include "objclient/auth/aws_config_file.h"
#include "objclient/auth/credentials.h"
#include "objclient/auth/environment.h"

namespace objclient {

class AwsProfiles {
 public:
  // A file that is not there is one without profiles.
  static base::Result<AwsProfiles> Read(const Environment& environment);

  bool Has(const std::string& profile) const;
  // The credentials file comes first.
  std::optional<std::string> Get(const std::string& profile, const std::string& setting) const;
  // The long-term or temporary keys that stand in one of the files; nothing when there are none,
  // kInvalid for half a pair.
  base::Result<std::optional<Credentials>> Keys(const std::string& profile) const;
  // "~/.aws/credentials or ~/.aws/config": for messages.
  std::string Places() const;

 private:
  struct File {
    std::string shown;  // its path as people write it
    AwsConfigFile content;
  };
  std::array<File, 2> files_;  // credentials, config
};

// `asked`, else AWS_PROFILE, else "default".
std::string ProfileName(const Environment& environment, const std::string& asked);

// `asked`, else AWS_REGION, AWS_DEFAULT_REGION, the profile's, else "us-east-1".
std::string FindRegion(const Environment& environment, const std::string& profile,
                       const std::string& asked);

}  // namespace objclient
