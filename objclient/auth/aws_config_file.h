// AwsConfigFile: the profiles of ~/.aws/config and ~/.aws/credentials, which are INI files. A
// value; any thread may read it. It holds secrets: it is parsed, asked and dropped.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace objclient {

class AwsConfigFile {
 public:
  // Never fails: lines that are no section, no setting and no comment are passed over, and so are
  // the indented lines of nested settings. Sections "[name]" and "[profile name]" are the same
  // profile.
  static AwsConfigFile Parse(std::string_view text);

  bool HasProfile(const std::string& profile) const;
  // The setting's value; nothing when profile or setting is missing or the value empty.
  std::optional<std::string> Get(const std::string& profile, const std::string& setting) const;
  base::Secret GetSecret(const std::string& profile, const std::string& setting) const;

 private:
  std::map<std::string, std::map<std::string, base::Secret>> profiles_;
};

}  // namespace objclient
