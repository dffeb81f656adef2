// Random operations against a model, and many threads at once.
#include <gmock/gmock.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "tests/meta/catalog_model.h"
#include "tests/meta/catalog_suite.h"

namespace meta {
namespace {

// Draws operations on few names and inodes, so that they meet, and holds the answers together.
class RandomWalk {
 public:
  RandomWalk(Catalog& catalog, std::uint32_t seed) : catalog_(catalog), random_(seed) {}

  void Step() {
    ++step_;
    switch (Below(12)) {
      case 0:
      case 1:
      case 2:
        return Create();
      case 3:
        return Link();
      case 4:
        return Unlink();
      case 5:
        return RemoveDir();
      case 6:
      case 7:
      case 8:
        return Rename();
      case 9:
      case 10:
        return Commit();
      default:
        return Release();
    }
  }

  void Compare() {
    std::size_t compared = 0;
    for (const InodeId id : model_.inodes()) {
      const CatalogModel::Node& node = *model_.Find(id);
      const Inode inode = Must(catalog_.GetInode(id));
      EXPECT_EQ(inode.mode, node.mode);
      EXPECT_EQ(inode.nlink, node.nlink()) << "inode " << Raw(id);
      EXPECT_EQ(inode.size, node.size);
      CompareContent(id, node);
      if (node.is_dir()) CompareDirectory(id, node);
      ++compared;
    }
    EXPECT_GT(compared, 0u);
    const Totals totals = Must(catalog_.GetTotals());
    EXPECT_EQ(totals.files, model_.totals().files);
    EXPECT_EQ(totals.directories, model_.totals().directories);
    EXPECT_EQ(totals.bytes, model_.totals().bytes);
    EXPECT_EQ(Must(catalog_.Orphans()), model_.orphans());
    CompareKeys();
  }

 private:
  std::uint32_t Below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_()) % limit; }
  std::string Name() { return std::string(1, static_cast<char>('a' + Below(6))); }
  InodeId Any() {
    // Sometimes one that is not there.
    if (Below(50) == 0) return InodeId{1'000'000};
    const std::vector<InodeId> ids = model_.inodes();
    return ids[Below(static_cast<std::uint32_t>(ids.size()))];
  }
  InodeId Directory() {
    for (int i = 0; i < 8; ++i) {
      const InodeId id = Any();
      if (const auto* node = model_.Find(id); node != nullptr && node->is_dir()) return id;
    }
    return Any();
  }

  void Create() {
    static constexpr std::uint32_t kModes[] = {S_IFREG | 0644, S_IFREG | 0600, S_IFDIR | 0755,
                                               S_IFDIR | 0700, S_IFIFO | 0600};
    NewInode what;
    what.mode = kModes[Below(5)];
    what.now_ns = step_;
    const InodeId parent = Directory();
    const std::string name = Name();
    const int expected = model_.Create(parent, name, what.mode);
    const auto created = catalog_.Create(parent, name, what);
    ASSERT_EQ(ErrnoOf(created), expected) << "create, step " << step_;
    if (created.ok()) model_.Created(parent, name, created->id, what.mode);
  }

  void Link() {
    const InodeId inode = Any();
    const InodeId parent = Directory();
    const std::string name = Name();
    const int expected = model_.Link(inode, parent, name);
    ASSERT_EQ(ErrnoOf(catalog_.Link(inode, parent, name, step_)), expected)
        << "link, step " << step_;
  }

  void Unlink() {
    const InodeId parent = Directory();
    const std::string name = Name();
    const int expected = model_.Unlink(parent, name);
    ASSERT_EQ(ErrnoOf(catalog_.Unlink(parent, name, step_)), expected) << "unlink, step " << step_;
  }

  void RemoveDir() {
    const InodeId parent = Directory();
    const std::string name = Name();
    const int expected = model_.RemoveDir(parent, name);
    ASSERT_EQ(ErrnoOf(catalog_.RemoveDir(parent, name, step_)), expected)
        << "rmdir, step " << step_;
  }

  void Rename() {
    const InodeId parent = Directory();
    const std::string name = Name();
    const InodeId new_parent = Directory();
    const std::string new_name = Name();
    const Catalog::RenameFlags flags{Below(5) == 0, Below(4) == 0};
    const int expected = model_.Rename(parent, name, new_parent, new_name, flags);
    ASSERT_EQ(ErrnoOf(catalog_.Rename(parent, name, new_parent, new_name, flags, step_)), expected)
        << "rename, step " << step_;
  }

  void Commit() {
    Catalog::Commit commit;
    commit.inode = Any();
    commit.size = Below(1000);
    const std::string key = "key-" + std::to_string(step_);
    if (Below(4) != 0) commit.object = Object{{}, key, "etag", commit.size};
    if (!commit.object) commit.size = 0;
    const int expected = model_.Commit(commit.inode, commit.size);
    ASSERT_EQ(ErrnoOf(catalog_.CommitContent(commit, Durability::kAsync)), expected)
        << "commit, step " << step_;
    if (expected != 0) return;
    if (keys_.contains(commit.inode)) garbage_.insert(keys_[commit.inode]);
    keys_.erase(commit.inode);
    if (commit.object) keys_[commit.inode] = key;
  }

