// DescribeStore: where a bucket URL leads, who we are there and what the store can do, for a person
// who asks why. It finds credentials as OpenStore does and does not ask the store itself. Holds no
// secret. Any thread; blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "objclient/auth/credential_source.h"
#include "objclient/object.h"
#include "objclient/open_store.h"

namespace objclient {

struct StoreDescription {
  std::string endpoint;                      // empty where there is none
  std::string provider;                      // S3: whose it is, where its address tells
  std::string region;                        // S3
  std::string credentials;                   // where they come from; empty after a failure
  std::string access_key;                    // S3: its last characters, "...7EXA"
  std::optional<std::int64_t> life_seconds;  // S3: until they end
  std::vector<PassedOver> passed_over;       // sources that came before in the order
  std::optional<base::Error> failure;        // of the source that should have had some
  Capabilities can;  // S3: known of the provider, or what options.memory recalls of a probe
};

base::Result<StoreDescription> DescribeStore(const BucketUrl& url, const StoreOptions& options,
                                             const Environment& environment, base::Clock& clock,
                                             base::Metrics& metrics);

// Who keeps our writes off the objects of other writers: "store", "looking" (we do, before and
// after each write), or "unknown" until a mount has found out.
std::string_view WhoDecides(const Capabilities& can);
// What the store does for us and what not, in words: "conditional writes, copies".
struct Abilities {
  std::string has;
  std::string lacks;
};
Abilities DescribeAbilities(const Capabilities& can);

// Whether the account of an Azure bucket has a hierarchical name space, for a person. Asks it once;
// empty for other buckets.
std::string DescribeNameSpace(const BucketUrl& url, const StoreOptions& options,
                              const Environment& environment, base::Clock& clock,
                              base::Metrics& metrics);

}  // namespace objclient
