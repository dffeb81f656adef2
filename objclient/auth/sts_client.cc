#include "objclient/auth/sts_client.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/digest/digest.h"
#include "objclient/auth/key_document.h"
#include "objclient/auth/sigv4.h"
#include "objclient/http/http_date.h"
#include "objclient/http/url.h"
#include "objclient/rest/xml.h"

namespace objclient {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kSkewSecondsMin = 240;  // the service refuses from 300 on

std::string ServiceUrl(const Environment& environment, const std::string& region) {
  for (const char* variable : {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}) {
    if (auto url = environment(variable)) return *url;
  }
  const char* domain = region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return fmt::format("https://sts.{}.{}", region, domain);
}

// The first element of that name, at whatever depth; servers wrap it differently.
pugi::xml_node Find(const pugi::xml_node& below, std::string_view name) {
  return below.find_node([name](const pugi::xml_node& node) { return LocalName(node) == name; });
}

std::string Text(const pugi::xml_node& below, const char* name) {
  return Find(below, name).text().get();
}

FormFields Fields(const char* action, const RoleRequest& role) {
  FormFields form;
  form.emplace_back("Action", action);
  form.emplace_back("Version", "2011-06-15");
  form.emplace_back("RoleArn", role.role_arn);
  form.emplace_back("RoleSessionName", role.session_name);
  if (!role.duration_seconds.empty()) {
    form.emplace_back("DurationSeconds", role.duration_seconds);
  }
  return form;
}

base::Error Refusal(const std::string& url, const CredentialAnswer& answer) {
  pugi::xml_document document;
  document.load_buffer(answer.body.reveal().data(), answer.body.reveal().size());
  const std::string code = Text(document, "Code");
  const std::string message = Text(document, "Message");
  const int status = code == "IDPCommunicationError" ? 503 : answer.status;
  return CredentialRefusal(url, status, message.empty() ? code : code + ": " + message);
}

}  // namespace

StsClient::StsClient(SourceContext context, std::string region)
    : context_(std::move(context)), region_(std::move(region)) {}

base::Result<Credentials> StsClient::AssumeRole(const RoleRequest& role, const Credentials& as) {
  FormFields form = Fields("AssumeRole", role);
  if (!role.external_id.empty()) form.emplace_back("ExternalId", role.external_id);
  return Send(form, &as);
}

base::Result<Credentials> StsClient::AssumeRoleWithWebIdentity(const RoleRequest& role,
                                                               const base::Secret& token) {
  FormFields form = Fields("AssumeRoleWithWebIdentity", role);
  form.emplace_back("WebIdentityToken", token);
  return Send(form, nullptr);
}

base::Result<Credentials> StsClient::Send(const FormFields& form, const Credentials* signer) {
  const base::Secret body = FormBody(form);
  TRY_ASSIGN(CredentialAnswer answer, Post(body, signer));
  const auto server = ParseHttpDate(answer.headers.Value("date"));
  if (!answer.ok() && answer.status < 500 && signer != nullptr && server) {
    // Signed with a wrong clock: once more with the service's.
    const std::int64_t skew = *server - context_.clock.WallNs() / kNsPerSecond;
    if (std::llabs(skew - skew_seconds_) >= kSkewSecondsMin) {
      skew_seconds_ = skew;
      TRY_ASSIGN(answer, Post(body, signer));
    }
  }
  if (!answer.ok()) return Refusal(ServiceUrl(context_.environment, region_), answer);
  return ParseKeyXml(answer.body, answer.headers.Value("date"), context_.clock);
}

base::Result<CredentialAnswer> StsClient::Post(const base::Secret& body,
                                               const Credentials* signer) {
  TRY_ASSIGN(const Url endpoint, ParseEndpoint(ServiceUrl(context_.environment, region_)));
  HttpRequest request;
  request.method = "POST";
  request.url = endpoint.ToString() + "/";
  request.headers.Add("content-type", kFormType);
  if (signer != nullptr) {
    const std::int64_t now = context_.clock.WallNs() / kNsPerSecond + skew_seconds_;
    const std::string date = FormatAmzDate(now);
    request.headers.Add("x-amz-date", date);
    if (!signer->session_token.empty()) {
      request.headers.Add("x-amz-security-token", signer->session_token.reveal());
    }
    SigV4Request signing;
    signing.method = request.method;
    signing.path = "/";
    signing.headers = request.headers.all();
    signing.headers.emplace_back("host", endpoint.Authority());
    signing.payload_hash = base::HexLower(base::Sha256(body.reveal()));
    const SigV4Signature signature = SignV4(signing, *signer, {region_, "sts", date});
    request.headers.Add("authorization", signature.authorization);
  }
  return context_.http.Fetch(request, body, {});
}

}  // namespace objclient
