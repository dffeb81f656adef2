// OpenS3Store, apart from the verbs: where options and environment become a session.
#include <fmt/format.h>

#include "base/log.h"
#include "objclient/auth/aws_profiles.h"
#include "objclient/auth/aws_sign_in.h"
#include "objclient/auth/credential_transport.h"
#include "objclient/http_options.h"
#include "objclient/s3/s3_store.h"

namespace objclient {

namespace {

base::Result<std::unique_ptr<Refreshing<Credentials>>> SignIn(const StoreOptions& options,
                                                              const std::string& region,
                                                              const Environment& environment,
                                                              CredentialHttp::OpenTransport open,
                                                              base::Clock& clock) {
  AwsSignIn sign_in = SignInToAws(environment, options.profile, region, std::move(open), clock);
  for (const PassedOver& source : sign_in.passed_over) {
    LOG_DEBUG("credentials: not from {}: {}", source.source, source.why);
  }
  if (sign_in.credentials.ok()) {
    LOG_INFO("credentials: {}", (*sign_in.credentials)->Latest()->origin);
  }
  return std::move(sign_in.credentials);
}

base::Result<S3Headers> MakeHeaders(const S3Options& options, const S3Location& location) {
  TRY_ASSIGN(S3Headers headers, S3Headers::Make(options));
  const Url& endpoint = location.endpoint;
  if (headers.has_customer_key() && endpoint.scheme != "https" && !IsLoopback(endpoint.host)) {
    return base::Error(base::ErrorClass::kInvalid,
                       "--sse-customer-key-file sends the key with every request: it needs an "
                       "https endpoint");
  }
  const bool in_words_of_amazon =
      options.requester_pays || !options.sse.empty() || !options.sse_kms_key.empty();
  if (location.provider->generations && (in_words_of_amazon || headers.has_customer_key())) {
    return base::Error(base::ErrorClass::kInvalid,
                       fmt::format("--requester-pays and --sse... are not understood by {}",
                                   location.provider->name));
  }
  return headers;
}

}  // namespace

std::string FindS3Endpoint(const StoreOptions& options, const Environment& environment) {
  if (!options.endpoint.empty()) return options.endpoint;
  for (const char* variable : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
    if (auto endpoint = environment(variable)) return *endpoint;
  }
  return {};
}

base::Result<std::unique_ptr<ObjectStore>> OpenS3Store(const BucketUrl& url,
                                                       const StoreOptions& options,
                                                       const Environment& environment,
                                                       base::Clock& clock, base::Metrics& metrics) {
  const std::string region = FindRegion(environment, options.profile, options.region);
  TRY_ASSIGN(const S3Addressing addressing, AddressingOf(options.s3));
  TRY_ASSIGN(S3Location location,
             LocateBucket(FindS3Endpoint(options, environment), region, url.bucket, addressing));
  TRY_ASSIGN(S3Headers headers, MakeHeaders(options.s3, location));
  LOG_DEBUG("s3 bucket={} endpoint={} region={} provider=\"{}\"", location.bucket,
            location.endpoint.ToString(), location.region, location.provider->name);
  TRY_ASSIGN(const CurlTransport::Options http, HttpOptions(options, environment));
  TRY_ASSIGN(auto credentials,
             SignIn(options, region, environment, CredentialTransport(http, metrics), clock));
  TRY_ASSIGN(auto transport, CurlTransport::Open(http, metrics));

  const auto traits = location.provider->known ? std::optional(AwsTraits()) : std::nullopt;
  auto session = std::make_unique<S3Session>(std::move(transport), std::move(location),
                                             std::move(credentials), clock, std::move(headers));
  return std::unique_ptr<ObjectStore>(
      std::make_unique<S3Store>(std::move(session), url.prefix, traits, options.memory));
}

}  // namespace objclient
