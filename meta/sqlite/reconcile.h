// Reconcile: makes a directory agree with a listing of the bucket, in two steps. Planning compares
// the two on a reading connection, on the caller's thread, and asks `busy`; unchanged entries cost
// the writer nothing. Applying, inside the caller's write transaction, checks each planned step
// against what the entry is by then and leaves out those that no longer hold.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "meta/catalog.h"
#include "meta/sqlite/database.h"

namespace meta {

using IsBusy = std::function<bool(const objclient::ObjectKey&)>;

// What is to be done, in this order. Pointers are into the listing.
struct ReconcilePlan {
  struct Vanished {
    std::string name;
    InodeId inode{};
    ObjectId object{};  // of a file
    bool is_dir = false;
  };
  struct Changed {
    const ListedObject* listed = nullptr;
    InodeId inode{};
    ObjectId object{};
  };
  struct Seen {
    const ListedPrefix* listed = nullptr;
    InodeId inode{};
  };
  std::vector<Vanished> vanished;
  std::vector<Changed> changed;
  std::vector<Seen> seen;  // directories that a listing shows for the first time
  std::vector<const ListedPrefix*> new_directories;
  std::vector<const ListedObject*> new_files;
};

base::Result<ReconcilePlan> PlanReconcile(Database& db, InodeId directory,
                                          const ListedDirectory& listing, const IsBusy& busy);
base::Result<Reconciled> ApplyReconcile(Database& db, InodeId directory, const ReconcilePlan& plan,
                                        const NewInode& owner, std::int64_t now_ns);

base::Result<std::optional<std::int64_t>> LoadListedAt(Database& db, InodeId directory);

// True when everything below `directory` is known from the bucket only, so that it may vanish with
// its prefix: no name made here, no pending work, no busy key.
base::Result<bool> IsBucketOnly(Database& db, InodeId directory,
                                const objclient::ObjectKey& directory_key, const IsBusy& busy);

}  // namespace meta
