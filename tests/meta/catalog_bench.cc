// catalog-bench DIRECTORY: what the name space does on this machine, as lines "what: figure". Makes
// and removes a database in DIRECTORY. Run by hand, never by ctest.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "meta/sqlite/sqlite_catalog.h"

namespace meta {
namespace {

template <typename T>
T Must(base::Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::cerr << result.error().ToString() << "\n";
  std::exit(1);
}

// Wall and processor seconds: on a busy machine the second tells more.
struct Spent {
  double wall = 0;
  double cpu = 0;
};
Spent SpentOn(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
          static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC};
}

// Runs `work(thread, i)` for i below `count` on each of `threads`; prints operations a second.
void Measure(const std::string& what, int threads, int count,
             const std::function<void(int, int)>& work) {
  const Spent spent = SpentOn([&] {
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t) {
      running.emplace_back([&work, count, t] {
        for (int i = 0; i < count; ++i) work(t, i);
      });
    }
    for (std::thread& thread : running) thread.join();
  });
  const double total = static_cast<double>(threads) * count;
  std::printf("%s, %d threads: %.0f/s, %.1f cpu us each\n", what.c_str(), threads,
              total / spent.wall, 1e6 * spent.cpu / total);
  std::fflush(stdout);
}

std::string NameOf(int thread, int i) {
  return "shard-" + std::to_string(thread) + "-" + std::to_string(i) + ".safetensors";
}

void MeasureOperations(Catalog& catalog, int threads) {
  constexpr int kCreates = 20000;
  const NewInode directory_of{S_IFDIR | 0755, 0, 0, 0, "", 1};
  const InodeId directory =
      Must(catalog.Create(kRootInode, "d" + std::to_string(threads), directory_of)).id;
  Measure("create", threads, kCreates, [&](int t, int i) {
    Must(catalog.Create(directory, NameOf(t, i), {S_IFREG | 0644, 0, 0, 0, "", 1}));
  });
  Measure("lookup", threads, 100000,
          [&](int t, int i) { Must(catalog.Lookup(directory, NameOf(t, (i * 7919) % kCreates))); });
  Measure("getattr", threads, 100000, [&](int, int i) {
    Must(catalog.GetInode(static_cast<InodeId>(2 + (i * 7919) % kCreates)));
  });
  Measure("commit content (kSync)", threads, 3000, [&](int t, int i) {
    const std::string name = NameOf(t, i);
    Catalog::Commit commit;
    commit.inode = Must(catalog.Lookup(directory, name)).id;
    commit.size = 1000;
    commit.object = Object{{}, "d" + std::to_string(threads) + "/" + name, "etag", 1000};
    Must(catalog.CommitContent(commit, Durability::kSync));
  });
  Measure("rename", threads, 10000, [&](int t, int i) {
    const std::string name = NameOf(t, i);
    Must(catalog.Rename(directory, name, directory, name + ".new", {}, 2));
  });
  Measure("unlink", threads, 5000,
          [&](int t, int i) { Must(catalog.Unlink(directory, NameOf(t, i) + ".new", 2)); });
}

void MeasureListing(Catalog& catalog, std::size_t files) {
  const std::string count = std::to_string(files);
  const InodeId directory =
      Must(catalog.Create(kRootInode, "listed-" + count, {S_IFDIR | 0755, 0, 0, 0, "", 1})).id;
  ListedDirectory listing;
  for (std::size_t i = 0; i < files; ++i) {
    const std::string name = "object-" + std::to_string(i);
    listing.files.push_back(
        {name, "", "listed-" + count + "/" + name, "d41d8cd98f00b204e9800998ecf8427e", 1000, 1});
  }
  const auto reconcile = [&] {
    Must(catalog.Reconcile(
        directory, listing, {}, [](const objclient::ObjectKey&) { return false; }, 5));
  };
  for (const char* what : {"new", "same"}) {
    const Spent spent = SpentOn(reconcile);
    std::printf("reconcile %s %s entries: %.2f s, %.2f cpu s\n", count.c_str(), what, spent.wall,
                spent.cpu);
  }
  std::size_t seen = 0;
  const Spent scan = SpentOn([&] {
    std::string after;
    for (;;) {
      const auto page = Must(catalog.ReadDir(directory, after, 1000));
      seen += page.size();
      if (page.size() < 1000) break;
      after = page.back().name;
    }
  });
  std::printf("readdir: %.0f entries/s, %.2f cpu us each\n", static_cast<double>(seen) / scan.wall,
              1e6 * scan.cpu / static_cast<double>(seen));
  std::fflush(stdout);
}

int Run(const std::filesystem::path& directory) {
  const auto path = directory / "catalog-bench.db";
  {
    const auto catalog = Must(SqliteCatalog::Open(path, OpenMode::kCreate, {}));
    for (const int threads : {1, 4}) MeasureOperations(*catalog, threads);
    for (const std::size_t files : {std::size_t{100'000}, std::size_t{1'000'000}})
      MeasureListing(*catalog, files);
  }
  std::printf("database: %.0f MiB\n",
              static_cast<double>(std::filesystem::file_size(path)) / 1048576);
  std::filesystem::remove(path);
  return 0;
}

}  // namespace
}  // namespace meta

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: catalog-bench DIRECTORY\n";
    return 2;
  }
  return meta::Run(argv[1]);
}
