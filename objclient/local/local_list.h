// LocalLister: pages of keys out of a directory tree, in the byte order of the keys. "a.txt" sorts
// before "a/b": the entries of a directory are sorted with the slash that their keys have. Owned by
// LocalStore; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "objclient/local/local_tree.h"
#include "objclient/object_store.h"

namespace objclient {

class LocalLister {
 public:
  // `tree` must outlive the lister.
  explicit LocalLister(const LocalTree& tree) : tree_(tree) {}
  base::Result<ListPage> List(const ListRequest& request) EXCLUDES(mutex_);

 private:
  // shared_ptr: a page goes on with the names while another one replaces the snapshot.
  using Names = std::shared_ptr<const std::vector<TreeEntry>>;
  struct Cursor {
    const ListRequest& request;
    ListPage page;
    std::string last;  // key or prefix given out last, by this page or the one before
  };
  // The names of one large directory, kept for the next page of its listing.
  struct Snapshot {
    std::string path;
    std::uint64_t inode = 0;
    std::int64_t mtime_ns = 0;
    Names names;
  };

  // Both answer false when the page is full.
  base::Result<bool> Walk(const std::string& path, Cursor& cursor) EXCLUDES(mutex_);
  base::Result<bool> WalkEntry(int directory, const std::string& path, const TreeEntry& entry,
                               Cursor& cursor) EXCLUDES(mutex_);
  base::Result<Names> ReadNames(int directory, const struct stat& status, const std::string& path,
                                bool continued) EXCLUDES(mutex_);

  const LocalTree& tree_;
  base::Mutex mutex_;
  Snapshot snapshot_ GUARDED_BY(mutex_);
};

}  // namespace objclient
