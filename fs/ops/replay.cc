#include "fs/ops/replay.h"

#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "fs/ops/stray.h"
#include "fs/ops/upload_target.h"

namespace fs {
namespace {

constexpr std::size_t kPage = 1000;

bool IsNotFound(const base::Error& error) {
  return error.error_class() == base::ErrorClass::kNotFound;
}

base::Status ReleaseOrphans(Context& context) {
  TRY_ASSIGN(const auto orphans, context.catalog.Orphans());
  for (const meta::InodeId inode : orphans) context.ReleaseOrphan(inode);
  return base::Ok();
}

base::Result<std::vector<meta::Intent>> ReadUploads(meta::Catalog& catalog) {
  std::vector<meta::Intent> uploads;
  meta::IntentId after{};
  for (;;) {
    TRY_ASSIGN(auto page, catalog.ListIntents(after, kPage));
    for (meta::Intent& intent : page) {
      if (intent.kind == meta::IntentKind::kUpload) uploads.push_back(intent);
    }
    if (page.size() < kPage) return uploads;
    after = page.back().id;
  }
}

// The bucket took the object, the process died before the catalog did.
base::Status FinishInCatalog(Context& context, const meta::Intent& intent,
                             const objclient::ObjectHead& head) {
  meta::Catalog::Commit commit;
  commit.inode = intent.inode;
  commit.size = head.size;
  commit.mtime_ns = head.mtime_ns != 0 ? head.mtime_ns : context.Now();
  commit.object = meta::Object{{}, intent.key, head.etag, head.size};
  commit.finished = intent.id;
  const auto committed = context.catalog.CommitContent(commit, meta::Durability::kSync);
  if (committed.ok()) {
    LOG_INFO("replay inode={}: key={} was committed", meta::Raw(intent.inode), intent.key);
    return base::Ok();
  }
  if (!IsNotFound(committed.error())) return committed.error();
  meta::Intent garbage;
  garbage.kind = meta::IntentKind::kDelete;
  garbage.key = intent.key;
  garbage.etag = head.etag;
  TRY_ASSIGN(garbage.id, context.catalog.AddIntent(garbage, meta::Durability::kAsync));
  return context.catalog.RemoveIntent(intent.id);
}

// An upload that was under way: its writer had not closed the file.
base::Status ReplayWriting(Context& context, const meta::Intent& intent) {
  const auto head = context.store.Head(intent.key);
  if (!head.ok() && !IsNotFound(head.error())) return head.error();
  if (head.ok()) {
    const bool ours = UploadTokens::FromText(intent.payload).Made(*head);
    if (ours) return FinishInCatalog(context, intent, *head);
  }
  if (!intent.upload_id.empty()) {
    TRY(context.store.AbortMultipart(intent.key, intent.upload_id));
  }
  return context.catalog.RemoveIntent(intent.id);
}

base::Status Abandon(Context& context, const meta::Intent& intent) {
  UploadRecord record;
  record.intent = intent;
  const auto pending = PendingUpload::FromPayload(intent.payload);
  if (pending.ok()) record.tokens = pending->tokens;
  return AbandonUpload(context, record);
}

base::Status Recover(Context& context, Committer& committer, const meta::Intent& intent) {
  TRY_ASSIGN(const PendingUpload pending, PendingUpload::FromPayload(intent.payload));
  const InodeRef file = context.inodes.Acquire(intent.inode);
  if (file->stage() != nullptr) {
    return base::Error(base::ErrorClass::kExists, "a later save of the file is pending as well");
  }
  TRY_ASSIGN(auto stage, context.staging.Recover(intent.stage, pending.manifest,
                                                 MakeStageHooks(context, file)));
  // The catalog may know the base under another key by now, and be about to delete this one.
  KeyTable::Hold mark;
  const std::vector<cache::ObjectRef> base = stage->BaseObjects();
  if (!base.empty()) mark = context.keys.Mark(base.front().key);
  UploadRecord record;
  record.intent = intent;
  record.tokens = pending.tokens;
  file->BeginRecovered(std::move(stage), std::move(mark), std::move(record), pending.mtime_ns);
  context.inodes.Keep(file);
  committer.Request(file, nullptr);
  return base::Ok();
}

// Bytes that a close could not send: they are whole in their staged file. Answers whether that file
// is to be kept.
bool ReplayPending(Context& context, Committer& committer, const meta::Intent& intent) {
  const auto paths = context.catalog.Paths(intent.inode);
  if (paths.ok() ? paths->empty() : IsNotFound(paths.error())) {
    // Unlinked since: nobody wants the bytes.
    const base::Status abandoned = Abandon(context, intent);
    if (!abandoned.ok()) LOG_ERROR("replay: {}", abandoned.error().ToString());
    return false;
  }
  const base::Status recovered = Recover(context, committer, intent);
  if (recovered.ok()) return true;
  const base::Error error = recovered.error().Annotate("recover staged file " + intent.stage);
  LOG_ERROR("replay inode={}: {}", meta::Raw(intent.inode), error.ToString());
  context.last_error.Set(error);
  return !IsNotFound(error);
}

}  // namespace

base::Status Replay(Context& context, Committer& committer) {
  TRY(ReleaseOrphans(context));
  TRY_ASSIGN(const auto uploads, ReadUploads(context.catalog));
  std::vector<std::string> keep;
  // The latest first: of two saves of one file it is the one that counts.
  for (auto upload = uploads.rbegin(); upload != uploads.rend(); ++upload) {
    const meta::Intent& intent = *upload;
    if (intent.state == meta::UploadState::kPending) {
      if (ReplayPending(context, committer, intent)) keep.push_back(intent.stage);
      continue;
    }
    // The store may be away: the intent stays for the next mount.
    if (const base::Status status = ReplayWriting(context, intent); !status.ok()) {
      LOG_WARN("replay upload key={}: {}", intent.key, status.error().ToString());
      context.last_error.Set(status.error());
    }
  }
  return context.staging.Sweep(keep);
}

}  // namespace fs
