#include "objclient/auth/azure_connection_string.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <map>

namespace objclient {

namespace {

constexpr std::string_view kEmulatorAccount = "devstoreaccount1";
constexpr std::string_view kEmulatorKey =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
constexpr std::string_view kEmulatorEndpoint = "http://127.0.0.1:10000/devstoreaccount1";

struct IgnoreCase {
  bool operator()(const std::string& a, const std::string& b) const {
    return strcasecmp(a.c_str(), b.c_str()) < 0;
  }
};
using Settings = std::map<std::string, std::string, IgnoreCase>;

base::Error Invalid(std::string_view why) {
  return {base::ErrorClass::kInvalid, fmt::format("Azure connection string: {}", why)};
}

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

base::Result<Settings> Split(std::string_view text) {
  Settings settings;
  while (!text.empty()) {
    const std::string_view raw = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), raw.size() + 1));
    const std::string_view setting = Trim(raw);
    if (setting.empty()) continue;
    const auto equals = setting.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Invalid("a part between two ';' is no Name=value");
    }
    settings[std::string(setting.substr(0, equals))] = setting.substr(equals + 1);
  }
  return settings;
}

std::string Take(const Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

}  // namespace

base::Result<AzureConnectionString> AzureConnectionString::Parse(std::string_view text) {
  TRY_ASSIGN(const Settings settings, Split(text));
  AzureConnectionString parsed;
  if (strcasecmp(Take(settings, "UseDevelopmentStorage").c_str(), "true") == 0) {
    parsed.account = kEmulatorAccount;
    parsed.account_key = base::Secret(std::string(kEmulatorKey));
    parsed.blob_endpoint = kEmulatorEndpoint;
    return parsed;
  }
  parsed.account = Take(settings, "AccountName");
  parsed.account_key = base::Secret(Take(settings, "AccountKey"));
  parsed.sas_token = base::Secret(Take(settings, "SharedAccessSignature"));
  parsed.blob_endpoint = Take(settings, "BlobEndpoint");
  if (parsed.account.empty() && parsed.blob_endpoint.empty()) {
    return Invalid("it has neither AccountName nor BlobEndpoint");
  }
  if (!parsed.account_key.empty() && parsed.account.empty()) {
    return Invalid("it has an AccountKey but no AccountName");
  }
  if (!parsed.blob_endpoint.empty()) return parsed;
  const std::string protocol = Take(settings, "DefaultEndpointsProtocol");
  const std::string suffix = Take(settings, "EndpointSuffix");
  parsed.blob_endpoint = fmt::format("{}://{}.blob.{}", protocol.empty() ? "https" : protocol,
                                     parsed.account, suffix.empty() ? "core.windows.net" : suffix);
  return parsed;
}

}  // namespace objclient
