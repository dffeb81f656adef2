// store-transfer: the same transfer as raw-transfer, through S3Store and its retries-free verbs,
// into and out of pre-touched memory. The difference between the two is what our HTTP client costs.
//
//   store-transfer get --url s3://bucket/key --endpoint http://127.0.0.1:9000 --size 1GiB
#include <sys/mman.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "base/bytes.h"
#include "base/mutex.h"
#include "objclient/s3/s3_store.h"

namespace {

struct Options {
  bool put = false;
  std::string key;
  std::uint64_t size = 0;
  std::uint64_t range = 0;
  std::uint64_t touch = 0;
  std::uint32_t connections = 8;
  int runs = 3;
};

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "store-transfer: %s\n", why.c_str());
  std::exit(1);
}

template <typename T>
T Must(base::Result<T> result) {
  if (!result.ok()) Die(result.error().ToString());
  return std::move(*result);
}

// Memory in huge pages, every page touched.
std::span<std::byte> TouchedMemory(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Die("no memory");
  madvise(memory, size, MADV_HUGEPAGE);
  std::memset(memory, 0x5A, size);
  return {static_cast<std::byte*>(memory), size};
}

// Keeps `connections` requests under way, each with a piece of memory of its own.
class Slots {
 public:
  Slots(std::size_t count, std::size_t size) : memory_(TouchedMemory(count * size)), size_(size) {
    for (std::size_t i = 0; i < count; ++i) idle_.push_back(i);
    count_ = count;
  }
  std::span<std::byte> Take() {
    base::MutexLock lock(mutex_);
    while (idle_.empty()) changed_.Wait(mutex_);
    const std::size_t slot = idle_.back();
    idle_.pop_back();
    return memory_.subspan(slot * size_, size_);
  }
  void Give(std::span<std::byte> piece) {
    base::MutexLock lock(mutex_);
    idle_.push_back(static_cast<std::size_t>(piece.data() - memory_.data()) / size_);
    changed_.NotifyAll();
  }
  void WaitForAll() {
    base::MutexLock lock(mutex_);
    while (idle_.size() < count_) changed_.Wait(mutex_);
  }

 private:
  const std::span<std::byte> memory_;
  const std::size_t size_;
  std::size_t count_ = 0;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<std::size_t> idle_ GUARDED_BY(mutex_);
};

void Get(const Options& options, objclient::ObjectStore& store, Slots& slots) {
  for (std::uint64_t offset = 0; offset < options.size; offset += options.range) {
    const std::uint64_t length = std::min(options.range, options.size - offset);
    const auto slot = slots.Take();
    objclient::GetRequest request;
    request.key = options.key;
    request.range = {offset, length};
    // As the cache hands it over: blocks of 1 MiB.
    for (std::uint64_t at = 0; at < length; at += base::kMiB) {
      request.into.push_back(slot.subspan(at, std::min<std::uint64_t>(base::kMiB, length - at)));
    }
    request.progress = [](std::uint64_t) {};
    store.Get(std::move(request), [&slots, slot](base::Result<objclient::ObjectHead> head) {
      Must(std::move(head));
      slots.Give(slot);
    });
  }
  slots.WaitForAll();
}

void Put(const Options& options, objclient::ObjectStore& store, Slots& slots) {
  const std::string id = Must(store.CreateMultipart(options.key, {}));
  const std::size_t count = (options.size + options.range - 1) / options.range;
  std::vector<objclient::PartInfo> parts(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t length = std::min(options.range, options.size - i * options.range);
    const auto slot = slots.Take();
    objclient::PartRequest request;
    request.key = options.key;
    request.upload_id = id;
    request.number = static_cast<std::uint32_t>(i + 1);
    request.body.pieces = {slot.first(length)};
    store.UploadPart(std::move(request),
                     [&slots, slot, &part = parts[i]](base::Result<objclient::PartInfo> stored) {
                       part = Must(std::move(stored));
                       slots.Give(slot);
                     });
  }
  slots.WaitForAll();
  Must(store.CompleteMultipart(options.key, id, parts, {}));
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void RunOnce(const Options& options, objclient::ObjectStore& store, Slots& slots) {
  if (options.touch > 0) munmap(TouchedMemory(options.touch).data(), options.touch);
  const double cpu_before = CpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  if (options.put) {
    Put(options, store, slots);
  } else {
    Get(options, store, slots);
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const double gib = static_cast<double>(options.size) / static_cast<double>(base::kGiB);
  std::printf(
      "{\"what\":\"store-%s\",\"bytes\":%llu,\"range_bytes\":%llu,\"connections\":%u,"
      "\"seconds\":%.3f,\"gib_per_s\":%.3f,\"client_cpu_s_per_gib\":%.3f}\n",
      options.put ? "put" : "get", static_cast<unsigned long long>(options.size),
      static_cast<unsigned long long>(options.range), options.connections, wall.count(),
      gib / wall.count(), (CpuSeconds() - cpu_before) / gib);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("How fast S3Store moves an object from or to an S3 server.");
  Options options;
  std::string verb;
  std::string url;
  std::string size = "1GiB";
  std::string range = "8MiB";
  std::string touch = "0";
  objclient::StoreOptions store_options;
  app.add_option("verb", verb, "get or put")->required()->check(CLI::IsMember({"get", "put"}));
  app.add_option("--url", url, "s3://bucket/key")->required();
  app.add_option("--endpoint", store_options.endpoint, "http://host:port");
  app.add_option("--size", size, "bytes to move");
  app.add_option("--range", range, "bytes of one GET or of one part");
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 256));
  app.add_option("--runs", options.runs)->check(CLI::Range(1, 1000));
  app.add_option("--touch", touch, "touch and free so much memory before each run");
  CLI11_PARSE(app, argc, argv);
  options.put = verb == "put";
  options.size = Must(base::ParseSize(size));
  options.range = Must(base::ParseSize(range));
  options.touch = Must(base::ParseSize(touch));
  store_options.connections = options.connections;

  const auto slash = url.find('/', 5);
  if (!url.starts_with("s3://") || slash == std::string::npos) Die("--url wants s3://bucket/key");
  objclient::BucketUrl bucket{objclient::BucketUrl::Kind::kS3, url.substr(5, slash - 5), "", ""};
  options.key = url.substr(slash + 1);
  base::Metrics metrics;
  const auto store = Must(objclient::OpenS3Store(
      bucket, store_options, objclient::ProcessEnvironment(), base::SystemClock(), metrics));
  Slots slots(options.connections, options.range);
  for (int run = 0; run < options.runs; ++run) RunOnce(options, *store, slots);
  return 0;
}
