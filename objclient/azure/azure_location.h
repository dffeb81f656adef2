// AzureLocation: where a container answers, from endpoint, account and container name. A value.
//
// The cloud puts the account into the host name. Emulators, and servers that are addressed by
// number, get it as the first part of the path.
#pragma once

#include <string>

#include "base/result.h"
#include "objclient/http/url.h"

namespace objclient {

struct AzureLocation {
  Url endpoint;
  std::string account;
  std::string container;
  bool account_in_path = false;

  // The complete URL of a blob (or, with "", of the container), without a query.
  std::string Address(const std::string& key) const;
  // The same of a path, for requests that only the other endpoint of an account with a hierarchical
  // name space knows ("dfs" in place of "blob"); "" is the root directory. Where the endpoint is
  // not named like that, both are one.
  std::string PathAddress(const std::string& key) const;
  // "az://account/container/key": for messages.
  std::string Name(const std::string& key) const;
};

// `endpoint` empty = the cloud's own for the account; "http(s)://host[:port][/account]" otherwise.
base::Result<AzureLocation> LocateContainer(const std::string& endpoint, const std::string& account,
                                            const std::string& container);

}  // namespace objclient
