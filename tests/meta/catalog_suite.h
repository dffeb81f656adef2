// CatalogSuite: what every engine of meta::Catalog must do, written against the interface only. An
// engine's test instantiates it with a factory; the cases are in catalog_suite_*.cc. Used by one
// thread unless a case says otherwise.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meta/catalog.h"
#include "tests/meta/results.h"
#include "tests/support/temp_dir.h"

namespace meta {

// An engine under test. `open` makes or opens the name space kept in a directory.
struct CatalogEngine {
  std::string name;
  std::function<std::unique_ptr<Catalog>(const std::filesystem::path&)> open;
};

class CatalogSuite : public testing::TestWithParam<CatalogEngine> {
 protected:
  void SetUp() override;
  // Closes the name space and opens it again, as a new process would.
  void Reopen();
  // Goes on with an empty name space.
  void Restart();
  Catalog& catalog() { return *catalog_; }
  // A time later than every one before.
  std::int64_t Now() { return now_ns_ += 1000; }

  NewInode What(std::uint32_t mode) {
    NewInode what;
    what.mode = mode;
    what.uid = 1000;
    what.gid = 1001;
    what.now_ns = Now();
    return what;
  }
  Inode MakeFile(InodeId parent, std::string_view name) {
    return Must(catalog().Create(parent, name, What(S_IFREG | 0644)));
  }
  Inode MakeDir(InodeId parent, std::string_view name) {
    return Must(catalog().Create(parent, name, What(S_IFDIR | 0755)));
  }
  // Commits `size` bytes as an object at `key`.
  ObjectId CommitAs(InodeId inode, const std::string& key, const std::string& etag,
                    std::uint64_t size);
  // A file with an object at key = path, `name` being in the root.
  Inode MakeCommitted(std::string_view name, std::uint64_t size = 10);

  std::vector<std::string> Names(InodeId directory);
  std::vector<Intent> Intents(IntentKind kind);
  bool HasSettle(InodeId inode);
  Inode Get(InodeId inode) { return Must(catalog().GetInode(inode)); }
  std::vector<std::string> Keys(InodeId inode);
  // "key@etag" of the file's extents, in order.
  std::vector<std::string> Content(InodeId inode);

  Reconciled List(InodeId directory, const ListedDirectory& listing,
                  const std::vector<std::string>& busy = {});

 private:
  std::unique_ptr<testing_support::TempDir> directory_;
  std::unique_ptr<Catalog> catalog_;
  std::int64_t now_ns_ = 1'700'000'000'000'000'000;
};

ListedObject Listed(const std::string& name, const std::string& key, const std::string& etag,
                    std::uint64_t size = 10);

}  // namespace meta
