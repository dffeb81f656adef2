#include "objclient/auth/aws_profiles.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fd.h"

namespace objclient {

namespace {

// Path of ~/.aws/<name> or where `variable` says; empty without a home directory.
std::string PathOf(const Environment& environment, const std::string& variable,
                   const std::string& name) {
  if (auto path = environment(variable)) return *path;
  const auto home = environment("HOME");
  return home ? *home + "/.aws/" + name : std::string();
}

std::string Shown(const Environment& environment, const std::string& path) {
  const std::string home = environment("HOME").value_or("") + "/";
  return home != "/" && path.starts_with(home) ? "~/" + path.substr(home.size()) : path;
}

base::Result<AwsConfigFile> ReadFile(const std::string& path) {
  if (path.empty()) return AwsConfigFile();
  auto text = base::ReadSmallFile(path);
  if (!text.ok()) {
    if (text.error().error_class() == base::ErrorClass::kNotFound) return AwsConfigFile();
    return text.error();
  }
  const base::Secret content(std::move(*text));
  return AwsConfigFile::Parse(content.reveal());
}

}  // namespace

base::Result<AwsProfiles> AwsProfiles::Read(const Environment& environment) {
  AwsProfiles profiles;
  const std::array paths = {PathOf(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
                            PathOf(environment, "AWS_CONFIG_FILE", "config")};
  for (std::size_t i = 0; i < paths.size(); ++i) {
    TRY_ASSIGN(profiles.files_[i].content, ReadFile(paths[i]));
    profiles.files_[i].shown = Shown(environment, paths[i]);
  }
  return profiles;
}

bool AwsProfiles::Has(const std::string& profile) const {
  return std::any_of(files_.begin(), files_.end(),
                     [&](const File& file) { return file.content.HasProfile(profile); });
}

std::optional<std::string> AwsProfiles::Get(const std::string& profile,
                                            const std::string& setting) const {
  for (const File& file : files_) {
    if (auto value = file.content.Get(profile, setting)) return value;
  }
  return std::nullopt;
}

base::Result<std::optional<Credentials>> AwsProfiles::Keys(const std::string& profile) const {
  for (const File& file : files_) {
    const auto id = file.content.Get(profile, "aws_access_key_id");
    if (!id) continue;
    Credentials keys;
    keys.access_key_id = *id;
    keys.secret_access_key = file.content.GetSecret(profile, "aws_secret_access_key");
    keys.session_token = file.content.GetSecret(profile, "aws_session_token");
    keys.origin = fmt::format("profile '{}' from {}", profile, file.shown);
    if (keys.secret_access_key.empty()) {
      return base::Error(
          base::ErrorClass::kInvalid,
          fmt::format("{} has an access key but no aws_secret_access_key", keys.origin));
    }
    return std::optional(std::move(keys));
  }
  return std::optional<Credentials>();
}

std::string AwsProfiles::Places() const {
  std::string places;
  for (const File& file : files_) {
    if (!file.shown.empty()) places += (places.empty() ? "" : " or ") + file.shown;
  }
  return places.empty() ? "any file (HOME is not set)" : places;
}

std::string ProfileName(const Environment& environment, const std::string& asked) {
  if (!asked.empty()) return asked;
  return environment("AWS_PROFILE").value_or("default");
}

std::string FindRegion(const Environment& environment, const std::string& profile,
                       const std::string& asked) {
  if (!asked.empty()) return asked;
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = environment(variable)) return *region;
  }
  // A file that cannot be read is reported by the source of credentials, which needs it more.
  const auto profiles = AwsProfiles::Read(environment);
  if (profiles.ok()) {
    if (auto region = profiles->Get(ProfileName(environment, profile), "region")) return *region;
  }
  return "us-east-1";
}

}  // namespace objclient
