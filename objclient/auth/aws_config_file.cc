#include "objclient/auth/aws_config_file.h"

namespace objclient {

namespace {

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// "[profile build]" -> "build"; nothing for what is no section, "" for a section of another kind.
std::optional<std::string> SectionName(std::string_view line) {
  const auto close = line.find(']');
  if (line.front() != '[' || close == std::string_view::npos) return std::nullopt;
  const std::string_view name = Trim(line.substr(1, close - 1));
  const auto blank = name.find_first_of(" \t");
  if (blank == std::string_view::npos) return std::string(name);
  if (name.substr(0, blank) != "profile") return std::string();
  return std::string(Trim(name.substr(blank)));
}

}  // namespace

AwsConfigFile AwsConfigFile::Parse(std::string_view text) {
  AwsConfigFile file;
  std::map<std::string, base::Secret>* profile = nullptr;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::string_view line = Trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (const auto section = SectionName(line)) {
      profile = section->empty() ? nullptr : &file.profiles_[*section];
      continue;
    }
    const bool nested = raw.front() == ' ' || raw.front() == '\t';
    const auto equals = line.find('=');
    if (profile == nullptr || nested || equals == std::string_view::npos) continue;
    (*profile)[std::string(Trim(line.substr(0, equals)))] =
        base::Secret(std::string(Trim(line.substr(equals + 1))));
  }
  return file;
}

bool AwsConfigFile::HasProfile(const std::string& profile) const {
  return profiles_.contains(profile);
}

base::Secret AwsConfigFile::GetSecret(const std::string& profile,
                                      const std::string& setting) const {
  const auto found = profiles_.find(profile);
  if (found == profiles_.end()) return {};
  const auto value = found->second.find(setting);
  return value == found->second.end() ? base::Secret() : value->second;
}

std::optional<std::string> AwsConfigFile::Get(const std::string& profile,
                                              const std::string& setting) const {
  const base::Secret value = GetSecret(profile, setting);
  if (value.empty()) return std::nullopt;
  return value.reveal();
}

}  // namespace objclient
