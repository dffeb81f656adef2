// ProbeServer: finds out what an S3 server can do by trying it on small objects of our own. Blocks;
// not for the transport's own threads.
#pragma once

#include <string>

#include "base/result.h"
#include "objclient/s3/s3_provider.h"
#include "objclient/s3/s3_traits.h"

namespace objclient {

class S3Session;

struct S3Found {
  S3Traits traits;                       // as seen, as far as `provider` is to be believed
  const S3Provider* provider = nullptr;  // never null once found
  bool lasting = false;                  // false where rights decided: counts until the next mount
};

// Tries everything on a few small objects named `key` and `key`-copy, and removes them.
base::Result<S3Found> ProbeServer(S3Session& session, const std::string& key);

}  // namespace objclient
