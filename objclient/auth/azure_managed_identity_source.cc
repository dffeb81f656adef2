#include "objclient/auth/azure_managed_identity_source.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/fd.h"
#include "objclient/http/url.h"

namespace objclient {

namespace {

constexpr CredentialHttp::Limits kFirstLook{std::chrono::milliseconds(1000), 1};
constexpr CredentialHttp::Limits kLimits{std::chrono::milliseconds(5000), 5};
constexpr std::size_t kArcKeyBytesMax = 4096;

std::string Resource() { return "&resource=" + PercentEncode(kAzureStorageResource, false); }

HttpRequest Get(std::string url) {
  HttpRequest request;
  request.method = "GET";
  request.url = std::move(url);
  return request;
}

base::Error Invalid(const std::string& why) { return {base::ErrorClass::kInvalid, why}; }

Finding<AzureToken> Nothing(std::string why) { return NothingHere{std::move(why)}; }

}  // namespace

AzureManagedIdentitySource::AzureManagedIdentitySource(SourceContext context,
                                                       std::string arc_folder)
    : context_(std::move(context)), arc_folder_(std::move(arc_folder)) {}

std::string AzureManagedIdentitySource::Identity(const char* resource_id) const {
  const std::pair<const char*, const char*> kinds[] = {
      {"AZURE_STORAGE_IDENTITY_CLIENT_ID", "client_id"},
      {"AZURE_STORAGE_IDENTITY_OBJECT_ID", "object_id"},
      {"AZURE_STORAGE_IDENTITY_RESOURCE_ID", resource_id},
      {"AZURE_CLIENT_ID", "client_id"}};
  for (const auto& [variable, parameter] : kinds) {
    if (const auto id = context_.environment(variable)) {
      return fmt::format("&{}={}", parameter, PercentEncode(*id, false));
    }
  }
  return {};
}

base::Result<Finding<AzureToken>> AzureManagedIdentitySource::Load() {
  const auto endpoint = context_.environment("IDENTITY_ENDPOINT");
  if (!endpoint) return FromMetadata();
  const auto header = context_.environment("IDENTITY_HEADER");
  if (header) {
    TRY_ASSIGN(AzureToken token, FromAppService(*endpoint, *header));
    token.origin = "managed identity of the app service";
    return Finding<AzureToken>(std::move(token));
  }
  if (!context_.environment("IMDS_ENDPOINT")) return FromMetadata();
  TRY_ASSIGN(AzureToken token, FromArc(*endpoint));
  token.origin = "managed identity of this Arc machine";
  return Finding<AzureToken>(std::move(token));
}

base::Result<AzureToken> AzureManagedIdentitySource::FromAppService(const std::string& endpoint,
                                                                    const std::string& header) {
  HttpRequest request =
      Get(endpoint + "?api-version=2019-08-01" + Resource() + Identity("mi_res_id"));
  request.headers.Add("x-identity-header", header);
  TRY_ASSIGN(const CredentialAnswer answer, context_.http.Fetch(request, {}, kLimits));
  return TokenOf(endpoint, answer, context_.clock);
}

base::Result<base::Secret> AzureManagedIdentitySource::ArcKey(const std::string& challenge) const {
  constexpr std::string_view kStart = "Basic realm=";
  if (!challenge.starts_with(kStart)) return Invalid("Arc asks for a proof of an unknown kind");
  const std::filesystem::path path(challenge.substr(kStart.size()));
  if (path.parent_path() != arc_folder_ || path.extension() != ".key") {
    return Invalid("Arc names a key file outside " + arc_folder_);
  }
  auto text = base::ReadSmallFile(path, kArcKeyBytesMax);
  if (!text.ok()) return text.error().Annotate("Arc's key file (group himds may read it)");
  base::Secret key(std::move(*text));
  if (key.reveal().find_first_of("\r\n") != std::string::npos) {
    return Invalid("Arc's key file holds more than a key");
  }
  return key;
}

base::Result<AzureToken> AzureManagedIdentitySource::FromArc(const std::string& endpoint) {
  HttpRequest request = Get(endpoint + "?api-version=2019-11-01" + Resource());
  request.headers.Add("metadata", "true");
  TRY_ASSIGN(CredentialAnswer answer, context_.http.Fetch(request, {}, kLimits));
  if (answer.status == 401) {
    TRY_ASSIGN(const base::Secret key, ArcKey(answer.headers.Value("www-authenticate")));
    request.headers.Add("authorization", "Basic " + key.reveal());
    TRY_ASSIGN(answer, context_.http.Fetch(request, {}, kLimits));
  }
  return TokenOf(endpoint, answer, context_.clock);
}

base::Result<Finding<AzureToken>> AzureManagedIdentitySource::FromMetadata() {
  const std::string service =
      context_.environment("AZURE_POD_IDENTITY_AUTHORITY_HOST").value_or("http://169.254.169.254");
  HttpRequest request = Get(service + "/metadata/identity/oauth2/token?api-version=2018-02-01" +
                            Resource() + Identity("msi_res_id"));
  request.headers.Add("metadata", "true");
  auto answer = context_.http.Fetch(request, {}, seen_ ? kLimits : kFirstLook);
  // 410: the service is being renewed, which takes up to 70 s.
  const auto busy = [&] {
    return answer.ok() && (answer->status == 410 || answer->status == 429 || answer->status >= 500);
  };
  if (busy() && !seen_) answer = context_.http.Fetch(request, {}, kLimits);
  if (!seen_ && !answer.ok()) return Nothing("no answer from " + service);
  if (!answer.ok()) return answer.error();
  if (!seen_ && !answer->ok() && !busy()) {
    return Nothing(fmt::format("{} answers HTTP {}", service, answer->status));
  }
  TRY_ASSIGN(AzureToken token, TokenOf(service, *answer, context_.clock));
  seen_ = true;
  token.origin = "managed identity of this machine, from " + service;
  return Finding<AzureToken>(std::move(token));
}

}  // namespace objclient
