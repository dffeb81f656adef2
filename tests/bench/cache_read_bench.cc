// What the block cache itself costs: a sequential scan (or random reads) of one object whose bytes
// come from memory, in CPU seconds per GiB, beside a plain memcpy of the same bytes. Run by hand:
//   cache-read-bench [GiB] [read KiB] [random|disk]
// "disk" reads the object once, reopens the cache and measures the second read.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "cache/block_cache.h"
#include "objclient/memory/memory_store.h"
#include "tests/bench/measure.h"

namespace {

using base::kGiB;
using base::kKiB;
using base::kMiB;

class Meter {
 public:
  explicit Meter(const char* what) : what_(what) {}
  void Report(double gib) const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start_;
    std::printf("%-18s %6.2f GiB/s  %6.3f CPU s/GiB\n", what_, gib / wall.count(),
                (bench::Used().cpu_s - cpu_) / gib);
  }

 private:
  const char* const what_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const double cpu_ = bench::Used().cpu_s;
};

constexpr std::size_t kPiece = 16 * kKiB;  // what libcurl hands over at a time

// The bytes are in memory once, whatever the object's size.
class LoopingStore final : public objclient::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  void Deliver(const objclient::GetRequest& request) const {
    std::uint64_t at = request.range.offset;
    std::uint64_t done = 0;
    for (const std::span<std::byte> piece : request.into) {
      for (std::size_t i = 0; i < piece.size();) {
        const std::size_t count =
            std::min<std::size_t>({piece.size() - i, bytes_.size() - at % bytes_.size(), kPiece});
        std::memcpy(piece.data() + i, bytes_.data() + at % bytes_.size(), count);
        i += count;
        at += count;
        done += count;
        if (request.progress) request.progress(done);
      }
    }
  }
  void Get(objclient::GetRequest request,
           objclient::Callback<objclient::ObjectHead> done) override {
    executor_.Submit([this, request = std::move(request), done = std::move(done)] {
      Deliver(request);
      done(objclient::ObjectHead{});
    });
  }

 private:
  const std::vector<std::byte> bytes_ = std::vector<std::byte>(8 * kMiB, std::byte{0x5A});
  base::Executor executor_{{"bench-store", 1, 64}};
};

// Reads and waits, as one application thread does.
bool ReadNow(cache::BlockCache& cache, const cache::ObjectRef& object, base::ByteRange range) {
  std::promise<bool> promise;
  const auto hit =
      cache.Read(object, range, [&promise](auto result) { promise.set_value(result.ok()); });
  return hit.has_value() || promise.get_future().get();
}

bool Scan(cache::BlockCache& cache, const cache::ObjectRef& object, std::uint64_t step,
          bool random) {
  std::mt19937_64 shuffle(1);
  for (std::uint64_t at = 0; at < object.size; at += step) {
    const std::uint64_t offset = random ? shuffle() % (object.size / step) * step : at;
    if (!ReadNow(cache, object, {offset, step})) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, const char* fallback) { return argc > i ? argv[i] : fallback; };
  const std::uint64_t size = std::strtoull(argument(1, "2"), nullptr, 10) * kGiB;
  const std::uint64_t step = std::strtoull(argument(2, "1024"), nullptr, 10) * kKiB;
  const std::string mode = argument(3, "sequential");
  const double gib = static_cast<double>(size) / static_cast<double>(kGiB);
  const auto directory = std::filesystem::temp_directory_path() / "cairnfs-cache-bench";

  auto pool = cache::BlockPool::Open({.bytes = 256 * kMiB, .touch_bytes = 0});
  if (!pool.ok()) return 1;
  {
    // The pool is warm and the copy has its turn before the cache has.
    std::vector<cache::BlockRef> blocks;
    while (cache::BlockRef block = pool.value()->TryAllocate()) blocks.push_back(std::move(block));
    const LoopingStore store(base::SystemClock());
    for (const char* what : {"memcpy (warm-up)", "memcpy"}) {
      const Meter meter(what);
      for (std::uint64_t at = 0; at < size; at += kMiB) {
        objclient::GetRequest request;
        request.range = {at, kMiB};
        request.into = {blocks[at / kMiB % blocks.size()].bytes()};
        store.Deliver(request);
      }
      meter.Report(gib);
    }
  }
  base::Metrics metrics;
  LoopingStore store(base::SystemClock());
  cache::BlockCacheOptions options;
  options.directory = directory;
  options.disk_bytes = mode == "disk" ? 2 * size : 0;
  const cache::ObjectRef object{.id = 1, .key = "k", .etag = "e", .size = size};
  const int rounds = mode == "disk" ? 2 : 1;
  bool good = true;
  for (int round = 0; round < rounds; ++round) {
    auto cache =
        cache::BlockCache::Open(options, *pool.value(), store, base::SystemClock(), metrics);
    if (!cache.ok()) return 1;
    const Meter meter(round == 0 ? "cache" : "cache from disk");
    good = good && Scan(*cache.value(), object, step, mode == "random");
    meter.Report(gib);
  }
  for (const auto& [name, value] : metrics.Snapshot()) {
    std::printf("%s %llu\n", name.c_str(), static_cast<unsigned long long>(value));
  }
  std::filesystem::remove_all(directory);
  return good ? 0 : 1;
}
