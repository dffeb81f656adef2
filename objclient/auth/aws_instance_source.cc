#include "objclient/auth/aws_instance_source.h"

#include <fmt/format.h>

#include "objclient/auth/key_document.h"
#include "objclient/http/url.h"

namespace objclient {

namespace {

constexpr const char* kRoles = "/latest/meta-data/iam/security-credentials/";
constexpr CredentialHttp::Limits kFirstLook{std::chrono::milliseconds(1000), 1};
constexpr CredentialHttp::Limits kLimits{std::chrono::milliseconds(2000), 3};

Finding<Credentials> Nothing(std::string why) { return NothingHere{std::move(why)}; }

// The service answers with one name a line; an instance has one role.
std::string FirstLine(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

}  // namespace

AwsInstanceSource::AwsInstanceSource(SourceContext context) : context_(std::move(context)) {}

std::string AwsInstanceSource::Service() const {
  if (auto endpoint = context_.environment("AWS_EC2_METADATA_SERVICE_ENDPOINT")) {
    while (endpoint->ends_with('/')) endpoint->pop_back();
    return *endpoint;
  }
  const bool ipv6 = context_.environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") == "IPv6";
  return ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

base::Result<CredentialAnswer> AwsInstanceSource::Get(const std::string& path,
                                                      const base::Secret& token) {
  HttpRequest request;
  request.method = "GET";
  request.url = Service() + path;
  request.headers.Add("x-aws-ec2-metadata-token", token.reveal());
  return context_.http.Fetch(request, {}, kLimits);
}

base::Result<Finding<Credentials>> AwsInstanceSource::Load() {
  if (IsSwitchedOn(context_.environment, "AWS_EC2_METADATA_DISABLED")) {
    return Nothing("AWS_EC2_METADATA_DISABLED is set");
  }
  HttpRequest request;
  request.method = "PUT";
  request.has_body = true;
  request.url = Service() + "/latest/api/token";
  request.headers.Add("x-aws-ec2-metadata-token-ttl-seconds", "60");
  auto answer = context_.http.Fetch(request, {}, seen_ ? kLimits : kFirstLook);
  const bool busy = answer.ok() && (answer->status == 429 || answer->status >= 500);
  if (busy && !seen_) answer = context_.http.Fetch(request, {}, kLimits);
  if (!answer.ok() || !answer->ok()) {
    const std::string why = answer.ok()
                                ? fmt::format("{} answers HTTP {}", Service(), answer->status)
                                : "no answer from " + Service();
    if (!seen_ && !busy) return Nothing(why);
    return base::Error(base::ErrorClass::kUnavailable, why);
  }
  return Keys(answer->body);
}

base::Result<Finding<Credentials>> AwsInstanceSource::Keys(const base::Secret& token) {
  TRY_ASSIGN(const CredentialAnswer roles, Get(kRoles, token));
  if (roles.status == 404 && !seen_) return Nothing("the instance has no role");
  if (!roles.ok()) return CredentialRefusal(Service() + kRoles, roles.status, "");
  const std::string role = FirstLine(roles.body.reveal());
  if (role.empty()) return Nothing("the instance has no role");
  const std::string path = kRoles + PercentEncode(role, false);
  TRY_ASSIGN(const CredentialAnswer answer, Get(path, token));
  if (!answer.ok()) return CredentialRefusal(Service() + path, answer.status, "");
  auto keys = ParseKeyDocument(answer.body, "Token", answer.headers.Value("date"), context_.clock);
  if (!keys.ok()) return keys.error().Annotate(Service() + path);
  seen_ = true;
  keys->origin = fmt::format("role {} of this instance, from {}", role, Service());
  return Finding<Credentials>(std::move(*keys));
}

}  // namespace objclient
