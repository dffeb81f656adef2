// OpenStore: from a bucket URL and options to a ready ObjectStore (retries included). Checks that
// the bucket is there and that we may list it, so that a wrong name, key, region or endpoint is a
// clear error at once: the message says what to change.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "objclient/auth/environment.h"
#include "objclient/object_store.h"
#include "objclient/s3/s3_options.h"

namespace objclient {

// file:///absolute/dir (also file:/absolute/dir), s3://bucket[/prefix],
// az://account/container[/prefix] (also written
// https://account.blob.core.windows.net/container[/prefix]), mem:// (tests).
struct BucketUrl {
  enum class Kind : std::uint8_t { kLocal, kS3, kAzure, kMemory };
  Kind kind = Kind::kLocal;
  std::string bucket;   // S3: bucket; Azure: container; local: absolute directory
  std::string prefix;   // "" or ends in '/'
  std::string account;  // Azure's
  // Canonical text, the same for every spelling of one place: a volume's identity.
  std::string ToString() const;
};
base::Result<BucketUrl> ParseBucketUrl(const std::string& text);
// Whether a word is meant as a bucket URL, right or wrong, rather than as a path.
bool IsBucketUrl(const std::string& text);

// Where a store keeps what it found out about its server, a text of its own, from one mount to the
// next. Called on the store's threads and its callers', without locks held; either may be empty.
struct StoreMemory {
  std::function<std::optional<std::string>()> recall;
  std::function<void(const std::string& text)> keep;
};

struct StoreOptions {
  std::string
      endpoint;  // http(s)://host[:port]; empty = what the environment names, else the cloud's own
  std::string region;     // empty = AWS_REGION, AWS_DEFAULT_REGION, profile, else us-east-1
  std::string profile;    // empty = AWS_PROFILE, else "default"
  std::string ca_bundle;  // PEM file of authorities; empty = AWS_CA_BUNDLE, else the system's
  std::string proxy;      // http(s)://host[:port]; empty = https_proxy and the like, else none
  S3Options s3;
  StoreMemory memory;
  std::uint32_t connections = 32;                     // most HTTP connections at a time
  std::chrono::milliseconds retry_time_limit{20000};  // no new attempt starts later than this
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds stall_timeout{10000};  // no byte moved for this long = broken
  // Once it is requested every request fails at once, and nobody waits for another try.
  std::stop_token stop = {};
};

// The endpoint that the options name, else the environment: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL
// for S3, AZURE_STORAGE_BLOB_ENDPOINT or that of AZURE_STORAGE_CONNECTION_STRING for Azure. Empty =
// the cloud's own, or a kind of bucket that has none.
std::string FindEndpoint(const BucketUrl& url, const StoreOptions& options,
                         const Environment& environment);

base::Result<std::unique_ptr<ObjectStore>> OpenStore(const BucketUrl& url,
                                                     const StoreOptions& options,
                                                     base::Clock& clock, base::Metrics& metrics);

}  // namespace objclient
