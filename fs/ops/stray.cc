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

base::Result<std::optional<std::string>> FindStray(Context& context, const meta::Intent& intent) {
  using Found = std::optional<std::string>;
  if (!intent.upload_id.empty()) {
    TRY(context.store.AbortMultipart(intent.key, intent.upload_id));
  }
  const auto there = context.store.Head(intent.key);
  if (!there.ok()) {
    const bool gone = there.error().error_class() == base::ErrorClass::kNotFound;
    return gone ? base::Result<Found>(Found()) : there.error();
  }
  if (!UploadTokens::FromText(intent.payload).Made(*there)) return Found();
  TRY_ASSIGN(const auto holder, context.catalog.FindKey(intent.key));
  if (holder && holder->object.etag == there->etag) return Found();
  LOG_INFO("delete key={}: an upload that nobody wants any more", intent.key);
  return Found(there->etag);
}

}  // namespace fs
