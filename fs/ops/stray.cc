#include "fs/ops/stray.h"

#include "base/log.h"

namespace fs {

base::Status AddStray(Context& context, const UploadRecord& record) {
  if (record.tokens.empty()) return base::Ok();
  meta::Intent look;
  look.kind = meta::IntentKind::kDelete;
  look.key = record.intent.key;
  look.upload_id = record.intent.upload_id;
  look.payload = record.tokens.ToText();
  const auto added = context.catalog.AddIntent(look, meta::Durability::kAsync);
  return added.ok() ? base::Ok() : base::Status(added.error());
}

base::Status AbandonUpload(Context& context, const UploadRecord& record) {
  // In this order: a crash in between has the upload abandoned once more.
  TRY(AddStray(context, record));
  if (record.intent.id == meta::IntentId{}) return base::Ok();
  return context.catalog.RemoveIntent(record.intent.id);
}

bool IsStray(const meta::Intent& intent) {
  return intent.kind == meta::IntentKind::kDelete && !intent.payload.empty();
}

base::Status RemoveStray(Context& context, const meta::Intent& intent) {
  if (!intent.upload_id.empty()) {
    TRY(context.store.AbortMultipart(intent.key, intent.upload_id));
  }
  const auto there = context.store.Head(intent.key);
  if (!there.ok()) {
    const bool gone = there.error().error_class() == base::ErrorClass::kNotFound;
    return gone ? base::Ok() : base::Status(there.error());
  }
  if (!UploadTokens::FromText(intent.payload).Made(*there)) return base::Ok();
  TRY_ASSIGN(const auto holder, context.catalog.FindKey(intent.key));
  if (holder && holder->object.etag == there->etag) return base::Ok();
  const base::Status deleted = context.store.Delete(intent.key, there->etag);
  if (deleted.ok()) LOG_INFO("deleted key={}: an upload that nobody wanted any more", intent.key);
  // Replaced since: another writer's.
  const bool replaced =
      !deleted.ok() && deleted.error().error_class() == base::ErrorClass::kConflict;
  return replaced ? base::Ok() : deleted;
}

}  // namespace fs
