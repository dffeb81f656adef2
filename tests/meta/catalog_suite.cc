#include "tests/meta/catalog_suite.h"

#include <algorithm>

namespace meta {

void CatalogSuite::SetUp() { Restart(); }

void CatalogSuite::Restart() {
  catalog_.reset();
  directory_ = std::make_unique<testing_support::TempDir>();
  Reopen();
}

void CatalogSuite::Reopen() {
  catalog_.reset();
  catalog_ = GetParam().open(directory_->path());
  ASSERT_NE(catalog_, nullptr);
}

ObjectId CatalogSuite::CommitAs(InodeId inode, const std::string& key, const std::string& etag,
                                std::uint64_t size) {
  Catalog::Commit commit;
  commit.inode = inode;
  commit.size = size;
  commit.mtime_ns = Now();
  commit.object = Object{{}, key, etag, size};
  return Must(catalog().CommitContent(commit, Durability::kAsync));
}

Inode CatalogSuite::MakeCommitted(std::string_view name, std::uint64_t size) {
  const Inode file = MakeFile(kRootInode, name);
  CommitAs(file.id, std::string(name), "etag-" + std::string(name), size);
  return Get(file.id);
}

std::vector<std::string> CatalogSuite::Names(InodeId directory) {
  std::vector<std::string> names;
  for (const DirEntry& entry : Must(catalog().ReadDir(directory, "", 1000)))
    names.push_back(entry.name);
  return names;
}

std::vector<Intent> CatalogSuite::Intents(IntentKind kind) {
  std::vector<Intent> intents = Must(catalog().ListIntents(IntentId{}, 10000));
  std::erase_if(intents, [&](const Intent& intent) { return intent.kind != kind; });
  return intents;
}

bool CatalogSuite::HasSettle(InodeId inode) {
  const std::vector<Intent> settles = Intents(IntentKind::kSettle);
  return std::any_of(settles.begin(), settles.end(),
                     [&](const Intent& intent) { return intent.inode == inode; });
}

std::vector<std::string> CatalogSuite::Keys(InodeId inode) {
  std::vector<std::string> keys;
  for (const NamedKey& name : Must(catalog().Paths(inode))) keys.push_back(name.key);
  return keys;
}

std::vector<std::string> CatalogSuite::Content(InodeId inode) {
  std::vector<std::string> content;
  for (const Extent& extent : Must(catalog().GetExtents(inode)))
    content.push_back(extent.object.key + "@" + extent.object.etag);
  return content;
}

Reconciled CatalogSuite::List(InodeId directory, const ListedDirectory& listing,
                              const std::vector<std::string>& busy) {
  NewInode owner;
  owner.uid = 1000;
  owner.gid = 1001;
  return Must(catalog().Reconcile(
      directory, listing, owner,
      [&](const objclient::ObjectKey& key) {
        return std::find(busy.begin(), busy.end(), key) != busy.end();
      },
      Now()));
}

ListedObject Listed(const std::string& name, const std::string& key, const std::string& etag,
                    std::uint64_t size) {
  return {name, "", key, etag, size, 1'600'000'000'000'000'000};
}

}  // namespace meta
