#include "fs/ops/upload_target.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/digest/digest.h"
#include "base/log.h"
#include "fs/object_naming.h"
#include "fs/ops/stray.h"

namespace fs {
namespace {

constexpr std::size_t kTokenBytes = 16;

base::Error FileGone() {
  return base::Error(base::ErrorClass::kCancelled, "the file was dropped during its upload");
}

ChosenKey Hidden(Context& context, std::string_view token) {
  objclient::ObjectKey key = HiddenKey(token);
  KeyTable::Hold lock = context.keys.TryLock(key);
  return {std::move(key), {.if_absent = true, .if_match = {}}, std::move(lock)};
}

// A record that has an upload before its stage asked for a target is a former process's: that
// upload will not be gone on with, and the file may have another name by now.
base::Status LeaveFormer(Context& context, const objclient::ObjectKey& key, UploadRecord& record) {
  meta::Intent& intent = record.intent;
  if (intent.key != key) {
    TRY(AddStray(context, record));
    record.tokens = {};
  } else if (!intent.upload_id.empty()) {
    const base::Status aborted = context.store.AbortMultipart(key, intent.upload_id);
    if (!aborted.ok()) LOG_WARN("upload stays key={}: {}", key, aborted.error().ToString());
  }
  intent.upload_id.clear();
  return base::Ok();
}

base::Result<cache::UploadTarget> Target(Context& context, FileInode& file) {
  UploadRecord record;
  if (auto known = file.upload()) record = std::move(*known);
  const std::string token = base::RandomHex(kTokenBytes);
  TRY_ASSIGN(ChosenKey chosen, ChooseKey(context, file.id(), token));
  meta::Intent& intent = record.intent;
  TRY(LeaveFormer(context, chosen.key, record));
  intent.kind = meta::IntentKind::kUpload;
  intent.inode = file.id();
  intent.key = chosen.key;
  if (const auto stage = file.stage()) intent.stage = stage->name();
  record.tokens.Add(token);
  if (intent.state == meta::UploadState::kWriting) {
    intent.payload = record.tokens.ToText();
  } else {
    TRY_ASSIGN(PendingUpload pending, PendingUpload::FromPayload(intent.payload));
    pending.tokens = record.tokens;
    intent.payload = pending.ToPayload();
  }
  // Recorded before the first byte leaves: a crash between the bucket's commit and the catalog's is
  // found by the token.
  if (intent.id == meta::IntentId{}) {
    TRY_ASSIGN(intent.id, context.catalog.AddIntent(intent, meta::Durability::kAsync));
  } else {
    TRY(context.catalog.UpdateIntent(intent, meta::Durability::kAsync));
  }
  cache::UploadTarget target{chosen.key, chosen.precondition, {{kIntentTokenName, token}}};
  file.SetUpload(std::move(record), std::move(chosen.lock));
  return target;
}

base::Status UploadStarted(Context& context, FileInode& file, const std::string& upload_id) {
  auto record = file.upload();
  if (!record) return FileGone();
  record->intent.upload_id = upload_id;
  file.UpdateUpload(*record);
  return context.catalog.UpdateIntent(record->intent, meta::Durability::kAsync);
}

// An object that stays where it is: its key is a name of its file.
base::Result<bool> IsAtHome(meta::Catalog& catalog, const meta::Catalog::KeyHolder& holder) {
  if (!holder.inode) return false;
  TRY_ASSIGN(const auto paths, catalog.Paths(*holder.inode));
  return std::any_of(paths.begin(), paths.end(), [&](const meta::NamedKey& path) {
    return NativeKey(path.key) == holder.object.key;
  });
}

}  // namespace

base::Status DropSetId(Context& context, meta::InodeId inode) {
  TRY_ASSIGN(const meta::Inode attributes, context.catalog.GetInode(inode));
  std::uint32_t mode = attributes.mode & ~static_cast<std::uint32_t>(S_ISUID);
  if ((mode & S_IXGRP) != 0) mode &= ~static_cast<std::uint32_t>(S_ISGID);
  if (mode == attributes.mode) return base::Ok();
  meta::AttrChange change;
  change.mode = mode & ~static_cast<std::uint32_t>(S_IFMT);
  const auto changed = context.catalog.SetAttr(inode, change, context.Now());
  return changed.ok() ? base::Ok() : base::Status(changed.error());
}

base::Result<bool> IsObstructed(Context& context, const objclient::ObjectKey& key) {
  meta::Catalog& catalog = context.catalog;
  TRY_ASSIGN(const bool below, catalog.HasKeysBelow(key));
  if (below) return true;
  if (context.store.capabilities().keeps_directories) {
    TRY_ASSIGN(const bool directory, catalog.IsToBeDeleted(key + '/'));
    if (directory) return true;
  }
  for (std::size_t slash = key.find('/'); slash != std::string::npos;
       slash = key.find('/', slash + 1)) {
    if (slash == 0) continue;
    const objclient::ObjectKey above = key.substr(0, slash);
    TRY_ASSIGN(const auto holder, catalog.FindKey(above));
    if (!holder) continue;
    TRY_ASSIGN(const bool at_home, IsAtHome(catalog, *holder));
    if (!at_home) return true;
  }
  return false;
}

base::Result<ChosenKey> ChooseKey(Context& context, meta::InodeId inode, std::string_view token) {
  TRY_ASSIGN(const auto paths, context.catalog.Paths(inode));
  if (paths.empty()) return Hidden(context, token);
  const objclient::ObjectKey key = NativeKey(paths.front().key);
  if (!IsNativeKey(key, context.store.capabilities().key_bytes_max)) {
    return Hidden(context, token);
  }
  KeyTable::Hold lock = context.keys.TryLock(key);
  if (!lock) return Hidden(context, token);
  // Asked under the lock: the answer stays true.
  TRY_ASSIGN(const auto holder, context.catalog.FindKey(key));
  if (!holder) {
    TRY_ASSIGN(const bool blocked, IsObstructed(context, key));
    if (blocked) return Hidden(context, token);
    return ChosenKey{key, {.if_absent = true, .if_match = {}}, std::move(lock)};
  }
  if (holder->inode && *holder->inode != inode) return Hidden(context, token);
  // Garbage that a file with unsent changes still builds on.
  if (!holder->inode && context.keys.Marked(key)) return Hidden(context, token);
  return ChosenKey{key, {.if_absent = false, .if_match = holder->object.etag}, std::move(lock)};
}

cache::StageHooks MakeStageHooks(Context& context, const InodeRef& file) {
  cache::StageHooks hooks;
  // Weak: an upload that is being aborted must not keep the file.
  hooks.target = [&context, weak = file.weak()]() -> base::Result<cache::UploadTarget> {
    const auto alive = weak.lock();
    if (alive == nullptr) return FileGone();
    return Target(context, *alive);
  };
  hooks.upload_started = [&context, weak = file.weak()](const objclient::ObjectKey&,
                                                        const std::string& upload_id) {
    const auto alive = weak.lock();
    return alive == nullptr ? base::Status(FileGone()) : UploadStarted(context, *alive, upload_id);
  };
  hooks.sums_of = [&context, inode = file->id()](std::int64_t object) -> base::SharedPieceSums {
    const auto extents = context.catalog.GetExtents(inode);
    if (!extents.ok()) return nullptr;
    for (const meta::Extent& extent : *extents) {
      if (meta::Raw(extent.object.id) == object) return extent.object.sums;
    }
    return nullptr;
  };
  return hooks;
}

base::Result<std::shared_ptr<cache::StagedFile>> EnsureStage(Context& context,
                                                             const InodeRef& file) {
  if (auto stage = file->stage()) return stage;
  TRY_ASSIGN(const ContentPtr content, LoadContent(context, *file));
  TRY_ASSIGN(const meta::Inode inode, context.catalog.GetInode(file->id()));
  TRY_ASSIGN(auto stage, context.staging.Create(content->extents, content->size,
                                                MakeStageHooks(context, file)));
  KeyTable::Hold mark;
  if (!content->objects.empty()) mark = context.keys.Mark(content->objects.front().key);
  file->BeginStage(stage, std::move(mark), inode.mtime_ns, inode.ctime_ns);
  context.inodes.Keep(file);
  return stage;
}

void DiscardStage(Context& context, FileInode& file) {
  FileInode::Dropped dropped = file.DropStage();
  if (dropped.stage != nullptr) dropped.stage->Discard();
  if (dropped.upload) {
    const auto status = AbandonUpload(context, *dropped.upload);
    if (!status.ok())
      LOG_ERROR("drop upload of inode={}: {}", meta::Raw(file.id()), status.error().ToString());
  }
  context.inodes.LetGo(file.id());
}

}  // namespace fs
