// Names to inodes.
#include <cerrno>
#include <utility>

#include "fs/object_naming.h"
#include "fs/ops/current.h"
#include "fs/ops/mounted_filesystem.h"

namespace fs {
namespace {

base::Error NoEntry(std::string_view name) {
  return base::Error::FromErrno(ENOENT, "lookup '" + std::string(name) + "'");
}

bool IsNotFound(const base::Error& error) {
  return error.error_class() == base::ErrorClass::kNotFound;
}

}  // namespace

void MountedFilesystem::Lookup(meta::InodeId parent, std::string_view name,
                               Done<meta::Inode> done) {
  if (parent == meta::kRootInode && name == kReservedName) return done(NoEntry(name));
  const Refresher::Freshness freshness = refresher_.Check(parent);
  const auto look = [this, parent, key = std::string(name)] {
    return Current(context_, [&] { return context_.catalog.Lookup(parent, key); });
  };
  base::Result<meta::Inode> known = look();
  if (freshness == Refresher::Freshness::kFresh) return done(std::move(known));

  const bool never = freshness == Refresher::Freshness::kNever;
  // A directory that is still there is as good as ever: its own names are looked up in their turn.
  const bool serves = known.ok() ? known->is_dir() : !IsNotFound(known.error());
  if (serves || (!never && !refresher_.IsQuick(parent))) {
    refresher_.List(parent, nullptr);
    return done(std::move(known));
  }
  refresher_.List(parent, [look, never, done = std::move(done)](const base::Status& listed) {
    // With an old listing, what it said is the best answer there is.
    if (!listed.ok() && never) return done(listed.error());
    done(look());
  });
}

void MountedFilesystem::Forget(meta::InodeId inode) { context_.inodes.ForgetOpened(inode); }

}  // namespace fs
