#include "objclient/s3/s3_provider.h"

#include <algorithm>

namespace objclient {

namespace {

constexpr std::string_view kDirectoryBucketEnd = "--x-s3";

// Swift looks before it writes, in two steps: of several writers who all want to be the first
// several win, though each alone is answered as if the store had decided.
// Copies of an upload in parts have another ETag in listings than by themselves, and conditions on
// it as a source are compared with another one still: objects are copied as parts, and looked at.
constexpr S3Traits SwiftTraits() {
  S3Traits traits = AwsTraits();
  traits.copy = traits.copy_source_if_match = traits.part_copy_source_if_match = false;
  traits.put_if_absent = traits.put_if_match = traits.complete_condition = false;
  traits.delete_if_match = traits.delete_many_if_match = traits.copy_target_condition = false;
  return traits;
}

constexpr S3Provider kAnybody = {.name = ""};

constexpr S3Provider kDirectoryBuckets = {
    .name = "Amazon S3 Express One Zone",
    .directory_buckets = true,
};

constexpr std::array kProviders = {
    S3Provider{
        .name = "Amazon S3",
        .hosts = {".amazonaws.com", ".amazonaws.com.cn"},
        .known = true,
    },
    S3Provider{
        .name = "Cloudflare R2",
        .hosts = {".r2.cloudflarestorage.com"},
        .region = "auto",
        .parts_equal = true,
    },
    S3Provider{
        .name = "Google Cloud Storage",
        .hosts = {"storage.googleapis.com", ".rep.googleapis.com"},
        .region = "auto",
        .generations = true,
    },
    S3Provider{.name = "Ceph", .header = "server", .value = "Ceph Object Gateway"},
    S3Provider{.name = "MinIO", .header = "server", .value = "MinIO"},
    S3Provider{
        .name = "OpenStack Swift",
        .header = "x-openstack-request-id",
        .value = "tx",
        .believed = SwiftTraits(),
    },
};

}  // namespace

const S3Provider& ProviderAt(const std::string& host, const std::string& bucket) {
  // A name that the cloud gives to no other kind of bucket; the endpoint may be one of a network of
  // one's own.
  if (bucket.ends_with(kDirectoryBucketEnd)) return kDirectoryBuckets;
  const auto* const found =
      std::find_if(kProviders.begin(), kProviders.end(), [&](const S3Provider& provider) {
        return std::any_of(provider.hosts.begin(), provider.hosts.end(), [&](std::string_view end) {
          return !end.empty() && host.ends_with(end);
        });
      });
  return found == kProviders.end() ? kAnybody : *found;
}

const S3Provider& ProviderOf(const S3Provider& at_host, const HttpHeaders& answer) {
  if (&at_host != &kAnybody) return at_host;
  const auto* const found =
      std::find_if(kProviders.begin(), kProviders.end(), [&](const S3Provider& provider) {
        return !provider.header.empty() &&
               answer.Value(provider.header).starts_with(provider.value);
      });
  return found == kProviders.end() ? kAnybody : *found;
}

}  // namespace objclient
