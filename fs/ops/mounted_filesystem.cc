#include "fs/ops/mounted_filesystem.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "base/utf8.h"
#include "fs/object_naming.h"
#include "fs/ops/replay.h"

namespace fs {
namespace {

// How often a shutdown looks whether all is done when nothing tells it.
constexpr std::chrono::milliseconds kShutdownStep{50};
constexpr std::int64_t kNsPerMs = 1'000'000;

}  // namespace

base::Result<std::unique_ptr<Filesystem>> Filesystem::Open(FilesystemOptions options, Parts parts) {
  auto filesystem = std::make_unique<MountedFilesystem>(std::move(options), parts);
  TRY(filesystem->Start());
  return std::unique_ptr<Filesystem>(std::move(filesystem));
}

MountedFilesystem::MountedFilesystem(FilesystemOptions options, const Parts& parts)
    : context_(std::move(options), parts, [this] { Changed(); }),
      mover_(context_),
      committer_(
          context_, mover_, [this] { Changed(); },
          [this](meta::InodeId inode) { RefreshParents(inode); }),
      maintenance_(context_, mover_, committer_),
      refresher_(context_, [this] { Changed(); }) {}

MountedFilesystem::~MountedFilesystem() { Stop(); }

base::Status MountedFilesystem::Start() {
  if (context_.options.read_only) return base::Ok();
  TRY(mover_.Recall());
  TRY(Replay(context_, committer_));
  mover_.Recover();
  maintenance_.Start();
  return base::Ok();
}

void MountedFilesystem::Changed() {
  {
    base::MutexLock lock(mutex_);
    if (stopped_) return;
    ++changes_;
    changed_.NotifyAll();
  }
  maintenance_.Wake();
}

base::Status MountedFilesystem::CheckWritable() const {
  if (!context_.options.read_only) return base::Ok();
  return base::Error::FromErrno(EROFS, "mounted read-only");
}

base::Status MountedFilesystem::CheckNewName(meta::InodeId parent, std::string_view name) const {
  TRY(CheckWritable());
  if (IsReserved(parent, name)) {
    return base::Error::FromErrno(EPERM, "the name '" + std::string(name) + "' is reserved");
  }
  const objclient::Capabilities bucket = context_.store.capabilities();
  if (bucket.keys_are_utf8 && !base::IsUtf8(name)) {
    return base::Error::FromErrno(EILSEQ, "the bucket takes names in UTF-8 only");
  }
  const bool no_path = name.ends_with('.') || name.find('\\') != std::string_view::npos;
  if (!bucket.keys_are_url_paths || !no_path) return base::Ok();
  return base::Error::FromErrno(EINVAL,
                                "the bucket takes no names with a '\\' or a '.' at the end");
}

void MountedFilesystem::WhenListed(meta::InodeId directory, DoneStatus then) {
  if (refresher_.Check(directory) != Refresher::Freshness::kNever) return then(base::Ok());
  refresher_.List(directory, std::move(then));
}

base::Result<meta::NewInode> MountedFilesystem::Describe(const Caller& caller, meta::InodeId parent,
                                                         mode_t mode) const {
  TRY_ASSIGN(const meta::Inode directory, context_.catalog.GetInode(parent));
  meta::NewInode what;
  what.mode = (mode & S_IFMT) | (mode & 07777 & ~caller.umask);
  what.uid = caller.uid;
  what.gid = caller.gid;
  if ((directory.mode & S_ISGID) != 0) {
    what.gid = directory.gid;
    if (S_ISDIR(mode)) what.mode |= S_ISGID;
  }
  what.now_ns = context_.Now();
  return what;
}

void MountedFilesystem::Make(meta::InodeId parent, std::string_view name,
                             base::Result<meta::NewInode> what, Done<meta::Inode> done) {
  if (const auto allowed = CheckNewName(parent, name); !allowed.ok()) return done(allowed.error());
  if (!what.ok()) return done(what.error());
  WhenListed(parent, [this, parent, name = std::string(name), what = std::move(*what),
                      done = std::move(done)](const base::Status& listed) {
    if (!listed.ok()) return done(listed.error());
    auto inode = context_.catalog.Create(parent, name, what);
    if (inode.ok() && inode->is_dir()) refresher_.MarkMade(inode->id);
    if (inode.ok() && inode->is_file()) {
      // No close will publish it: the settler does.
      meta::Intent publish;
      publish.kind = meta::IntentKind::kSettle;
      publish.inode = inode->id;
      const auto added = context_.catalog.AddIntent(publish, meta::Durability::kAsync);
      if (!added.ok()) LOG_ERROR("publish new file: {}", added.error().ToString());
      Changed();
    }
    done(std::move(inode));
  });
}

void MountedFilesystem::AfterRemoval(const meta::Removed& removed) {
  if (removed.is_dir) refresher_.Forget(removed.inode);
  if (removed.nlink == 0 || removed.is_dir) {
    const InodeRef file = context_.inodes.Acquire(removed.inode);
    file->SetOrphan();
    committer_.DiscardIfOrphan(file);
  }
  Changed();
}

void MountedFilesystem::DropMarker(meta::InodeId directory,
                                   const objclient::ObjectKey& catalog_key) {
  const bool kept = context_.store.capabilities().keeps_directories;
  if (!kept && refresher_.IsMadeHere(directory)) return;
  meta::Intent marker;
  marker.kind = meta::IntentKind::kDelete;
  marker.key = PrefixOf(catalog_key);
  const auto added = context_.catalog.AddIntent(marker, meta::Durability::kAsync);
  if (!added.ok()) LOG_ERROR("drop marker key={}: {}", marker.key, added.error().ToString());
}

Progress MountedFilesystem::GetProgress() {
  Progress progress;
  std::uint64_t releasing = 0;
  for (const InodeRef& file : context_.inodes.All()) {
    // Somebody lets go of it right now; its object is deleted after that.
    if (file->orphan() && file->handles() == 0) ++releasing;
    const auto stage = file->stage();
    if (stage == nullptr || file->orphan()) continue;
    ++progress.uploads;
    progress.upload_bytes += stage->bytes_to_send();
  }
  // One that is released has its deletes in the catalog: in this order none is missed.
  releasing += context_.inodes.removing();
  const Maintenance::Backlog backlog = maintenance_.CountBacklog();
  progress.settles = backlog.settles;
  progress.moves = backlog.moves;
  progress.deletes = backlog.deletes + releasing;
  progress.last_error = context_.last_error.text();
  return progress;
}

base::Status MountedFilesystem::Shutdown(std::uint64_t deadline_ms) {
  const std::int64_t deadline_ns =
      context_.clock.MonotonicNs() + static_cast<std::int64_t>(deadline_ms) * kNsPerMs;
  if (!context_.options.read_only) {
    for (const InodeRef& file : context_.inodes.All()) committer_.Request(file, nullptr);
  }
  Progress left;
  for (;;) {
    std::uint64_t seen = 0;
    {
      base::MutexLock lock(mutex_);
      seen = changes_;
    }
    left = GetProgress();
    const bool done = left.uploads == 0 && left.settles == 0 && left.deletes == 0;
    if (done || context_.options.read_only || context_.clock.MonotonicNs() >= deadline_ns) break;
    maintenance_.Hurry();
    base::MutexLock lock(mutex_);
    if (changes_ == seen) changed_.WaitFor(mutex_, kShutdownStep);
  }
  Stop();
  TRY(context_.catalog.Sync());
  if (left.uploads == 0) return base::Ok();
  return base::Error(base::ErrorClass::kUnavailable,
                     std::to_string(left.uploads) + " files are not in the bucket yet: " +
                         (left.last_error.empty() ? "no time left" : left.last_error));
}

void MountedFilesystem::Stop() {
  {
    base::MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  // The committer last: the others give it work.
  maintenance_.Stop();
  refresher_.Stop();
  committer_.Stop();
  handles_.Clear();
  context_.inodes.LetGoOfAll();
}

}  // namespace fs
