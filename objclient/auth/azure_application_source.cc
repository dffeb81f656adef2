#include "objclient/auth/azure_application_source.h"

#include <fmt/format.h>

#include "objclient/auth/token_file.h"
#include "objclient/http/url.h"

namespace objclient {

namespace {

constexpr const char* kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// The variable of Azure's own tools, else that of its mount program.
std::string First(const Environment& environment, const char* name, const char* other) {
  if (auto value = environment(name)) return *value;
  return environment(other).value_or("");
}

base::Result<std::string> Authority(const Environment& environment) {
  std::string text = environment("AZURE_AUTHORITY_HOST").value_or("login.microsoftonline.com");
  if (text.find("://") == std::string::npos) text = "https://" + text;
  auto url = ParseEndpoint(text);
  if (!url.ok()) return url.error().Annotate("AZURE_AUTHORITY_HOST");
  if (url->scheme != "https" && !IsLoopback(url->host)) {
    return base::Error(base::ErrorClass::kInvalid, "AZURE_AUTHORITY_HOST must be https");
  }
  return url->ToString();
}

}  // namespace

AzureApplicationSource::AzureApplicationSource(SourceContext context, Proof proof)
    : context_(std::move(context)), proof_(proof) {}

std::string AzureApplicationSource::name() const {
  return proof_ == Proof::kSecret ? "application secret" : "workload identity";
}

base::Result<FormFields> AzureApplicationSource::ProofFields() const {
  FormFields fields;
  if (proof_ == Proof::kSecret) {
    base::Secret secret(
        First(context_.environment, "AZURE_CLIENT_SECRET", "AZURE_STORAGE_SPN_CLIENT_SECRET"));
    if (!secret.empty()) fields.emplace_back("client_secret", std::move(secret));
    return fields;
  }
  const std::string file =
      First(context_.environment, "AZURE_FEDERATED_TOKEN_FILE", "AZURE_OAUTH_TOKEN_FILE");
  if (file.empty()) return fields;
  TRY_ASSIGN(base::Secret token, ReadTokenFile(file));
  fields.emplace_back("client_assertion_type", kAssertionType);
  fields.emplace_back("client_assertion", std::move(token));
  return fields;
}

base::Result<Finding<AzureToken>> AzureApplicationSource::Load() {
  TRY_ASSIGN(FormFields fields, ProofFields());
  const Environment& environment = context_.environment;
  if (fields.empty()) {
    return Finding<AzureToken>(
        NothingHere{std::string(proof_ == Proof::kSecret ? "AZURE_CLIENT_SECRET"
                                                         : "AZURE_FEDERATED_TOKEN_FILE") +
                    " is not set"});
  }
  const std::string tenant = First(environment, "AZURE_TENANT_ID", "AZURE_STORAGE_SPN_TENANT_ID");
  const std::string client = First(environment, "AZURE_CLIENT_ID", "AZURE_STORAGE_SPN_CLIENT_ID");
  if (tenant.empty() || client.empty()) {
    return base::Error(base::ErrorClass::kInvalid,
                       "AZURE_TENANT_ID and AZURE_CLIENT_ID must be set as well");
  }
  TRY_ASSIGN(const std::string authority, Authority(environment));
  fields.emplace_back("grant_type", "client_credentials");
  fields.emplace_back("client_id", client);
  fields.emplace_back("scope", fmt::format("{}.default", kAzureStorageResource));
  HttpRequest request;
  request.method = "POST";
  request.url = fmt::format("{}/{}/oauth2/v2.0/token", authority, PercentEncode(tenant, false));
  request.headers.Add("content-type", kFormType);
  TRY_ASSIGN(const CredentialAnswer answer, context_.http.Fetch(request, FormBody(fields), {}));
  TRY_ASSIGN(AzureToken token, TokenOf(request.url, answer, context_.clock));
  token.origin = fmt::format("application {} ({})", client, name());
  return Finding<AzureToken>(std::move(token));
}

}  // namespace objclient
