// AzureServer: the real server that the environment names, for the tests of this room.
#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/digest/digest.h"
#include "objclient/azure/azure_session.h"
#include "objclient/open_store.h"

namespace objclient {

inline constexpr char kNoAzureServer[] = "no server: eval \"$(tests/support/stores/azure up)\"";

struct AzureServer {
  BucketUrl url;  // with a prefix of the test's own
  std::string endpoint;
  std::string key;
};

// Nothing where there is none. The prefix begins with `purpose`.
inline std::optional<AzureServer> FindAzureServer(const std::string& purpose) {
  const char* const url = std::getenv("CAIRNFS_TEST_AZURE_URL");
  const char* const endpoint = std::getenv("CAIRNFS_TEST_AZURE_ENDPOINT");
  const char* const key = std::getenv("AZURE_STORAGE_KEY");
  if (url == nullptr || endpoint == nullptr || key == nullptr) return std::nullopt;
  AzureServer server{ParseBucketUrl(url).value(), endpoint, key};
  server.url.prefix += purpose + base::RandomHex(6) + "/";
  return server;
}

inline std::unique_ptr<AzureSession> SessionOn(const AzureServer& server,
                                               std::unique_ptr<HttpTransport> transport) {
  return std::make_unique<AzureSession>(
      std::move(transport),
      LocateContainer(server.endpoint, server.url.account, server.url.bucket).value(),
      AccountKeyCredentials(server.url.account, base::Secret(server.key), "a test").value(),
      base::SystemClock());
}

}  // namespace objclient
