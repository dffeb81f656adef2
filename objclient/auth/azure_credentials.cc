#include "objclient/auth/azure_credentials.h"

#include <fmt/format.h>

#include "base/digest/digest.h"
#include "objclient/auth/azure_connection_string.h"
#include "objclient/auth/azure_shared_key.h"

namespace objclient {

namespace {

constexpr std::int64_t kSourceSasSeconds = 3600;  // a copy that is queued may start late

using Credentials = std::unique_ptr<AzureCredentials>;

// Those whose secret is what it is: a refusal is final.
class StaticCredentials : public AzureCredentials {
 public:
  explicit StaticCredentials(std::string origin) : origin_(std::move(origin)) {}
  bool Rejected(std::uint64_t /*secret*/) override { return false; }
  const std::string& origin() const override { return origin_; }

 private:
  const std::string origin_;
};

class AccountKey : public StaticCredentials {
 public:
  AccountKey(std::string account, std::string key, std::string origin)
      : StaticCredentials(std::move(origin)), account_(std::move(account)), key_(std::move(key)) {}

  base::Result<std::uint64_t> Sign(HttpRequest& request, std::int64_t /*epoch_seconds*/) override {
    request.headers.Add("authorization", SharedKeyAuthorization(request, account_, key_.reveal()));
    return std::uint64_t{0};
  }

  base::Status AddCopySource(HttpRequest& request, const AzureCopySource& source,
                             std::int64_t epoch_seconds) override {
    const std::string sas =
        ReadOnlySas(source, account_, key_.reveal(), epoch_seconds + kSourceSasSeconds);
    request.headers.Add("x-ms-copy-source", source.url + "?" + sas);
    return base::Ok();
  }

 private:
  const std::string account_;
  const base::Secret key_;  // decoded
};

class Sas : public StaticCredentials {
 public:
  Sas(base::Secret query, std::string origin)
      : StaticCredentials(std::move(origin)), query_(std::move(query)) {}

  base::Result<std::uint64_t> Sign(HttpRequest& request, std::int64_t /*epoch_seconds*/) override {
    request.url += request.url.find('?') == std::string::npos ? '?' : '&';
    request.url += query_.reveal();
    return std::uint64_t{0};
  }

  base::Status AddCopySource(HttpRequest& request, const AzureCopySource& source,
                             std::int64_t /*epoch_seconds*/) override {
    request.headers.Add("x-ms-copy-source", source.url + "?" + query_.reveal());
    return base::Ok();
  }

  void AddRenameSource(HttpRequest& request, const std::string& path) override {
    StaticCredentials::AddRenameSource(request, path + "?" + query_.reveal());
  }

 private:
  const base::Secret query_;
};

class Anonymous : public StaticCredentials {
 public:
  Anonymous() : StaticCredentials("none, requests are anonymous") {}

  base::Result<std::uint64_t> Sign(HttpRequest& /*request*/,
                                   std::int64_t /*epoch_seconds*/) override {
    return std::uint64_t{0};
  }

  base::Status AddCopySource(HttpRequest& request, const AzureCopySource& source,
                             std::int64_t /*epoch_seconds*/) override {
    request.headers.Add("x-ms-copy-source", source.url);
    return base::Ok();
  }

  bool anonymous() const override { return true; }
};

base::Error Invalid(std::string message) {
  return {base::ErrorClass::kInvalid, std::move(message)};
}

base::Error OtherAccount(std::string_view variable, std::string_view named,
                         std::string_view account) {
  return Invalid(
      fmt::format("{} is for the account '{}', the URL names '{}'", variable, named, account));
}

base::Result<Credentials> FromConnectionString(const std::string& text,
                                               const std::string& account) {
  constexpr std::string_view kVariable = "AZURE_STORAGE_CONNECTION_STRING";
  TRY_ASSIGN(const AzureConnectionString parsed, AzureConnectionString::Parse(text));
  if (!parsed.account.empty() && parsed.account != account) {
    return OtherAccount(kVariable, parsed.account, account);
  }
  std::string origin(kVariable);
  if (!parsed.account_key.empty()) {
    return AccountKeyCredentials(account, parsed.account_key, std::move(origin));
  }
  if (!parsed.sas_token.empty()) return SasCredentials(parsed.sas_token, std::move(origin));
  return Credentials();
}

}  // namespace

void AzureCredentials::AddRenameSource(HttpRequest& request, const std::string& path) {
  request.headers.Add("x-ms-rename-source", path);
}

base::Result<Credentials> AccountKeyCredentials(const std::string& account, const base::Secret& key,
                                                std::string origin) {
  const auto decoded = base::Base64Decode(key.reveal());
  if (!decoded || decoded->empty()) {
    return Invalid(fmt::format("{}: an account key is base64 text, this is not", origin));
  }
  return Credentials(std::make_unique<AccountKey>(account, *decoded, std::move(origin)));
}

base::Result<Credentials> SasCredentials(const base::Secret& token, std::string origin) {
  std::string query = token.reveal();
  if (query.starts_with('?')) query.erase(0, 1);
  const bool whole = query.starts_with("sig=") || query.find("&sig=") != std::string::npos;
  const bool clean = query.find_first_of(" \t\r\n#") == std::string::npos;
  if (!whole || !clean) {
    return Invalid(fmt::format("{}: this is no shared access signature (sv=...&sig=...)", origin));
  }
  return Credentials(std::make_unique<Sas>(base::Secret(std::move(query)), std::move(origin)));
}

Credentials AnonymousAzureCredentials() { return std::make_unique<Anonymous>(); }

base::Result<Credentials> AzureSecretsOf(const Environment& environment,
                                         const std::string& account) {
  if (const auto text = environment("AZURE_STORAGE_CONNECTION_STRING")) {
    return FromConnectionString(*text, account);
  }
  // Key and token come without a name; AZURE_STORAGE_ACCOUNT, where it is set, is theirs.
  const std::string named = environment("AZURE_STORAGE_ACCOUNT").value_or(account);
  for (const char* variable : {"AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCESS_KEY"}) {
    const auto key = environment(variable);
    if (!key) continue;
    if (named != account) return OtherAccount(variable, named, account);
    return AccountKeyCredentials(account, base::Secret(*key), variable);
  }
  if (const auto token = environment("AZURE_STORAGE_SAS_TOKEN")) {
    if (named != account) return OtherAccount("AZURE_STORAGE_SAS_TOKEN", named, account);
    return SasCredentials(base::Secret(*token), "AZURE_STORAGE_SAS_TOKEN");
  }
  return Credentials();
}

}  // namespace objclient
