#include "objclient/s3/s3_location.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace objclient {

namespace {

constexpr const char* kCloudHost = ".amazonaws.com";

base::Error Invalid(std::string message) {
  return base::Error(base::ErrorClass::kInvalid, std::move(message));
}

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

// Of a host name: nothing of an ARN may end it.
bool ValidLabel(const std::string& label) {
  return !label.empty() && label.size() <= 63 &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

std::string CloudEndpoint(std::string_view service, const std::string& region, bool dual_stack) {
  return fmt::format("https://{}{}.{}.amazonaws.com{}", service, dual_stack ? ".dualstack" : "",
                     region, region.starts_with("cn-") ? ".cn" : "");
}

// What the cloud's own endpoint of a bucket begins with: NAME--ZONE--x-s3 has one in its zone.
base::Result<std::string> CloudService(const std::string& bucket, const S3Provider& provider) {
  if (!provider.directory_buckets) return std::string("s3");
  const std::size_t end = bucket.rfind("--");
  const std::size_t start = end == 0 ? std::string::npos : bucket.rfind("--", end - 1);
  const std::string zone =
      start == std::string::npos ? "" : bucket.substr(start + 2, end - start - 2);
  if (!ValidLabel(zone) || start == 0) {
    return Invalid(
        fmt::format("'{}' is not the name of a directory bucket, which looks like "
                    "name--use1-az4--x-s3",
                    bucket));
  }
  return "s3express-" + zone;
}

struct AccessPoint {
  std::string region;
  std::string host_label;
};

// arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME
base::Result<AccessPoint> ParseAccessPoint(const std::string& arn) {
  constexpr std::string_view kResource = "accesspoint/";
  std::vector<std::string> fields;
  std::size_t start = 0;
  for (auto colon = arn.find(':'); colon != std::string::npos; colon = arn.find(':', start)) {
    fields.push_back(arn.substr(start, colon - start));
    start = colon + 1;
  }
  const std::string resource = arn.substr(start);
  if (fields.size() != 5 || fields[2] != "s3" || !resource.starts_with(kResource)) {
    return Invalid(
        fmt::format("'{}' is not the ARN of an access point, which looks like "
                    "arn:aws:s3:us-east-1:123456789012:accesspoint/name",
                    arn));
  }
  if (fields[3].empty()) {
    return Invalid(arn +
                   ": access points of several regions are not supported, one of its regions is");
  }
  const std::string name = resource.substr(kResource.size());
  AccessPoint point{fields[3], fmt::format("{}-{}", name, fields[4])};
  if (!ValidRegion(point.region) || !ValidLabel(name) || !ValidLabel(point.host_label)) {
    return Invalid(fmt::format("'{}' cannot be the ARN of an access point", arn));
  }
  return point;
}

base::Result<S3Location> LocateAccessPoint(const std::string& endpoint, const std::string& arn,
                                           S3Addressing addressing) {
  if (!endpoint.empty())
    return Invalid("an access point is found by its ARN: leave out --endpoint");
  if (addressing.style == S3Addressing::Style::kPath) {
    return Invalid("an access point has a host name of its own: leave out --addressing path");
  }
  TRY_ASSIGN(const AccessPoint point, ParseAccessPoint(arn));
  S3Location location;
  location.bucket = arn;
  location.region = point.region;
  location.addressing = addressing;
  location.host_label = point.host_label;
  location.is_aws = true;
  location.path_style = false;
  location.provider = &ProviderAt(kCloudHost, arn);
  TRY_ASSIGN(location.endpoint,
             ParseEndpoint(CloudEndpoint("s3-accesspoint", point.region, addressing.dual_stack)));
  return location;
}

}  // namespace

std::string S3Location::Authority() const {
  return path_style ? endpoint.Authority() : fmt::format("{}.{}", host_label, endpoint.Authority());
}

std::string S3Location::Path(const std::string& key) const {
  const std::string encoded = PercentEncode(key, true);
  return path_style ? fmt::format("/{}/{}", bucket, encoded) : "/" + encoded;
}

std::string S3Location::CopySource(const std::string& key) const {
  const bool access_point = bucket.starts_with("arn:");
  const std::string source = access_point ? bucket + "/object/" + key : "/" + bucket + "/" + key;
  return PercentEncode(source, true);
}

std::string S3Location::Name(const std::string& key) const {
  return fmt::format("s3://{}/{}", bucket, key);
}

base::Result<S3Location> LocateBucket(const std::string& endpoint, const std::string& region,
                                      const std::string& bucket, S3Addressing addressing) {
  if (addressing.dual_stack && !endpoint.empty()) {
    return Invalid("--dual-stack is for the cloud's own endpoints: leave out --endpoint");
  }
  if (bucket.starts_with("arn:")) return LocateAccessPoint(endpoint, bucket, addressing);
  if (!ValidBucket(bucket))
    return Invalid(fmt::format("'{}' cannot be the name of a bucket", bucket));
  if (!ValidRegion(region))
    return Invalid(fmt::format("'{}' cannot be the name of a region", region));
  S3Location location;
  location.bucket = location.host_label = bucket;
  location.region = region;
  location.addressing = addressing;
  const bool own = endpoint.empty();
  if (own) {
    TRY_ASSIGN(const std::string service, CloudService(bucket, ProviderAt(kCloudHost, bucket)));
    TRY_ASSIGN(location.endpoint,
               ParseEndpoint(CloudEndpoint(service, region, addressing.dual_stack)));
  } else {
    TRY_ASSIGN(location.endpoint, ParseEndpoint(endpoint));
  }
  const std::string& host = location.endpoint.host;
  location.provider = &ProviderAt(host, bucket);
  location.is_aws = own || &ProviderAt(host, "") == &ProviderAt(kCloudHost, "");
  if (!location.provider->region.empty()) location.region = location.provider->region;
  location.path_style =
      !location.is_aws || bucket.find('.') != std::string::npos || IsIpAddress(host);
  if (addressing.style == S3Addressing::Style::kPath) location.path_style = true;
  if (addressing.style == S3Addressing::Style::kHost) {
    if (IsIpAddress(host)) {
      return Invalid(
          fmt::format("--addressing virtual needs an endpoint with a name, not {}", host));
    }
    location.path_style = false;
  }
  return location;
}

}  // namespace objclient
