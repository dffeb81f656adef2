#include "objclient/s3/s3_location.h"

#include <fmt/format.h>

#include <algorithm>

namespace objclient {

namespace {

bool ValidBucket(const std::string& bucket) {
  const bool characters = std::all_of(bucket.begin(), bucket.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
  return characters && bucket.size() >= 3 && bucket.size() <= 255;
}

bool ValidRegion(const std::string& region) {
  return !region.empty() && std::all_of(region.begin(), region.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool IsAwsHost(const std::string& host) {
  return host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
}

}  // namespace

std::string S3Location::Authority() const {
  return path_style ? endpoint.Authority() : fmt::format("{}.{}", bucket, endpoint.Authority());
}

std::string S3Location::Path(const std::string& key) const {
  const std::string encoded = PercentEncode(key, true);
  return path_style ? fmt::format("/{}/{}", bucket, encoded) : "/" + encoded;
}

std::string S3Location::Name(const std::string& key) const {
  return fmt::format("s3://{}/{}", bucket, key);
}

base::Result<S3Location> LocateBucket(const std::string& endpoint, const std::string& region,
                                      const std::string& bucket) {
  if (!ValidBucket(bucket)) {
    return base::Error(base::ErrorClass::kInvalid,
                       fmt::format("'{}' cannot be the name of a bucket", bucket));
  }
  if (!ValidRegion(region)) {
    return base::Error(base::ErrorClass::kInvalid,
                       fmt::format("'{}' cannot be the name of a region", region));
  }
  S3Location location;
  location.bucket = bucket;
  location.region = region;
  const bool own = endpoint.empty();
  const std::string domain = region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  TRY_ASSIGN(location.endpoint,
             ParseEndpoint(own ? fmt::format("https://s3.{}.{}", region, domain) : endpoint));
  location.is_aws = own || IsAwsHost(location.endpoint.host);
  location.path_style = !location.is_aws || bucket.find('.') != std::string::npos ||
                        IsIpAddress(location.endpoint.host);
  return location;
}

}  // namespace objclient
