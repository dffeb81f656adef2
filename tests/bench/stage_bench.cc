// What a save costs without kernel, network and server: one file written in pieces of 1 MiB and
// committed into a store that throws the bytes away, the local copy and the checksums included.
//   stage_bench DIRECTORY [MiB] [rounds]
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/metrics.h"
#include "cache/staging.h"
#include "objclient/memory/memory_store.h"
#include "tests/bench/measure.h"

namespace {

// Answers every part at once and keeps nothing.
class DiscardingStore final : public objclient::MemoryStore {
 public:
  DiscardingStore() : MemoryStore(base::SystemClock()) {}

  void UploadPart(objclient::PartRequest request,
                  objclient::Callback<objclient::PartInfo> done) override {
    answers_.Submit([number = request.number, size = request.body.size(), done = std::move(done)] {
      done(objclient::PartInfo{number, "etag", size, std::nullopt});
    });
  }
  base::Result<std::string> CreateMultipart(const objclient::ObjectKey&,
                                            const objclient::Metadata&) override {
    return std::string("upload");
  }
  base::Result<objclient::ObjectHead> CompleteMultipart(
      const objclient::ObjectKey& key, const std::string&,
      const std::vector<objclient::PartInfo>& parts, const objclient::Precondition&) override {
    objclient::ObjectHead head;
    head.key = key;
    head.etag = "etag";
    for (const objclient::PartInfo& part : parts) head.size += part.size;
    return head;
  }

 private:
  base::Executor answers_{{.name = "discard", .threads = 1}};
};

double Now() { return static_cast<double>(base::SystemClock().MonotonicNs()) / 1e9; }

int Fail(const base::Error& error) {
  std::fprintf(stderr, "stage_bench: %s\n", error.ToString().c_str());
  return 1;
}

int Run(const std::filesystem::path& directory, std::uint64_t mib, int rounds) {
  base::Metrics metrics;
  DiscardingStore store;
  auto pool = cache::BlockPool::Open({.bytes = 160u << 20, .touch_bytes = 160u << 20});
  if (!pool.ok()) return Fail(pool.error());
  auto cache = cache::BlockCache::Open({.directory = directory / "cache"}, **pool, store,
                                       base::SystemClock(), metrics);
  if (!cache.ok()) return Fail(cache.error());
  auto staging = cache::Staging::Open({.directory = directory / "staging"}, **pool, **cache, store,
                                      base::SystemClock(), metrics);
  if (!staging.ok()) return Fail(staging.error());
  const std::vector<std::byte> piece(1u << 20, std::byte{42});
  const double gib = static_cast<double>(mib) / 1024;
  for (int round = 0; round < rounds; ++round) {
    cache::StageHooks hooks;
    hooks.target = []() -> base::Result<cache::UploadTarget> {
      return cache::UploadTarget{"bench", {}, {}};
    };
    auto file = (*staging)->Create({}, 0, hooks);
    if (!file.ok()) return Fail(file.error());
    const double start = Now();
    const double cpu = bench::Used().cpu_s;
    for (std::uint64_t at = 0; at < mib; ++at) {
      const base::Status written = (*file)->Write(at << 20, piece);
      if (!written.ok()) return Fail(written.error());
    }
    const double written = Now();
    auto head = (*file)->Commit();
    if (!head.ok()) return Fail(head.error());
    const double committed = Now();
    (*file)->Adopt({.id = round + 1, .key = "bench", .etag = "etag", .size = head->size});
    const double adopted = Now();
    std::printf(
        "round=%d gib=%.2f write_s=%.3f commit_s=%.3f adopt_s=%.3f gib_per_s=%.2f "
        "cpu_s_per_gib=%.3f\n",
        round, gib, written - start, committed - written, adopted - committed,
        gib / (adopted - start), (bench::Used().cpu_s - cpu) / gib);
    (*cache)->Forget(round + 1);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: stage_bench DIRECTORY [MiB] [rounds]\n");
    return 2;
  }
  const std::uint64_t mib = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1024;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 4;
  return Run(argv[1], mib, rounds);
}
