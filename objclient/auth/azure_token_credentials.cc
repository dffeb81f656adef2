#include "objclient/auth/azure_token_credentials.h"

#include "objclient/http/url.h"

namespace objclient {

namespace {

using Handle = Refreshing<AzureToken>::Handle;

// A token's name for Rejected: where it lies.
std::uint64_t NameOf(const Handle& token) { return reinterpret_cast<std::uintptr_t>(token.get()); }

base::Status CheckPrivate(const std::string& url) {
  const auto start = url.find("://");
  const auto path = start == std::string::npos ? start : url.find_first_of("/?", start + 3);
  TRY_ASSIGN(const Url endpoint, ParseEndpoint(url.substr(0, path)));
  if (endpoint.scheme == "https" || IsLoopback(endpoint.host)) return base::Ok();
  return base::Error(base::ErrorClass::kInvalid,
                     "tokens are sent over https only, not to " + endpoint.ToString());
}

}  // namespace

AzureTokenCredentials::AzureTokenCredentials(AzureToken first, Refreshing<AzureToken>::Load load,
                                             base::Clock& clock)
    : origin_(first.origin), tokens_(std::move(first), std::move(load), clock) {}

base::Result<std::uint64_t> AzureTokenCredentials::Sign(HttpRequest& request,
                                                        std::int64_t /*epoch_seconds*/) {
  TRY(CheckPrivate(request.url));
  TRY_ASSIGN(const Handle token, tokens_.Await());
  request.headers.Add("authorization", "Bearer " + token->token.reveal());
  return NameOf(token);
}

base::Status AzureTokenCredentials::AddCopySource(HttpRequest& request,
                                                  const AzureCopySource& source,
                                                  std::int64_t /*epoch_seconds*/) {
  TRY_ASSIGN(const Handle token, tokens_.Await());
  request.headers.Add("x-ms-copy-source", source.url);
  request.headers.Add("x-ms-copy-source-authorization", "Bearer " + token->token.reveal());
  return base::Ok();
}

bool AzureTokenCredentials::Rejected(std::uint64_t secret) {
  const Handle latest = tokens_.Latest();
  return latest == nullptr || NameOf(latest) != secret || tokens_.Rejected(latest);
}

}  // namespace objclient
