// StageShared: what all staged files of one Staging share: the floors they stand on, the threads
// that work for them, their counters and the queue to the network. Owned by Staging, which outlives
// the work; members are constant after construction or safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "cache/block_cache.h"
#include "cache/block_pool.h"
#include "cache/part_layout.h"
#include "cache/send_queue.h"
#include "cache/stage_disk.h"
#include "cache/staging.h"
#include "objclient/object_store.h"

namespace cache {

struct StageShared {
  StageShared(StagingOptions stage_options, std::unique_ptr<StageDisk> stage_disk,
              BlockPool& block_pool, BlockCache& block_cache, objclient::ObjectStore& object_store,
              base::Metrics& metrics)
      : options(std::move(stage_options)),
        disk(std::move(stage_disk)),
        pool(block_pool),
        cache(block_cache),
        store(object_store),
        layout(options.part_bytes, store.capabilities().parts_equal),
        bytes_written(metrics.Get("stage_bytes_written")),
        upload_parts(metrics.Get("upload_parts")),
        upload_bytes(metrics.Get("upload_bytes")),
        upload_resent_parts(metrics.Get("upload_resent_parts")),
        sends(options.uploads_in_flight, block_pool.capacity_blocks() * kBlockSize / 4 * 3) {}

  const StagingOptions options;
  const std::unique_ptr<StageDisk> disk;
  BlockPool& pool;
  BlockCache& cache;
  objclient::ObjectStore& store;
  const PartLayout layout;
  base::Counter& bytes_written;
  base::Counter& upload_parts;
  base::Counter& upload_bytes;
  base::Counter& upload_resent_parts;

  SendQueue sends;
  // Parts on their way, waiting ones included. Atomic: a writer that waits sees hope in it.
  std::atomic<std::uint32_t> leaving{0};
  // Sends whose memory is complete: each will give blocks back. Atomic: read by the reclaimer.
  std::atomic<std::uint32_t> transmitting{0};
  // Grows whenever something left memory or was put on disk: a writer that waits sees hope in it.
  std::atomic<std::uint64_t> progress{0};

  // Last: their destructors run what is queued, on the members above.
  base::Executor saver{{.name = "stage-disk", .threads = 1}};
  base::Executor readers{{.name = "stage-read", .threads = 2}};
  // One thread, so that at most one send at a time holds some of its blocks and waits for more.
  base::Executor assembly{{.name = "stage-send", .threads = 1, .queue_limit = 1u << 20}};
  base::Executor control{{.name = "stage-control", .threads = 4, .queue_limit = 1u << 20}};
};

}  // namespace cache
