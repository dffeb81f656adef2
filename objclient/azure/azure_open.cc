// OpenAzureStore, apart from the verbs: where options and environment become a session.
#include "base/log.h"
#include "objclient/auth/azure_connection_string.h"
#include "objclient/auth/azure_sign_in.h"
#include "objclient/auth/credential_transport.h"
#include "objclient/azure/azure_store.h"
#include "objclient/http_options.h"

namespace objclient {

std::string FindAzureEndpoint(const BucketUrl& url, const StoreOptions& options,
                              const Environment& environment) {
  if (!options.endpoint.empty()) return options.endpoint;
  if (auto endpoint = environment("AZURE_STORAGE_BLOB_ENDPOINT")) return *endpoint;
  const auto text = environment("AZURE_STORAGE_CONNECTION_STRING");
  if (!text) return {};
  // One that cannot be read is reported by those who need its secrets.
  const auto parsed = AzureConnectionString::Parse(*text);
  const bool own =
      !parsed.ok() || parsed->blob_endpoint == "https://" + url.account + ".blob.core.windows.net";
  return own ? std::string() : parsed->blob_endpoint;
}

base::Result<std::unique_ptr<AzureSession>> OpenAzureSession(const BucketUrl& url,
                                                             const StoreOptions& options,
                                                             const Environment& environment,
                                                             base::Clock& clock,
                                                             base::Metrics& metrics) {
  TRY_ASSIGN(AzureLocation location, LocateContainer(FindAzureEndpoint(url, options, environment),
                                                     url.account, url.bucket));
  LOG_DEBUG("azure account={} container={} endpoint={}", location.account, location.container,
            location.endpoint.ToString());
  TRY_ASSIGN(const CurlTransport::Options http, HttpOptions(options, environment));
  AzureSignIn sign_in =
      SignInToAzure(environment, url.account, CredentialTransport(http, metrics), clock);
  for (const PassedOver& source : sign_in.passed_over) {
    LOG_DEBUG("credentials: not from {}: {}", source.source, source.why);
  }
  TRY_ASSIGN(auto credentials, std::move(sign_in.credentials));
  TRY_ASSIGN(auto transport, CurlTransport::Open(http, metrics));
  return std::make_unique<AzureSession>(std::move(transport), std::move(location),
                                        std::move(credentials), clock);
}

base::Result<std::unique_ptr<ObjectStore>> OpenAzureStore(const BucketUrl& url,
                                                          const StoreOptions& options,
                                                          const Environment& environment,
                                                          base::Clock& clock,
                                                          base::Metrics& metrics) {
  TRY_ASSIGN(auto session, OpenAzureSession(url, options, environment, clock, metrics));
  LOG_INFO("credentials: {}", session->credentials_origin());
  return std::unique_ptr<ObjectStore>(
      std::make_unique<AzureStore>(std::move(session), url.prefix, clock, options.memory));
}

}  // namespace objclient
