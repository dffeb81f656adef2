#include "objclient/auth/aws_container_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "objclient/auth/key_document.h"
#include "objclient/auth/token_file.h"
#include "objclient/http/url.h"

namespace objclient {

namespace {

constexpr std::string_view kHost = "http://169.254.170.2";
constexpr CredentialHttp::Limits kLimits{std::chrono::milliseconds(2000), 3};

base::Error Invalid(const std::string& why) { return {base::ErrorClass::kInvalid, why}; }

// Plain HTTP carries keys in the open: only inside the machine, as all of AWS's programs have it.
base::Status CheckAddress(const std::string& address) {
  constexpr std::array<std::string_view, 3> kInside = {"169.254.170.2", "169.254.170.23",
                                                       "[fd00:ec2::23]"};
  const auto scheme = address.find("://");
  const auto path = scheme == std::string::npos ? scheme : address.find('/', scheme + 3);
  auto url = ParseEndpoint(address.substr(0, path));
  if (!url.ok()) return url.error().Annotate("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const bool inside = IsLoopback(url->host) ||
                      std::find(kInside.begin(), kInside.end(), url->host) != kInside.end();
  if (url->scheme == "https" || inside) return base::Ok();
  return Invalid("AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or an address of this machine");
}

}  // namespace

AwsContainerSource::AwsContainerSource(SourceContext context) : context_(std::move(context)) {}

base::Result<std::string> AwsContainerSource::Address() const {
  if (const auto relative = context_.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
    if (!relative->starts_with('/')) {
      return Invalid("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with '/'");
    }
    return std::string(kHost) + *relative;
  }
  const auto full = context_.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!full) return std::string();
  TRY(CheckAddress(*full));
  return *full;
}

base::Result<base::Secret> AwsContainerSource::Token() const {
  if (const auto file = context_.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    return ReadTokenFile(*file);
  }
  base::Secret token(context_.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or(""));
  if (token.reveal().find_first_of("\r\n") != std::string::npos) {
    return Invalid("AWS_CONTAINER_AUTHORIZATION_TOKEN holds a line end");
  }
  return token;
}

base::Result<Finding<Credentials>> AwsContainerSource::Load() {
  TRY_ASSIGN(const std::string address, Address());
  if (address.empty()) {
    return Finding<Credentials>(
        NothingHere{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI "
                    "are not set"});
  }
  TRY_ASSIGN(const base::Secret token, Token());
  HttpRequest request;
  request.method = "GET";
  request.url = address;
  if (!token.empty()) request.headers.Add("authorization", token.reveal());
  TRY_ASSIGN(const CredentialAnswer answer, context_.http.Fetch(request, {}, kLimits));
  if (!answer.ok()) return CredentialRefusal(address, answer.status, "");
  auto keys = ParseKeyDocument(answer.body, "Token", answer.headers.Value("date"), context_.clock);
  if (!keys.ok()) return keys.error().Annotate(address);
  keys->origin = "the container's role, from " + address;
  return Finding<Credentials>(std::move(*keys));
}

}  // namespace objclient
