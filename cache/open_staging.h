// OpenStagingOn: Staging::Open with a disk of the caller's choice, for tests that fill or break it.
#pragma once

#include <memory>

#include "cache/stage_disk.h"
#include "cache/staging.h"

namespace cache {

base::Result<std::unique_ptr<Staging>> OpenStagingOn(std::unique_ptr<StageDisk> disk,
                                                     StagingOptions options, BlockPool& pool,
                                                     BlockCache& cache,
                                                     objclient::ObjectStore& store,
                                                     base::Metrics& metrics);

}  // namespace cache
