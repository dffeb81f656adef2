// StageFixture: a staging area over a small pool, a flaky store and a disk that can be full, with a
// string beside each file to compare with. One test owns it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "cache/block_cache.h"
#include "cache/open_staging.h"
#include "tests/cache/flaky_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace testing_support {

// A stage disk that is full on demand, shared with the test. Atomic: set while threads write.
struct DiskScript {
  std::atomic<bool> full{false};
  std::atomic<int> writes{0};
  std::atomic<int> reads{0};
};

std::unique_ptr<cache::StageDisk> MakeScriptedDisk(std::unique_ptr<cache::StageDisk> real,
                                                   DiskScript& script);

struct StageFixture {
  struct Options {
    std::size_t pool_blocks = 64;
    std::uint32_t reserved_blocks = 8;
    std::uint64_t part_bytes = 1u << 20;
    std::uint64_t single_put_max = 1u << 20;
    std::uint32_t uploads_in_flight = 4;
  };
  StageFixture() : StageFixture(Options()) {}
  explicit StageFixture(Options options);
  // A new process on the same disk and store.
  void Restart();

  std::shared_ptr<cache::StagedFile> Create(
      const std::string& key, std::vector<cache::FileExtent> base = {}, std::uint64_t size = 0,
      objclient::Precondition precondition = {.if_absent = true, .if_match = {}});
  cache::StageHooks Hooks(const std::string& key, objclient::Precondition precondition = {
                                                      .if_absent = true, .if_match = {}});
  // The object as a base for files: id counts up.
  cache::ObjectRef Object(const objclient::ObjectHead& head);
  std::uint64_t Count(std::string_view name) { return metrics.Get(name).value(); }
  std::size_t LocalFiles() const;

  const Options options;
  TempDir directory;
  FakeClock clock;
  base::Metrics metrics;
  DiskScript disk;
  FlakyStore store{clock};
  std::atomic<int> targets{0}, starts{0};  // calls of the hooks, from any thread
  std::int64_t objects = 0;
  std::function<base::SharedPieceSums(std::int64_t)> sums_of;  // a hook
  std::unique_ptr<cache::BlockPool> pool;
  std::unique_ptr<cache::BlockCache> cache;
  std::unique_ptr<cache::Staging> staging;
};

inline std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}
std::string ToString(const cache::PinnedBytes& bytes);
// Bytes that differ everywhere, different for each seed.
std::string Noise(std::size_t size, std::uint32_t seed);
// Of each granule.
base::PieceSums SumsOf(std::string_view content);
base::Result<std::string> ReadAll(cache::StagedFile& file, base::ByteRange range);
base::Result<std::string> ReadAll(cache::BlockCache& cache, const cache::ObjectRef& object);

}  // namespace testing_support
