// A process that commits and is killed at any moment: what it was told is there afterwards, whole,
// and the totals agree with the tree.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "meta/sqlite/sqlite_catalog.h"
#include "tests/meta/results.h"
#include "tests/support/temp_dir.h"

namespace meta {
namespace {

constexpr int kThreads = 3;

std::unique_ptr<SqliteCatalog> OpenAt(const std::filesystem::path& path) {
  SqliteCatalog::Options options;
  options.volume.url = "s3://bucket/";
  options.writer.checkpoint_frames = 40;  // so that some are killed in one
  return MustHave(SqliteCatalog::Open(path, OpenMode::kCreate, options));
}

// One acknowledged save: thread and number.
struct Saved {
  int thread = 0;
  int number = 0;
};

std::string NameOf(int round, const Saved& saved) {
  return "r" + std::to_string(round) + "-t" + std::to_string(saved.thread) + "-" +
         std::to_string(saved.number);
}

// Saves files as a mount does, temporary name, commit, rename; tells of each on the pipe. Runs
// until it is killed.
void SaveForEver(Catalog& catalog, int round, int thread, int pipe) {
  for (int number = 0;; ++number) {
    const Saved saved{thread, number};
    const std::string name = NameOf(round, saved);
    const std::string temporary = name + ".tmp";
    const Inode file =
        MustHave(catalog.Create(kRootInode, temporary, {S_IFREG | 0644, 1, 1, 0, "", number + 1}));
    Intent upload;
    upload.inode = file.id;
    upload.key = temporary;
    const IntentId intent = MustHave(catalog.AddIntent(upload, Durability::kAsync));
    Catalog::Commit commit;
    commit.inode = file.id;
    commit.size = 7;
    commit.object = Object{{}, temporary, "etag", 7};
    commit.finished = intent;
    MustHave(
        catalog.CommitContent(commit, number % 4 == 0 ? Durability::kSync : Durability::kAsync));
    MustHave(catalog.Rename(kRootInode, temporary, kRootInode, name, {}, number + 1));
    if (::write(pipe, &saved, sizeof(saved)) != sizeof(saved)) _exit(1);
  }
}

[[noreturn]] void RunChild(const std::filesystem::path& path, int round, int pipe) {
  const auto catalog = OpenAt(path);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] { SaveForEver(*catalog, round, t, pipe); });
  for (std::thread& thread : threads) thread.join();
  _exit(1);
}

// Starts a child, kills it once it told of `enough` saves, returns all it told of.
std::vector<Saved> SaveAndKill(const std::filesystem::path& path, int round, std::size_t enough) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const base::UniqueFd told(ends[0]);
  base::UniqueFd telling(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) RunChild(path, round, telling.get());
  telling.Reset();
  std::vector<Saved> saves;
  for (Saved saved; ::read(told.get(), &saved, sizeof(saved)) == sizeof(saved);) {
    saves.push_back(saved);
    if (saves.size() == enough) {
      EXPECT_EQ(::kill(child, SIGKILL), 0);
    }
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_GE(saves.size(), enough);
  return saves;
}

void CheckTotals(Catalog& catalog) {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::string after;
  for (;;) {
    const auto page = Must(catalog.ReadDir(kRootInode, after, 500));
    for (const DirEntry& entry : page) {
      ++files;
      bytes += entry.inode.size;
      const auto extents = Must(catalog.GetExtents(entry.inode.id));
      EXPECT_EQ(extents.size(), entry.inode.size == 0 ? 0u : 1u) << entry.name << " is torn";
    }
    if (page.size() < 500) break;
    after = page.back().name;
  }
  EXPECT_EQ(Must(catalog.GetTotals()).files, files);
  EXPECT_EQ(Must(catalog.GetTotals()).bytes, bytes);
}

TEST(CrashTest, WhatWasAcknowledgedSurvivesSigkill) {
  testing_support::TempDir directory;
  const auto path = directory / "meta.db";
  OpenAt(path);
  std::mt19937 random(20261125);
  for (int round = 0; round < 8; ++round) {
    const std::size_t enough = 1 + random() % 250;
    const std::vector<Saved> saves = SaveAndKill(path, round, enough);
    const auto catalog = OpenAt(path);
    for (const Saved& saved : saves) {
      const auto file = catalog->Lookup(kRootInode, NameOf(round, saved));
      ASSERT_TRUE(file.ok()) << "lost: " << NameOf(round, saved);
      EXPECT_EQ(file->size, 7u);
    }
    CheckTotals(*catalog);
    Must(catalog->Sync());
  }
}

}  // namespace
}  // namespace meta
