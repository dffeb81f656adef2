// S3Location: where a bucket answers, from endpoint, region and bucket name. A value.
//
// The cloud's own endpoint takes the bucket in the host name (virtual-host style). Everything else
// gets it in the path, which every S3 server understands, and so do buckets with a dot, whose name
// no wildcard certificate covers.
#pragma once

#include <string>

#include "base/result.h"
#include "objclient/http/url.h"

namespace objclient {

struct S3Location {
  Url endpoint;
  std::string bucket;
  std::string region;
  bool is_aws = false;  // the endpoint follows from the region
  bool path_style = true;

  // Host header and URL authority of requests to the bucket.
  std::string Authority() const;
  // The percent-encoded path of a key (or, with "", of the bucket itself).
  std::string Path(const std::string& key) const;
  // "s3://bucket/key": for messages.
  std::string Name(const std::string& key) const;
};

// `endpoint` empty = the cloud's own for the region.
base::Result<S3Location> LocateBucket(const std::string& endpoint, const std::string& region,
                                      const std::string& bucket);

}  // namespace objclient
