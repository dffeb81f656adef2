// Rename: one transaction, whatever moves. Before it: a directory that moves is listed to its
// leaves, because only what the catalog knows moves along; a file that moves is committed, because
// its name must not become durable before its bytes.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "fs/ops/mounted_filesystem.h"

namespace fs {
namespace {

// linux/fs.h, which clashes with other headers.
constexpr unsigned kNoReplace = 1;
constexpr unsigned kExchange = 2;
constexpr std::size_t kDirectoryPage = 1000;

// What stays behind of a directory that moves: itself, after those below it where the bucket keeps
// empty ones.
std::vector<meta::InodeId> MarkedDirectories(Context& context, meta::InodeId top) {
  std::vector<meta::InodeId> directories{top};
  if (!context.store.capabilities().keeps_directories) return directories;
  for (std::size_t at = 0; at < directories.size(); ++at) {
    std::string after;
    for (;;) {
      const auto entries = context.catalog.ReadDir(directories[at], after, kDirectoryPage);
      if (!entries.ok()) break;
      for (const meta::DirEntry& entry : *entries) {
        if (entry.inode.is_dir()) directories.push_back(entry.inode.id);
      }
      if (entries->size() < kDirectoryPage) break;
      after = entries->back().name;
    }
  }
  std::reverse(directories.begin(), directories.end());
  return directories;
}

}  // namespace

struct MountedFilesystem::RenameRequest {
  meta::InodeId parent{};
  std::string name;
  meta::InodeId new_parent{};
  std::string new_name;
  meta::Catalog::RenameFlags flags;
  DoneStatus done;
  std::vector<meta::Inode> moving;  // the source, and with an exchange the target
};

void MountedFilesystem::Rename(meta::InodeId parent, std::string_view name,
                               meta::InodeId new_parent, std::string_view new_name, unsigned flags,
                               DoneStatus done) {
  if (const auto allowed = CheckNewName(new_parent, new_name); !allowed.ok()) return done(allowed);
  if ((flags & ~(kNoReplace | kExchange)) != 0) {
    return done(base::Error::FromErrno(EINVAL, "rename flags"));
  }
  auto request = std::make_shared<RenameRequest>(
      RenameRequest{parent,
                    std::string(name),
                    new_parent,
                    std::string(new_name),
                    {.no_replace = (flags & kNoReplace) != 0, .exchange = (flags & kExchange) != 0},
                    std::move(done),
                    {}});
  WhenListed(new_parent, [this, request](const base::Status& listed) {
    if (!listed.ok()) return request->done(listed);
    RenameListed(request);
  });
}

void MountedFilesystem::RenameListed(const std::shared_ptr<RenameRequest>& request) {
  const auto source = context_.catalog.Lookup(request->parent, request->name);
  if (!source.ok()) return request->done(source.error());
  const auto target = context_.catalog.Lookup(request->new_parent, request->new_name);
  request->moving.push_back(*source);
  if (request->flags.exchange && target.ok()) request->moving.push_back(*target);

  // Run after each other: list the trees, then send the files, then rename.
  DoneStatus next = [this, request](const base::Status& status) {
    if (!status.ok()) return request->done(status);
    RenameSent(request);
  };
  for (const meta::Inode& inode : request->moving) {
    if (inode.is_dir()) {
      next = [this, id = inode.id, request, next](const base::Status& status) {
        if (!status.ok()) return request->done(status);
        refresher_.EnsureTree(id, next);
      };
    } else if (InodeRef file = context_.inodes.Find(inode.id); file && !file->persisted()) {
      next = [this, file, request, next](const base::Status& status) {
        if (!status.ok()) return request->done(status);
        committer_.Request(file, [file, next](const base::Status& committed) {
          // A failed commit leaves the bytes on the local disk, recorded: that is order enough.
          next(committed.ok() || file->persisted() ? base::Ok() : committed);
        });
      };
    }
  }
  const bool replaces_directory = target.ok() && target->is_dir() && !request->flags.exchange;
  if (!replaces_directory) return next(base::Ok());
  // Only a listing tells whether it is empty.
  WhenListed(target->id, std::move(next));
}

void MountedFilesystem::RenameSent(const std::shared_ptr<RenameRequest>& request) {
  std::vector<std::pair<meta::InodeId, objclient::ObjectKey>> left;
  for (const meta::Inode& inode : request->moving) {
    if (!inode.is_dir()) continue;
    const auto paths = context_.catalog.Paths(inode.id);
    if (paths.ok() && !paths->empty()) left.emplace_back(inode.id, paths->front().key);
  }
  const auto renamed = context_.catalog.Rename(request->parent, request->name, request->new_parent,
                                               request->new_name, request->flags, context_.Now());
  if (!renamed.ok()) return request->done(renamed.error());
  for (const auto& [directory, key] : left) DropMarkers(directory, key);
  if (renamed->replaced) AfterRemoval(*renamed->replaced);
  Changed();
  request->done(base::Ok());
}

// Looked for after the transaction, so that a directory made during it is not missed.
void MountedFilesystem::DropMarkers(meta::InodeId top, const objclient::ObjectKey& left_key) {
  const auto now = context_.catalog.Paths(top);
  if (!now.ok() || now->empty()) return DropMarker(top, left_key);
  const objclient::ObjectKey& new_key = now->front().key;
  for (const meta::InodeId directory : MarkedDirectories(context_, top)) {
    const auto paths = context_.catalog.Paths(directory);
    if (!paths.ok() || paths->empty() || !paths->front().key.starts_with(new_key)) continue;
    DropMarker(directory, left_key + paths->front().key.substr(new_key.size()));
  }
}

}  // namespace fs
