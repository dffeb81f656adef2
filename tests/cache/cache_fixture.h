// CacheFixture: a pool, a scripted store and a block cache over them, and reads whose answers can
// be waited for. The test owns it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/digest/digest.h"
#include "base/metrics.h"
#include "cache/block_cache.h"
#include "tests/cache/scripted_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace testing_support {

// A read on its way.
class PendingRead {
 public:
  PendingRead(cache::BlockCache& cache, const cache::ObjectRef& object, base::ByteRange range)
      : object_(object), range_(range), promise_(std::make_shared<Promise>()) {
    auto hit = cache.Read(object, range, [promise = promise_](auto result) {
      promise->set_value(std::move(result));
    });
    future_ = promise_->get_future();
    hit_ = hit.has_value();
    if (hit) promise_->set_value(std::move(*hit));
  }
  bool hit() const { return hit_; }
  bool ready() const {
    return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  base::Result<cache::PinnedBytes> Wait() { return future_.get(); }
  // Waits; true when all bytes came and are the right ones.
  bool Good() {
    const auto result = Wait();
    return result.ok() && result.value().size() == range_.length &&
           IsPattern(object_.key, range_.offset, result.value());
  }

 private:
  using Promise = std::promise<base::Result<cache::PinnedBytes>>;
  const cache::ObjectRef object_;
  const base::ByteRange range_;
  std::shared_ptr<Promise> promise_;  // shared with the callback
  std::future<base::Result<cache::PinnedBytes>> future_;
  bool hit_ = false;
};

struct CacheFixture {
  explicit CacheFixture(ScriptedStore::Mode mode = ScriptedStore::Mode::kManual,
                        std::size_t pool_blocks = 64, cache::BlockCacheOptions cache_options = {})
      : options(std::move(cache_options)), store(mode) {
    options.directory = directory / "cache";
    auto made = cache::BlockPool::Open(
        {.bytes = pool_blocks * cache::kBlockSize, .touch_bytes = 0, .reserved_blocks = 4});
    EXPECT_TRUE(made.ok());
    pool = std::move(made).value();
    Mount();
  }
  void Mount() {
    auto opened = cache::BlockCache::Open(options, *pool, store, clock, metrics);
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
    cache = std::move(opened).value();
  }
  PendingRead Read(const cache::ObjectRef& object, std::uint64_t offset, std::uint64_t length) {
    return {*cache, object, {offset, length}};
  }
  std::uint64_t Count(std::string_view name) { return metrics.Get(name).value(); }

  TempDir directory;
  cache::BlockCacheOptions options;
  FakeClock clock;
  base::Metrics metrics;
  ScriptedStore store;
  std::unique_ptr<cache::BlockPool> pool;
  std::unique_ptr<cache::BlockCache> cache;
};

inline cache::ObjectRef MakeObject(std::int64_t id, std::uint64_t size) {
  return {.id = id, .key = "object-" + std::to_string(id), .etag = "v1", .size = size};
}

// One whose bytes are known.
inline cache::ObjectRef MakeSummed(std::int64_t id, std::uint64_t size) {
  cache::ObjectRef object = MakeObject(id, size);
  base::PieceSums sums;
  std::vector<std::byte> piece;
  for (std::uint64_t at = 0; at < size; at += cache::kGranuleSize) {
    piece.resize(std::min(cache::kGranuleSize, size - at));
    FillPattern(object.key, at, piece);
    sums.push_back(base::Crc32c(0, piece));
  }
  object.sums = base::Share(std::move(sums));
  return object;
}

}  // namespace testing_support
