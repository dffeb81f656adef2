// S3Location: where a bucket answers, from endpoint, region and bucket name. A value.
//
// The cloud's own endpoint takes the bucket in the host name (virtual-host style). Everything else
// gets it in the path, which every S3 server understands, and so do buckets with a dot, whose name
// no wildcard certificate covers. An access point (its ARN stands for the bucket) has a host name
// of its own, a directory bucket (S3 Express) an endpoint in its zone.
#pragma once

#include <string>

#include "base/result.h"
#include "objclient/http/url.h"
#include "objclient/s3/s3_provider.h"

namespace objclient {

// How a person wants it.
struct S3Addressing {
  enum class Style : std::uint8_t { kAuto, kHost, kPath };
  Style style = Style::kAuto;
  bool dual_stack = false;  // of the cloud's own endpoints those with IPv6 addresses as well
};

struct S3Location {
  Url endpoint;
  std::string bucket;  // or the ARN of an access point
  std::string region;
  S3Addressing addressing;
  std::string host_label;  // what goes before the endpoint's host, when it is not path_style
  bool is_aws = false;     // the endpoint follows from the region
  bool path_style = true;
  const S3Provider* provider = &ProviderAt("", "");  // a constant, never null

  // Host header and URL authority of requests to the bucket.
  std::string Authority() const;
  // The percent-encoded path of a key (or, with "", of the bucket itself).
  std::string Path(const std::string& key) const;
  // The percent-encoded name of a key where it is the source of a copy.
  std::string CopySource(const std::string& key) const;
  // "s3://bucket/key": for messages.
  std::string Name(const std::string& key) const;
};

// `endpoint` empty = the cloud's own for the region, which for an access point is its ARN's.
base::Result<S3Location> LocateBucket(const std::string& endpoint, const std::string& region,
                                      const std::string& bucket, S3Addressing addressing = {});

}  // namespace objclient
