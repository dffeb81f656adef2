#include "objclient/azure/azure_location.h"

#include <fmt/format.h>

namespace objclient {

std::string AzureLocation::Address(const std::string& key) const {
  std::string address = endpoint.ToString();
  if (account_in_path) address += "/" + account;
  address += "/" + container;
  if (!key.empty()) address += "/" + PercentEncode(key, true);
  return address;
}

std::string AzureLocation::PathAddress(const std::string& key) const {
  constexpr std::string_view kBlob = ".blob.";
  AzureLocation other = *this;
  std::string& host = other.endpoint.host;
  if (const auto at = host.find(kBlob); at != std::string::npos) {
    host.replace(at, kBlob.size(), ".dfs.");
  }
  return key.empty() ? other.Address("") + "/" : other.Address(key);
}

std::string AzureLocation::Name(const std::string& key) const {
  return fmt::format("az://{}/{}/{}", account, container, key);
}

base::Result<AzureLocation> LocateContainer(const std::string& endpoint, const std::string& account,
                                            const std::string& container) {
  AzureLocation location;
  location.account = account;
  location.container = container;
  if (endpoint.empty()) {
    TRY_ASSIGN(location.endpoint,
               ParseEndpoint(fmt::format("https://{}.blob.core.windows.net", account)));
    return location;
  }
  std::string_view bare = endpoint;
  if (bare.ends_with('/')) bare.remove_suffix(1);
  if (bare.ends_with("/" + account)) {
    location.account_in_path = true;
    bare.remove_suffix(account.size() + 1);
  }
  TRY_ASSIGN(location.endpoint, ParseEndpoint(bare));
  const std::string& host = location.endpoint.host;
  const bool without_domain = host.find('.') == std::string::npos;
  location.account_in_path |= IsIpAddress(host) || IsLoopback(host) || without_domain;
  // account.blob.localhost is how emulators play the cloud.
  if (host.starts_with(account + ".")) location.account_in_path = false;
  return location;
}

}  // namespace objclient
