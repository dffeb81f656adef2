#include "objclient/auth/azure_sign_in.h"

#include "base/log.h"
#include "objclient/auth/azure_application_source.h"
#include "objclient/auth/azure_cli_source.h"
#include "objclient/auth/azure_managed_identity_source.h"
#include "objclient/auth/azure_token_credentials.h"

namespace objclient {

namespace {

std::vector<std::unique_ptr<AzureTokenSource>> TokenSources(const SourceContext& context) {
  using Proof = AzureApplicationSource::Proof;
  std::vector<std::unique_ptr<AzureTokenSource>> chain;
  chain.push_back(std::make_unique<AzureApplicationSource>(context, Proof::kSecret));
  chain.push_back(std::make_unique<AzureApplicationSource>(context, Proof::kFederatedToken));
  chain.push_back(std::make_unique<AzureManagedIdentitySource>(context));
  chain.push_back(std::make_unique<AzureCliSource>(context));
  return chain;
}

}  // namespace

AzureSignIn SignInToAzure(const Environment& environment, const std::string& account,
                          CredentialHttp::OpenTransport open, base::Clock& clock) {
  if (IsSwitchedOn(environment, "AZURE_NO_SIGN_REQUEST")) return {{}, AnonymousAzureCredentials()};
  auto secrets = AzureSecretsOf(environment, account);
  if (!secrets.ok() || *secrets != nullptr) return {{}, std::move(secrets)};
  // shared_ptr: std::function copies what it holds. The source uses the connection.
  const auto http = std::make_shared<CredentialHttp>(std::move(open), clock);
  auto sources = TokenSources({environment, *http, clock});
  const std::size_t count = sources.size();
  Choice<AzureToken> choice = Choose(std::move(sources));
  AzureSignIn out{{{"environment",
                    "AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY and "
                    "AZURE_STORAGE_SAS_TOKEN are not set"}},
                  AnonymousAzureCredentials()};
  out.passed_over.insert(out.passed_over.end(), choice.passed_over.begin(),
                         choice.passed_over.end());
  if (choice.passed_over.size() == count) return out;
  if (!choice.chosen.ok()) {
    out.credentials = choice.chosen.error();
    return out;
  }
  const std::shared_ptr<AzureTokenSource> source = std::move(choice.chosen->source);
  auto load = [http, source]() -> base::Result<AzureToken> {
    TRY_ASSIGN(AzureToken fresh, LoadAgain(*source));
    LOG_DEBUG("credentials renewed: {}", fresh.origin);
    return fresh;
  };
  out.credentials = std::unique_ptr<AzureCredentials>(std::make_unique<AzureTokenCredentials>(
      std::move(choice.chosen->value), std::move(load), clock));
  return out;
}

}  // namespace objclient
