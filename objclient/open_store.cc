#include "objclient/open_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "objclient/azure/azure_store.h"
#include "objclient/local/local_store.h"
#include "objclient/memory/memory_store.h"
#include "objclient/retrying_store.h"
#include "objclient/s3/s3_store.h"

namespace objclient {
namespace {

using Store = std::unique_ptr<ObjectStore>;

// A person waits for the mount: a few quick attempts, then the truth. With the connect timeout the
// whole check ends within about 15 s.
constexpr RetryPolicy kCheckPolicy{.attempts = 3, .time_limit = std::chrono::seconds(5)};

class Chance {
 public:
  double Next() EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return std::uniform_real_distribution<double>()(generator_);
  }

 private:
  base::Mutex mutex_;
  std::mt19937_64 generator_ GUARDED_BY(mutex_){std::random_device{}()};
};

base::Result<Store> OpenLocal(const BucketUrl& url, base::Clock& clock) {
  auto store = LocalStore::Open(url.bucket, clock);
  if (store.ok()) return Store(std::move(store).value());
  const base::Error& error = store.error();
  const std::string name = url.ToString();
  switch (error.errno_value()) {
    case ENOENT:
      return base::Error(base::ErrorClass::kNotFound,
                         fmt::format("{}: there is no such directory; make it (mkdir -p '{}') or "
                                     "correct the URL",
                                     name, url.bucket));
    case ENOTDIR:
      return base::Error(base::ErrorClass::kInvalid,
                         fmt::format("{}: this is a file, a bucket must be a directory", name),
                         ENOTDIR);
    case EACCES:
      return base::Error(base::ErrorClass::kAuth,
                         fmt::format("{}: this user may not read the directory", name));
    default:
      return error.Annotate(name);
  }
}

base::Result<Store> OpenBare(const BucketUrl& url, const StoreOptions& options, base::Clock& clock,
                             base::Metrics& metrics) {
  switch (url.kind) {
    case BucketUrl::Kind::kLocal:
      return OpenLocal(url, clock);
    case BucketUrl::Kind::kS3:
      return OpenS3Store(url, options, ProcessEnvironment(), clock, metrics);
    case BucketUrl::Kind::kAzure:
      return OpenAzureStore(url, options, ProcessEnvironment(), clock, metrics);
    case BucketUrl::Kind::kMemory:
      return Store(std::make_unique<MemoryStore>(clock));
  }
  return base::Error(base::ErrorClass::kBug, "a bucket URL of an unknown kind");
}

// What a refusal to list means; the error itself may know more and follows.
std::string_view Meaning(base::ErrorClass error_class, BucketUrl::Kind kind) {
  const bool azure = kind == BucketUrl::Kind::kAzure;
  if (kind != BucketUrl::Kind::kS3 && !azure) return "cannot list the bucket";
  switch (error_class) {
    case base::ErrorClass::kUnavailable:
    case base::ErrorClass::kTimeout:
      return "cannot reach the store, check --endpoint (port, http or https) and the network";
    case base::ErrorClass::kThrottled:
      return "the store is overloaded, try again later";
    case base::ErrorClass::kAuth:
      return "access denied, the credentials must be right and allow listing the bucket";
    case base::ErrorClass::kNotFound:
      return azure ? "no such container, or the endpoint is no Azure Blob server"
                   : "no such bucket, or the endpoint is no S3 server";
    default:
      return "cannot list the bucket";
  }
}

// Of stores across a network, whose answers may be late for reasons of one connection or server.
std::optional<Hedging::Options> HedgingFor(const BucketUrl& url, const StoreOptions& options,
                                           base::Metrics& metrics) {
  const bool remote = url.kind == BucketUrl::Kind::kS3 || url.kind == BucketUrl::Kind::kAzure;
  if (!remote) return std::nullopt;
  Hedging::Options hedging;
  hedging.connections = options.connections;
  hedging.allowed = [&held = metrics.Get("http_pace_held")] { return held.value() == 0; };
  return hedging;
}

base::Status CheckReachable(ObjectStore& store, base::Clock& clock, Chance& chance) {
  const std::int64_t began_ns = clock.MonotonicNs();
  for (std::uint32_t attempt = 1;; ++attempt) {
    const auto page = store.List({.prefix = "", .delimiter = "/", .continuation = "", .limit = 1});
    if (page.ok()) return base::Ok();
    const std::chrono::nanoseconds elapsed(clock.MonotonicNs() - began_ns);
    const auto delay = kCheckPolicy.NextDelay(attempt, elapsed, page.error(), chance.Next());
    if (!delay || !base::IsRetryable(page.error())) return page.error();
    clock.Sleep(*delay);
  }
}

}  // namespace

std::string FindEndpoint(const BucketUrl& url, const StoreOptions& options,
                         const Environment& environment) {
  switch (url.kind) {
    case BucketUrl::Kind::kS3:
      return FindS3Endpoint(options, environment);
    case BucketUrl::Kind::kAzure:
      return FindAzureEndpoint(url, options, environment);
    case BucketUrl::Kind::kLocal:
    case BucketUrl::Kind::kMemory:
      return {};
  }
  return {};
}

base::Result<std::unique_ptr<ObjectStore>> OpenStore(const BucketUrl& url,
                                                     const StoreOptions& options,
                                                     base::Clock& clock, base::Metrics& metrics) {
  if (!options.ca_bundle.empty() && access(options.ca_bundle.c_str(), R_OK) != 0) {
    return base::Error::FromErrno(errno, "--ca-bundle " + options.ca_bundle);
  }
  TRY_ASSIGN(Store bare, OpenBare(url, options, clock, metrics));
  // shared_ptr: the decorator's function may run as long as the store lives.
  const auto chance = std::make_shared<Chance>();
  const base::Status reachable = CheckReachable(*bare, clock, *chance);
  if (!reachable.ok()) {
    const base::Error& error = reachable.error();
    return error.Annotate(
        fmt::format("{}: {}", url.ToString(), Meaning(error.error_class(), url.kind)));
  }
  const RetryPolicy policy{.time_limit = options.retry_time_limit};
  return Store(std::make_unique<RetryingStore>(
      std::move(bare), policy,
      RetryingStore::Environment{clock, [chance] { return chance->Next(); }, {}, options.stop},
      metrics, HedgingFor(url, options, metrics)));
}

}  // namespace objclient
