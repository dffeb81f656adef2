#include "objclient/auth/credentials.h"

#include <fmt/format.h>

#include "base/fd.h"
#include "objclient/auth/aws_config_file.h"

namespace objclient {

namespace {

constexpr std::int64_t kReloadIntervalNs = 10'000'000'000;

std::string ProfileName(const Environment& environment, const std::string& asked) {
  if (!asked.empty()) return asked;
  return environment("AWS_PROFILE").value_or("default");
}

// Path of ~/.aws/<name> or where `variable` says; empty without a home directory.
std::string ConfigPath(const Environment& environment, const std::string& variable,
                       const std::string& name) {
  if (auto path = environment(variable)) return *path;
  const auto home = environment("HOME");
  return home ? *home + "/.aws/" + name : std::string();
}

// A file that is not there is one without profiles.
base::Result<AwsConfigFile> ReadConfig(const std::string& path) {
  if (path.empty()) return AwsConfigFile();
  auto text = base::ReadSmallFile(path);
  if (text.ok()) return AwsConfigFile::Parse(*text);
  if (text.error().error_class() == base::ErrorClass::kNotFound) return AwsConfigFile();
  return text.error().Annotate("credentials");
}

base::Error HalfPair(const std::string& where, const std::string& missing) {
  return base::Error(base::ErrorClass::kInvalid,
                     fmt::format("{} has an access key but no {}", where, missing));
}

std::optional<Credentials> FromProfile(const AwsConfigFile& file, const std::string& profile,
                                       const std::string& path) {
  auto id = file.Get(profile, "aws_access_key_id");
  if (!id) return std::nullopt;
  Credentials found;
  found.access_key_id = *id;
  found.secret_access_key = base::Secret(file.Get(profile, "aws_secret_access_key").value_or(""));
  found.session_token = base::Secret(file.Get(profile, "aws_session_token").value_or(""));
  found.origin = fmt::format("profile '{}' in {}", profile, path);
  return found;
}

}  // namespace

base::Result<Credentials> LoadCredentials(const Environment& environment,
                                          const std::string& profile) {
  // A profile named by the caller wins over variables, as in the cloud's own tools.
  const auto id = environment("AWS_ACCESS_KEY_ID");
  if (id && profile.empty()) {
    const auto secret = environment("AWS_SECRET_ACCESS_KEY");
    if (!secret) return HalfPair("the environment", "AWS_SECRET_ACCESS_KEY");
    return Credentials{*id, base::Secret(*secret),
                       base::Secret(environment("AWS_SESSION_TOKEN").value_or("")),
                       "the environment"};
  }
  const std::string name = ProfileName(environment, profile);
  bool profile_exists = false;
  for (const auto& [variable, file_name] : {std::pair{"AWS_SHARED_CREDENTIALS_FILE", "credentials"},
                                            std::pair{"AWS_CONFIG_FILE", "config"}}) {
    const std::string path = ConfigPath(environment, variable, file_name);
    TRY_ASSIGN(const AwsConfigFile file, ReadConfig(path));
    profile_exists = profile_exists || file.HasProfile(name);
    if (auto found = FromProfile(file, name, path)) {
      if (found->secret_access_key.empty()) {
        return HalfPair(found->origin, "aws_secret_access_key");
      }
      return *found;
    }
  }
  const bool asked_for = !profile.empty() || environment("AWS_PROFILE").has_value();
  if (asked_for && !profile_exists) {
    return base::Error(base::ErrorClass::kInvalid,
                       fmt::format("profile '{}' is neither in ~/.aws/credentials nor in "
                                   "~/.aws/config",
                                   name));
  }
  return Credentials{"", {}, {}, "nowhere (anonymous)"};
}

CredentialProvider::CredentialProvider(Environment environment, std::string profile,
                                       base::Clock& clock)
    : environment_(std::move(environment)), profile_(std::move(profile)), clock_(clock) {}

base::Result<Credentials> CredentialProvider::Get() {
  {
    base::MutexLock lock(mutex_);
    if (current_) return *current_;
  }
  // Two threads may both look; either answer is good.
  TRY_ASSIGN(Credentials loaded, LoadCredentials(environment_, profile_));
  base::MutexLock lock(mutex_);
  loaded_ns_ = clock_.MonotonicNs();
  current_ = std::move(loaded);
  return *current_;
}

bool CredentialProvider::Rejected(const Credentials& credentials) {
  base::MutexLock lock(mutex_);
  if (!current_) return true;
  // Somebody has loaded other ones since that request was signed.
  if (current_->access_key_id != credentials.access_key_id ||
      current_->session_token.reveal() != credentials.session_token.reveal()) {
    return true;
  }
  if (clock_.MonotonicNs() - loaded_ns_ < kReloadIntervalNs) return false;
  current_.reset();
  return true;
}

}  // namespace objclient
