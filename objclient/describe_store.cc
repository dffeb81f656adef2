#include "objclient/describe_store.h"

#include "objclient/auth/aws_profiles.h"
#include "objclient/auth/aws_sign_in.h"
#include "objclient/auth/azure_sign_in.h"
#include "objclient/auth/credential_transport.h"
#include "objclient/azure/azure_location.h"
#include "objclient/azure/azure_store.h"
#include "objclient/http_options.h"
#include "objclient/s3/s3_location.h"
#include "objclient/s3/s3_traits.h"

namespace objclient {

namespace {

// Enough to tell keys apart; whole ones belong into no terminal.
std::string Ending(const std::string& access_key) {
  constexpr std::size_t kShown = 4;
  if (access_key.size() < 3 * kShown) return "...";
  return "..." + access_key.substr(access_key.size() - kShown);
}

// A store that does all that we ask for, as Azure and a local folder do.
Capabilities Everything() {
  Capabilities can = ToCapabilities(AwsTraits());
  can.found_out = true;
  return can;
}

Capabilities S3Capabilities(const S3Provider& provider, const StoreMemory& memory) {
  if (provider.known) return Everything();
  const auto text = memory.recall ? memory.recall() : std::nullopt;
  const auto traits = text ? ParseTraits(*text) : std::nullopt;
  Capabilities can = ToCapabilities(traits.value_or(S3Traits()));
  can.found_out = traits.has_value();
  return can;
}

base::Result<StoreDescription> DescribeS3(const BucketUrl& url, const StoreOptions& options,
                                          const Environment& environment,
                                          CredentialHttp::OpenTransport open, base::Clock& clock) {
  StoreDescription out;
  const std::string region = FindRegion(environment, options.profile, options.region);
  TRY_ASSIGN(const S3Addressing addressing, AddressingOf(options.s3));
  TRY_ASSIGN(const S3Location location,
             LocateBucket(FindEndpoint(url, options, environment), region, url.bucket, addressing));
  out.provider = location.provider->name;
  out.can = S3Capabilities(*location.provider, options.memory);
  out.region = location.region;
  out.endpoint = location.endpoint.ToString();
  AwsSignIn sign_in = SignInToAws(environment, options.profile, region, std::move(open), clock);
  out.passed_over = std::move(sign_in.passed_over);
  if (!sign_in.credentials.ok()) {
    out.failure = sign_in.credentials.error();
    return out;
  }
  const auto found = (*sign_in.credentials)->Latest();
  out.credentials = found->origin;
  if (!found->anonymous()) out.access_key = Ending(found->access_key_id);
  if (found->expires_ns) {
    out.life_seconds = (*found->expires_ns - clock.MonotonicNs()) / 1'000'000'000;
  }
  return out;
}

base::Result<StoreDescription> DescribeAzure(const BucketUrl& url, const StoreOptions& options,
                                             const Environment& environment,
                                             CredentialHttp::OpenTransport open,
                                             base::Clock& clock) {
  StoreDescription out;
  TRY_ASSIGN(const AzureLocation location,
             LocateContainer(FindEndpoint(url, options, environment), url.account, url.bucket));
  out.endpoint = location.endpoint.ToString();
  out.can = Everything();
  AzureSignIn sign_in = SignInToAzure(environment, url.account, std::move(open), clock);
  out.passed_over = std::move(sign_in.passed_over);
  if (sign_in.credentials.ok()) {
    out.credentials = (*sign_in.credentials)->origin();
  } else {
    out.failure = sign_in.credentials.error();
  }
  return out;
}

}  // namespace

base::Result<StoreDescription> DescribeStore(const BucketUrl& url, const StoreOptions& options,
                                             const Environment& environment, base::Clock& clock,
                                             base::Metrics& metrics) {
  if (url.kind != BucketUrl::Kind::kS3 && url.kind != BucketUrl::Kind::kAzure) {
    StoreDescription local;
    local.credentials = "none needed";
    local.can = Everything();
    return local;
  }
  TRY_ASSIGN(const CurlTransport::Options http, HttpOptions(options, environment));
  CredentialHttp::OpenTransport open = CredentialTransport(http, metrics);
  return url.kind == BucketUrl::Kind::kS3
             ? DescribeS3(url, options, environment, std::move(open), clock)
             : DescribeAzure(url, options, environment, std::move(open), clock);
}

std::string_view WhoDecides(const Capabilities& can) {
  if (!can.found_out) return "unknown";
  return can.put_if_absent && can.put_if_match && can.complete_condition ? "store" : "looking";
}

Abilities DescribeAbilities(const Capabilities& can) {
  Abilities out;
  if (!can.found_out) return out;
  const auto add = [&out](bool has, const char* what) {
    std::string& list = has ? out.has : out.lacks;
    list += (list.empty() ? "" : ", ") + std::string(what);
  };
  add(WhoDecides(can) == "store", "conditional writes");
  add(can.delete_if_match, "conditional deletes");
  add(can.server_copy, "copies of parts");
  add(can.checksum_crc32c, "checksums verified");
  return out;
}

std::string DescribeNameSpace(const BucketUrl& url, const StoreOptions& options,
                              const Environment& environment, base::Clock& clock,
                              base::Metrics& metrics) {
  if (url.kind != BucketUrl::Kind::kAzure) return {};
  const auto session = OpenAzureSession(url, options, environment, clock, metrics);
  if (!session.ok()) return "counts as flat: " + session.error().message();
  const auto kind = AskNameSpace(**session);
  if (!kind.ok()) return "counts as flat: " + kind.error().message();
  return *kind == NameSpace::kHierarchical ? "hierarchical" : "flat";
}

}  // namespace objclient
