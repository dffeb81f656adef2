#include "fs/ops/refresher.h"

#include <utility>

#include "base/log.h"
#include "fs/object_naming.h"

namespace fs {
namespace {

constexpr std::size_t kThreads = 4;
constexpr std::size_t kQueueLimit = 1u << 16;
constexpr std::int64_t kQuickNs =
    2'000'000'000;  // longest wait for a merely old listing in a lookup
constexpr double kNsPerSecond = 1e9;
constexpr std::size_t kDirectoryPage = 1000;

}  // namespace

Refresher::Refresher(Context& context, std::function<void()> changed)
    : context_(context),
      changed_(std::move(changed)),
      opened_ns_(context.Now()),
      executor_({.name = "refresh", .threads = kThreads, .queue_limit = kQueueLimit}) {}

Refresher::Freshness Refresher::Check(meta::InodeId directory) {
  {
    base::MutexLock lock(mutex_);
    const auto found = directories_.find(meta::Raw(directory));
    if (found != directories_.end() && found->second.asked) {
      const auto& listed_ns = found->second.listed_ns;
      if (!listed_ns) return Freshness::kNever;
      if (context_.options.refresh_s < 0) return Freshness::kFresh;
      // Nobody watched the bucket while it was not mounted.
      if (*listed_ns < opened_ns_) return Freshness::kStale;
      const double age_s = static_cast<double>(context_.Now() - *listed_ns) / kNsPerSecond;
      return age_s < context_.options.refresh_s ? Freshness::kFresh : Freshness::kStale;
    }
  }
  const auto listed_at = context_.catalog.ListedAt(directory);
  if (!listed_at.ok()) return Freshness::kFresh;
  {
    base::MutexLock lock(mutex_);
    Directory& entry = directories_[meta::Raw(directory)];
    if (!entry.asked) {
      entry.listed_ns = *listed_at;
      entry.asked = true;
    }
  }
  return Check(directory);
}

void Refresher::List(meta::InodeId directory, DoneStatus done) {
  base::MutexLock lock(mutex_);
  Directory& entry = directories_[meta::Raw(directory)];
  if (done) entry.waiters.push_back(std::move(done));
  if (std::exchange(entry.listing, true)) return;
  lock.Unlock();
  executor_.Submit([this, directory] { ListAndAnswer(directory); });
}

void Refresher::ListAfresh(meta::InodeId directory) {
  {
    base::MutexLock lock(mutex_);
    Directory& entry = directories_[meta::Raw(directory)];
    if (entry.listing) {
      entry.again = true;
      return;
    }
  }
  List(directory, nullptr);
}

void Refresher::Ensure(meta::InodeId directory, DoneStatus done) {
  if (Check(directory) == Freshness::kFresh) return done(base::Ok());
  List(directory, std::move(done));
}

void Refresher::EnsureTree(meta::InodeId directory, DoneStatus done) {
  if (IsMadeHere(directory)) return done(base::Ok());
  executor_.Submit([this, directory, done = std::move(done)] { done(ListTree(directory)); });
}

void Refresher::ListAndAnswer(meta::InodeId directory) {
  const base::Status status = ListNow(directory);
  if (!status.ok()) {
    LOG_WARN("list directory inode={}: {}", meta::Raw(directory), status.error().ToString());
  }
  std::vector<DoneStatus> waiters;
  bool again = false;
  {
    base::MutexLock lock(mutex_);
    Directory& entry = directories_[meta::Raw(directory)];
    again = std::exchange(entry.again, false);
    entry.listing = again;
    if (!status.ok()) entry.took_ns = kQuickNs;  // nobody is made to wait for the next try
    waiters = std::exchange(entry.waiters, {});
  }
  for (const DoneStatus& done : waiters) done(status);
  if (again) executor_.Submit([this, directory] { ListAndAnswer(directory); });
}

base::Status Refresher::ListNow(meta::InodeId directory) {
  const std::int64_t began_ns = context_.clock.MonotonicNs();
  const std::int64_t listed_ns = context_.Now();
  TRY_ASSIGN(const auto paths, context_.catalog.Paths(directory));
  if (paths.empty()) return base::Ok();
  const KeyTable::Listing busy(context_.keys);
  const objclient::ObjectKey prefix = PrefixOf(paths.front().key);
  ListingNames names(prefix);
  objclient::ListRequest request{.prefix = prefix, .delimiter = "/", .continuation = {}};
  do {
    TRY_ASSIGN(objclient::ListPage page, context_.store.List(request));
    request.continuation = page.continuation;
    names.Add(std::move(page));
  } while (!request.continuation.empty());
  const meta::ListedDirectory listing = std::move(names).Finish();
  TRY(Reconcile(directory, listing, busy));

  base::MutexLock lock(mutex_);
  Directory& entry = directories_[meta::Raw(directory)];
  entry.asked = true;
  entry.listed_ns = listed_ns;
  entry.took_ns = context_.clock.MonotonicNs() - began_ns;
  return base::Ok();
}

base::Status Refresher::Reconcile(meta::InodeId directory, const meta::ListedDirectory& listing,
                                  const KeyTable::Listing& busy) {
  meta::NewInode owner;
  owner.mode = context_.options.file_mode;
  owner.uid = context_.options.uid;
  owner.gid = context_.options.gid;
  owner.now_ns = context_.Now();
  TRY_ASSIGN(
      const meta::Reconciled changes,
      context_.catalog.Reconcile(
          directory, listing, owner,
          [&busy](const objclient::ObjectKey& key) { return busy.Busy(key); }, owner.now_ns));
  for (const meta::InodeId inode : changes.changed_inodes) {
    if (const InodeRef file = context_.inodes.Find(inode)) {
      TRY_ASSIGN(ContentPtr content, ReadContent(context_.catalog, inode));
      file->ReplaceContent(std::move(content));
    }
    context_.InvalidateInode(inode);
  }
  for (const meta::InodeId inode : changes.orphans) {
    // Released when nobody has it open, which is at once for directories.
    context_.inodes.Acquire(inode)->SetVanished();
    Forget(inode);
  }
  for (const std::string& name : changes.changed_names) context_.InvalidateEntry(directory, name);
  if (!changes.changed_names.empty()) context_.InvalidateInode(directory);
  if (!changes.orphans.empty()) changed_();
  return base::Ok();
}

base::Status Refresher::ListTree(meta::InodeId top) {
  std::vector<meta::InodeId> directories{top};
  while (!directories.empty()) {
    const meta::InodeId directory = directories.back();
    directories.pop_back();
    if (IsMadeHere(directory)) continue;
    if (Check(directory) == Freshness::kNever) TRY(ListNow(directory));
    std::string after;
    for (;;) {
      TRY_ASSIGN(const auto entries, context_.catalog.ReadDir(directory, after, kDirectoryPage));
      for (const meta::DirEntry& entry : entries) {
        if (entry.inode.is_dir()) directories.push_back(entry.inode.id);
      }
      if (entries.size() < kDirectoryPage) break;
      after = entries.back().name;
    }
  }
  return base::Ok();
}

bool Refresher::IsQuick(meta::InodeId directory) const {
  base::MutexLock lock(mutex_);
  const auto found = directories_.find(meta::Raw(directory));
  return found == directories_.end() || found->second.took_ns < kQuickNs;
}

void Refresher::MarkMade(meta::InodeId directory) {
  base::MutexLock lock(mutex_);
  Directory& entry = directories_[meta::Raw(directory)];
  entry.asked = true;
  entry.made_here = true;
  entry.listed_ns = context_.Now();
}

bool Refresher::IsMadeHere(meta::InodeId directory) const {
  base::MutexLock lock(mutex_);
  const auto found = directories_.find(meta::Raw(directory));
  return found != directories_.end() && found->second.made_here;
}

void Refresher::Forget(meta::InodeId directory) {
  base::MutexLock lock(mutex_);
  const auto found = directories_.find(meta::Raw(directory));
  if (found != directories_.end() && !found->second.listing) directories_.erase(found);
}

}  // namespace fs
