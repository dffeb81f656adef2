#include "fs/mount.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <stop_token>

#include "base/digest/digest.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cache/block_cache.h"
#include "cache/block_pool.h"
#include "cache/staging.h"
#include "fs/fuse/session.h"
#include "fs/store_note.h"
#include "fs/volume_paths.h"
#include "meta/sqlite/sqlite_catalog.h"

namespace fs {
namespace {

// The floors of a mounted volume; destroyed in reverse order.
struct Volume {
  std::stop_source store_stop;
  base::UniqueFd lock;
  base::Metrics metrics;
  std::unique_ptr<meta::Catalog> catalog;
  std::unique_ptr<objclient::ObjectStore> store;
  std::unique_ptr<cache::BlockPool> pool;
  std::unique_ptr<cache::BlockCache> cache;
  std::unique_ptr<cache::Staging> staging;
  std::unique_ptr<Filesystem> filesystem;
};

// Many arenas would hold on to memory that the limit does not know of.
void BoundAllocator() {
  constexpr int kArenas = 4;
  mallopt(M_ARENA_MAX, kArenas);
  // libcurl's buffers come and go with each request: given back to the kernel in between, they cost
  // a page fault for every 4 KiB of every transfer.
  constexpr int kMappedBytes = 1 << 20;  // an allocation of its own from here on
  constexpr int kSpareBytes = 16 << 20;  // kept at the end of an arena
  mallopt(M_MMAP_THRESHOLD, kMappedBytes);
  mallopt(M_TRIM_THRESHOLD, kSpareBytes);
}

// Every file being written holds two descriptors; the usual soft limit of 1024 is for select(2).
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) LOG_WARN("descriptor limit stays as it is");
}

base::Result<std::unique_ptr<meta::Catalog>> OpenCatalog(const MountConfig& config,
                                                         base::Clock& clock) {
  constexpr std::size_t kUuidBytes = 16;
  meta::SqliteCatalog::Options options;
  options.volume.url = config.identity;
  options.volume.uuid = base::RandomHex(kUuidBytes);
  options.volume.created_ns = clock.WallNs();
  options.root_mode = config.filesystem.directory_mode;
  options.root_uid = config.filesystem.uid;
  options.root_gid = config.filesystem.gid;
  TRY_ASSIGN(std::unique_ptr<meta::Catalog> catalog,
             meta::SqliteCatalog::Open(DatabasePath(config.state_directory),
                                       meta::OpenMode::kCreate, options));
  return catalog;
}

base::Status OpenCaches(const MountConfig& config, base::Clock& clock, Volume& volume) {
  TRY_ASSIGN(volume.pool,
             cache::BlockPool::Open({.bytes = config.memory_limit - kMemoryOutsidePool}));
  TRY_ASSIGN(const meta::VolumeInfo info, volume.catalog->Volume());
  cache::BlockCacheOptions cache_options;
  cache_options.directory = config.cache_directory / info.uuid;
  cache_options.disk_bytes = config.cache_size;
  cache_options.connections = config.store.connections;
  auto cache =
      cache::BlockCache::Open(cache_options, *volume.pool, *volume.store, clock, volume.metrics);
  if (!cache.ok()) {
    return cache.error().Annotate(
        "cache directory (another one: --cache-dir; none: --cache-size 0)");
  }
  volume.cache = std::move(*cache);
  cache::StagingOptions staging_options;
  staging_options.directory = config.state_directory / "staging";
  staging_options.uploads_in_flight = config.store.connections;
  TRY_ASSIGN(volume.staging, cache::Staging::Open(staging_options, *volume.pool, *volume.cache,
                                                  *volume.store, clock, volume.metrics));
  return base::Ok();
}

base::Status OpenVolume(const MountConfig& config, base::Clock& clock, Volume& volume) {
  // The bucket first: a mount that fails at it leaves no name space behind.
  objclient::StoreOptions store = config.store;
  store.memory = NoteOf(volume.catalog, clock, config.filesystem.version);
  store.stop = volume.store_stop.get_token();
  TRY_ASSIGN(volume.store, objclient::OpenStore(config.url, store, clock, volume.metrics));
  TRY(MakeStateDirectory(config.state_directory));
  TRY_ASSIGN(volume.lock, LockStateDirectory(config.state_directory));
  TRY_ASSIGN(volume.catalog, OpenCatalog(config, clock));
  if (const auto known = volume.store->Discover(); !known.ok()) {
    LOG_WARN("what the store can do is not known: {}", known.error().ToString());
  }
  TRY(OpenCaches(config, clock, volume));
  TRY_ASSIGN(
      volume.filesystem,
      Filesystem::Open(config.filesystem, {*volume.catalog, *volume.store, *volume.cache,
                                           *volume.staging, clock, volume.metrics, nullptr}));
  return base::Ok();
}

}  // namespace

base::Status MountAndServe(const MountConfig& config, base::Clock& clock,
                           const std::function<void()>& ready) {
  BoundAllocator();
  RaiseDescriptorLimit();
  Volume volume;
  TRY(OpenVolume(config, clock, volume));

  SessionOptions options;
  options.mount_point = config.mount_point;
  options.source = config.url.ToString();
  options.mount_options = config.mount_options;
  options.read_only = config.filesystem.read_only;
  options.allow_other = config.allow_other;
  options.refresh_s = config.filesystem.refresh_s;
  options.ready = ready;
  TRY_ASSIGN(const std::unique_ptr<FuseSession> session,
             FuseSession::Mount(std::move(options), *volume.filesystem, clock));
  volume.filesystem->SetNotifier(&session->notifier());
  LOG_INFO("mounted url={} dir={} state={} cache={} memory_limit={}", config.url.ToString(),
           config.mount_point.string(), config.state_directory.string(),
           config.cache_directory.string(), config.memory_limit);

  const base::Status served = session->Run();
  if (const base::Status noted = NoteUnmounted(volume.lock); !noted.ok()) {
    LOG_WARN("{}", noted.error().ToString());
  }
  volume.filesystem->SetNotifier(nullptr);
  // Past the limit nobody waits for a store that is away, retries included.
  base::Timer limit("shutdown");
  limit.After(config.shutdown_limit, [stop = volume.store_stop]() mutable { stop.request_stop(); });
  const base::Status drained =
      volume.filesystem->Shutdown(static_cast<std::uint64_t>(config.shutdown_limit.count()));
  if (!drained.ok()) {
    LOG_WARN("unmounted with work left, to be done at the next mount: {}",
             drained.error().ToString());
  }
  LOG_INFO("unmounted url={} dir={}", config.url.ToString(), config.mount_point.string());
  return served;
}

}  // namespace fs