  void Release() {
    const InodeId inode = Any();
    const auto* node = model_.Find(inode);
    if (node != nullptr && node->names == 0 && keys_.contains(inode)) {
      garbage_.insert(keys_[inode]);
      keys_.erase(inode);
    }
    const int expected = model_.Release(inode);
    ASSERT_EQ(ErrnoOf(catalog_.ReleaseOrphan(inode)), expected) << "release, step " << step_;
  }

  void CompareContent(InodeId id, const CatalogModel::Node& node) {
    std::vector<std::string> keys;
    for (const Extent& extent : Must(catalog_.GetExtents(id))) {
      EXPECT_EQ(extent.length, node.size);
      keys.push_back(extent.object.key);
    }
    const bool has_bytes = keys_.contains(id) && node.size > 0;
    EXPECT_EQ(keys, has_bytes ? std::vector<std::string>{keys_[id]} : std::vector<std::string>{});
  }

  void CompareDirectory(InodeId id, const CatalogModel::Node& node) {
    std::map<std::string, InodeId> entries;
    for (const DirEntry& entry : Must(catalog_.ReadDir(id, "", 100)))
      entries[entry.name] = entry.inode.id;
    EXPECT_EQ(entries, node.entries);
    if (node.names > 0) {
      EXPECT_EQ(Must(catalog_.Parent(id)), node.parent);
    }
  }

  // Every object is either a file's or has exactly one delete to come.
  void CompareKeys() {
    std::multiset<std::string> deletes;
    for (const Intent& intent : Must(catalog_.ListIntents(IntentId{}, 1'000'000))) {
      if (intent.kind == IntentKind::kDelete) deletes.insert(intent.key);
    }
    EXPECT_EQ(deletes, std::multiset<std::string>(garbage_.begin(), garbage_.end()));
    for (const auto& [id, key] : keys_) {
      const auto holder = Must(catalog_.FindKey(key));
      ASSERT_TRUE(holder.has_value()) << key;
      EXPECT_EQ(holder->inode, id);
    }
  }

  Catalog& catalog_;
  CatalogModel model_;
  std::mt19937 random_;
  std::int64_t step_ = 0;
  std::map<InodeId, std::string> keys_;  // objects by the file that has them
  std::set<std::string> garbage_;
};

TEST_P(CatalogSuite, RandomOperationsAgreeWithTheModel) {
  constexpr int kSteps = 4000;
  constexpr int kCompareEvery = 500;
  for (const std::uint32_t seed : {1u, 20261125u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Restart();
    RandomWalk walk(catalog(), seed);
    for (int i = 1; i <= kSteps && !HasFailure(); ++i) {
      walk.Step();
      if (i % kCompareEvery == 0) walk.Compare();
    }
  }
}

TEST_P(CatalogSuite, ManyThreadsWriteAndReadAtOnce) {
  constexpr int kThreads = 6;
  constexpr int kFiles = 150;
  std::vector<Inode> directories;
  for (int t = 0; t < kThreads; ++t)
    directories.push_back(MakeDir(kRootInode, "t" + std::to_string(t)));
  std::atomic<int> raced{0};  // atomic: counted by every thread
  const auto work = [&](int t) {
    const InodeId own = directories[static_cast<std::size_t>(t)].id;
    const NewInode what{S_IFREG | 0644, 1, 1, 0, "", 5};
    for (int i = 0; i < kFiles; ++i) {
      const std::string name = "f" + std::to_string(i);
      const Inode file = Must(catalog().Create(own, name, what));
      // Everyone wants this one; one of them gets it, and the others' files are not harmed.
      if (catalog().Create(kRootInode, name, what).ok()) ++raced;
      Catalog::Commit commit;
      commit.inode = file.id;
      commit.size = 2;
      commit.object = Object{{}, "t" + std::to_string(t) + "/" + name, "e", 2};
      Must(catalog().CommitContent(commit, i % 10 == 0 ? Durability::kSync : Durability::kAsync));
      EXPECT_EQ(Must(catalog().Lookup(own, name)).size, 2u) << "its own commit is seen";
      if (i % 3 == 0) Must(catalog().Unlink(own, name, 6));
      if (i % 50 == 0) Must(catalog().Sync());
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(work, t);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(raced, kFiles);
  const Totals totals = Must(catalog().GetTotals());
  EXPECT_EQ(totals.files, static_cast<std::uint64_t>(kThreads * kFiles * 2 / 3 + kFiles));
  EXPECT_EQ(totals.bytes, static_cast<std::uint64_t>(2 * kThreads * kFiles * 2 / 3));
  for (const Inode& directory : directories)
    EXPECT_EQ(Names(directory.id).size(), static_cast<std::size_t>(kFiles * 2 / 3));
}

TEST_P(CatalogSuite, ListingsAndWritersAtOnce) {
  // One thread saves files, the other tells of listings that never show them: `busy` is what keeps
  // them.
  ListedDirectory listing{{Listed("listed", "listed", "e")}, {{"d", ""}}};
  std::atomic<bool> done{false};  // atomic: told across threads
  std::thread lister([&] {
    while (!done) {
      Must(catalog().Reconcile(
          kRootInode, listing, {},
          [](const objclient::ObjectKey& key) { return key.starts_with("saved"); }, 9));
    }
  });
  for (int i = 0; i < 200; ++i) MakeCommitted("saved" + std::to_string(i));
  done = true;
  lister.join();
  EXPECT_EQ(Names(kRootInode).size(), 202u);
}

}  // namespace
}  // namespace meta
