// store-transfer: the same transfers as raw-transfer, through OpenStore, into and out of
// pre-touched memory. The difference between the two is what our client costs.
//
//   store-transfer get --url s3://bucket/key --endpoint http://127.0.0.1:9000 --size 1GiB
//   store-transfer fill --url s3://bucket/keys/ --count 1000000    makes keys below 16 prefixes
//   store-transfer list --url s3://bucket/keys/                    lists them, 16 at a time
//
// AWS_CA_BUNDLE and the credentials are those of the environment.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "objclient/open_store.h"
#include "tests/bench/measure.h"

namespace {

constexpr unsigned kPrefixes = 16;  // of fill and list

struct Options {
  std::string verb;
  std::string key;  // get and put: an object; fill and list: what the keys begin with
  std::uint64_t size = 0;
  std::uint64_t range = 0;
  std::uint64_t touch = 0;
  std::uint64_t count = 0;
  std::uint32_t connections = 0;
  std::uint32_t in_flight = 0;
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

// Keeps `connections` requests under way, each with a piece of memory of its own.
class Slots {
 public:
  Slots(std::size_t count, std::size_t size)
      : memory_(bench::TouchedMemory(count * size)), size_(size) {
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

// A store is asked once what it can do, and a mount keeps the answer; here that is before the
// clock.
void Meet(const Options& options, objclient::ObjectStore& store) {
  const std::string id = Must(store.CreateMultipart(options.key, {}));
  const base::Status aborted = store.AbortMultipart(options.key, id);
  if (!aborted.ok()) Die(aborted.error().ToString());
}

std::string PrefixOf(const Options& options, unsigned number) {
  char text[8];
  std::snprintf(text, sizeof text, "%02u/", number);
  return options.key + text;
}

// Objects of one byte, spread over the prefixes.
void Fill(const Options& options, objclient::ObjectStore& store, Slots& slots) {
  for (std::uint64_t i = 0; i < options.count; ++i) {
    const auto slot = slots.Take();
    objclient::PutRequest request;
    request.key = PrefixOf(options, static_cast<unsigned>(i % kPrefixes)) + std::to_string(i);
    request.body.pieces = {slot.first(1)};
    store.Put(std::move(request), [&slots, slot](base::Result<objclient::ObjectHead> head) {
      Must(std::move(head));
      slots.Give(slot);
    });
  }
  slots.WaitForAll();
}

// Answers the count of keys. One thread a prefix, page by page.
std::uint64_t List(const Options& options, objclient::ObjectStore& store) {
  std::vector<std::uint64_t> counts(kPrefixes);
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < kPrefixes; ++number) {
    threads.emplace_back([&, number] {
      objclient::ListRequest request;
      request.prefix = PrefixOf(options, number);
      do {
        const auto page = Must(store.List(request));
        counts[number] += page.objects.size();
        request.continuation = page.continuation;
      } while (!request.continuation.empty());
    });
  }
  std::uint64_t sum = 0;
  for (unsigned number = 0; number < kPrefixes; ++number) {
    threads[number].join();
    sum += counts[number];
  }
  return sum;
}

void RunOnce(const Options& options, objclient::ObjectStore& store, Slots& slots) {
  bench::TouchAndFree(options.touch);
  const bench::Usage before = bench::Used();
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t bytes = 0;
  std::uint64_t items = 0;  // requests, or keys
  if (options.verb == "list") {
    items = List(options, store);
  } else if (options.verb == "fill") {
    Fill(options, store, slots);
    items = options.count;
  } else {
    options.verb == "put" ? Put(options, store, slots) : Get(options, store, slots);
    bytes = options.size;
    items = (options.size + options.range - 1) / options.range;
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const bench::Usage after = bench::Used();
  std::printf(
      "{\"what\":\"store-%s\",\"bytes\":%llu,\"items\":%llu,\"connections\":%u,\"in_flight\":%u,"
      "\"seconds\":%.4f,\"cpu_s\":%.4f,\"peak_rss_mib\":%.1f,\"buffer_mib\":%.1f}\n",
      options.verb.c_str(), static_cast<unsigned long long>(bytes),
      static_cast<unsigned long long>(items), options.connections, options.in_flight, wall.count(),
      after.cpu_s - before.cpu_s, after.peak_rss_mib,
      static_cast<double>(options.range * options.in_flight) / static_cast<double>(base::kMiB));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("How fast our client moves an object from or to an S3 server, or lists keys.");
  Options options;
  std::string url;
  std::string size = "1GiB";
  std::string range = "8MiB";
  std::string touch = "0";
  objclient::StoreOptions store_options;
  app.add_option("verb", options.verb, "get, put, fill or list")
      ->required()
      ->check(CLI::IsMember({"get", "put", "fill", "list"}));
  app.add_option("--url", url, "s3://bucket/key")->required();
  app.add_option("--endpoint", store_options.endpoint, "http://host:port");
  app.add_option("--size", size, "bytes to move");
  app.add_option("--range", range, "bytes of one GET or of one part");
  app.add_option("--count", options.count, "keys to make");
  app.add_option("--connections", store_options.connections, "left out = the store's own choice")
      ->check(CLI::Range(1, 256));
  app.add_option("--in-flight", options.in_flight, "requests at a time; left out = connections")
      ->check(CLI::Range(1, 4096));
  app.add_option("--runs", options.runs)->check(CLI::Range(1, 1000));
  app.add_option("--touch", touch, "touch and free so much memory before each run");
  CLI11_PARSE(app, argc, argv);
  options.size = Must(base::ParseSize(size));
  options.range = Must(base::ParseSize(range));
  options.touch = Must(base::ParseSize(touch));
  options.connections = store_options.connections;
  if (options.in_flight == 0) options.in_flight = options.connections;

  const auto slash = url.find('/', 5);
  if (!url.starts_with("s3://") || slash == std::string::npos) Die("--url wants s3://bucket/key");
  const auto bucket = Must(objclient::ParseBucketUrl(url.substr(0, slash)));
  options.key = url.substr(slash + 1);
  base::Metrics metrics;
  const auto store = Must(OpenStore(bucket, store_options, base::SystemClock(), metrics));
  Slots slots(options.in_flight, options.range);
  if (options.verb == "put") Meet(options, *store);
  for (int run = 0; run < options.runs; ++run) RunOnce(options, *store, slots);
  return 0;
}
