#include "meta/sqlite/intents.h"

#include <cerrno>
#include <string>

namespace meta {
namespace {

Intent ReadIntent(const Statement& row) {
  Intent intent;
  intent.id = row.As<IntentId>(0);
  intent.kind = row.As<IntentKind>(1);
  intent.inode = row.As<InodeId>(2);
  intent.key = row.Bytes(3);
  intent.etag = row.Bytes(4);
  intent.upload_id = row.Bytes(5);
  intent.stage = row.Bytes(6);
  intent.payload = row.Bytes(7);
  intent.state = row.As<UploadState>(8);
  intent.attempts = static_cast<std::uint32_t>(row.Int(9));
  intent.last_error = row.Bytes(10);
  intent.object = row.As<ObjectId>(11);
  return intent;
}

}  // namespace

base::Result<IntentId> InsertIntent(Database& db, const Intent& intent) {
  TRY(
      db.Run("INSERT INTO intent(kind, ino, key, etag, upload_id, stage, payload, state, attempts,"
             " last_error, object) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             intent.kind, intent.inode, intent.key, intent.etag, intent.upload_id, intent.stage,
             intent.payload, intent.state, intent.attempts, intent.last_error, intent.object));
  return static_cast<IntentId>(db.last_insert_id());
}

base::Status ReplaceIntent(Database& db, const Intent& intent) {
  TRY(db.Run(
      "UPDATE intent SET kind = ?, ino = ?, key = ?, etag = ?, upload_id = ?, stage = ?,"
      " payload = ?, state = ?, attempts = ?, last_error = ?, object = ? WHERE id = ?",
      intent.kind, intent.inode, intent.key, intent.etag, intent.upload_id, intent.stage,
      intent.payload, intent.state, intent.attempts, intent.last_error, intent.object, intent.id));
  if (db.changed_rows() > 0) return base::Ok();
  return base::Error::FromErrno(ENOENT, "intent " + std::to_string(Raw(intent.id)));
}

base::Status DropIntent(Database& db, IntentId id) {
  TRY(
      db.Run("DELETE FROM object WHERE refs = 0 AND id ="
             " (SELECT object FROM intent WHERE id = ? AND kind = ?)",
             id, IntentKind::kDelete));
  return db.Run("DELETE FROM intent WHERE id = ?", id);
}

base::Result<std::vector<Intent>> LoadIntents(Database& db, IntentId after, std::size_t limit) {
  Statement row = db.Query(
      "SELECT id, kind, ino, key, etag, upload_id, stage, payload, state, attempts, last_error,"
      " object FROM intent WHERE id > ? ORDER BY id LIMIT ?",
      after, limit);
  std::vector<Intent> intents;
  for (;;) {
    TRY_ASSIGN(const bool found, row.Step());
    if (!found) return intents;
    intents.push_back(ReadIntent(row));
  }
}

base::Status AddSettle(Database& db, const Inode& inode) {
  if (!inode.is_file() && !inode.is_dir()) return base::Ok();
  TRY(db.Run("DELETE FROM intent WHERE ino = ? AND kind = ?", inode.id, IntentKind::kSettle));
  Intent intent;
  intent.kind = IntentKind::kSettle;
  intent.inode = inode.id;
  TRY_ASSIGN(const IntentId id, InsertIntent(db, intent));
  (void)id;
  return base::Ok();
}

base::Status AddDelete(Database& db, const Object& object) {
  Intent intent;
  intent.kind = IntentKind::kDelete;
  intent.key = object.key;
  intent.etag = object.etag;
  intent.object = object.id;
  TRY_ASSIGN(const IntentId id, InsertIntent(db, intent));
  (void)id;
  return base::Ok();
}

base::Result<bool> HasPendingWork(Database& db, InodeId inode) {
  Statement row = db.Query("SELECT 1 FROM intent WHERE ino = ? AND kind IN (1, 2) LIMIT 1", inode);
  return row.Step();
}

base::Result<bool> IsKeyPending(Database& db, std::string_view key) {
  Statement row = db.Query("SELECT 1 FROM intent WHERE key = ? AND kind IN (1, 3, 4) LIMIT 1", key);
  return row.Step();
}

base::Result<bool> IsDeletePending(Database& db, std::string_view key) {
  Statement row =
      db.Query("SELECT 1 FROM intent WHERE key = ? AND kind = ? LIMIT 1", key, IntentKind::kDelete);
  return row.Step();
}

base::Result<bool> IsPrefixPending(Database& db, std::string_view directory_key,
                                   bool deletes_only) {
  // '0' is the byte after '/'.
  const std::string from = std::string(directory_key) + "/";
  const std::string to = std::string(directory_key) + "0";
  Statement row =
      db.Query("SELECT 1 FROM intent WHERE key >= ? AND key < ? AND kind IN (?, ?, 3) LIMIT 1",
               from, to, deletes_only ? IntentKind::kDelete : IntentKind::kUpload,
               deletes_only ? IntentKind::kDelete : IntentKind::kMove);
  return row.Step();
}

}  // namespace meta
