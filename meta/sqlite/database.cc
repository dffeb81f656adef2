#include "meta/sqlite/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstdio>
#include <utility>

namespace meta {
namespace {

constexpr int kRestartWaitMs = 50;  // longest wait of a checkpoint for readers

}  // namespace

Statement::Statement(Database& database, sqlite3_stmt* statement, Idle* home)
    : database_(database), statement_(statement), home_(home) {}

Statement::Statement(Database& database, base::Error error)
    : database_(database), error_(std::move(error)) {}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      home_(other.home_),
      error_(std::move(other.error_)) {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);  // repeats the error of the last step, which has been told already
  sqlite3_clear_bindings(statement_);
  home_->push_back(statement_);
}

base::Result<bool> Statement::Step() {
  if (error_) return *error_;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_.ErrorOf(code, sqlite3_sql(statement_));
}

base::Status Statement::Run() {
  for (;;) {
    TRY_ASSIGN(const bool row, Step());
    if (!row) return base::Ok();
  }
}

std::int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Statement::View(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::string Statement::Bytes(int column) const { return std::string(View(column)); }

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Statement::CheckBind(int code) {
  if (code != SQLITE_OK && !error_) error_ = database_.ErrorOf(code, "bind a parameter");
}

void Statement::BindInt(int index, std::int64_t value) {
  if (statement_ != nullptr) CheckBind(sqlite3_bind_int64(statement_, index, value));
}

void Statement::BindBytes(int index, std::string_view value) {
  if (statement_ == nullptr) return;
  // A null pointer would bind NULL instead of no bytes.
  const char* data = value.data() == nullptr ? "" : value.data();
  CheckBind(sqlite3_bind_blob64(statement_, index, data, value.size(), SQLITE_TRANSIENT));
}

Database::Database(std::filesystem::path path, const Options& options)
    : path_(std::move(path)), options_(options) {}

base::Result<std::unique_ptr<Database>> Database::Open(const std::filesystem::path& path,
                                                       const Options& options) {
  std::unique_ptr<Database> database(new Database(path, options));
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  switch (options.access) {
    case Access::kReadOnly:
      flags |= SQLITE_OPEN_READONLY;
      break;
    case Access::kReadWrite:
      flags |= SQLITE_OPEN_READWRITE;
      break;
    case Access::kCreate:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
  }
  const int code = sqlite3_open_v2(path.c_str(), &database->handle_, flags, nullptr);
  if (code != SQLITE_OK) return database->ErrorOf(code, "open");
  TRY(database->Configure());
  return database;
}

base::Status Database::Configure() {
  sqlite3_busy_timeout(handle_, static_cast<int>(options_.busy_timeout_ms));
  // With a hook of our own SQLite makes no automatic checkpoints: the Writer does.
  sqlite3_wal_hook(
      handle_,
      [](void* self, sqlite3*, const char*, int frames) {
        static_cast<Database*>(self)->wal_frames_ = frames;
        return SQLITE_OK;
      },
      this);
  TRY(Execute("PRAGMA cache_size = -" + std::to_string(options_.cache_kib) +
              "; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"));
  if (options_.access == Access::kReadOnly) return base::Ok();
  // The log is cut back to this size when it starts anew.
  return Execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
      "PRAGMA journal_size_limit = 67108864;");
}

Database::~Database() {
  for (auto& [sql, statements] : idle_) {
    for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
  }
  sqlite3_close_v2(handle_);
}

Statement Database::Prepare(std::string_view sql) {
  auto place = idle_.find(sql);
  if (place == idle_.end()) place = idle_.emplace(std::string(sql), Statement::Idle{}).first;
  Statement::Idle& idle = place->second;
  if (!idle.empty()) {
    sqlite3_stmt* statement = idle.back();
    idle.pop_back();
    return {*this, statement, &idle};
  }
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return {*this, ErrorOf(code, sql)};
  return {*this, statement, &idle};
}

base::Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return ErrorOf(code, sql.substr(0, 80));
  return base::Ok();
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Database::changed_rows() const { return sqlite3_changes64(handle_); }
std::int64_t Database::total_changes() const { return sqlite3_total_changes64(handle_); }
bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

void Database::Checkpoint(bool restart) {
  int frames = 0;
  int copied = 0;
  if (restart) sqlite3_busy_timeout(handle_, kRestartWaitMs);
  const int code = sqlite3_wal_checkpoint_v2(
      handle_, nullptr, restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, &frames,
      &copied);
  if (restart) sqlite3_busy_timeout(handle_, static_cast<int>(options_.busy_timeout_ms));
  // All copied: the next commit starts the log anew as soon as no reader is in it.
  if (code == SQLITE_OK && frames == copied) wal_frames_ = 0;
}

base::Error Database::ErrorOf(int code, std::string_view doing) const {
  using base::ErrorClass;
  const int system_errno = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  const char* detail = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  const std::string message =
      "database " + path_.string() + ": " + detail + " (" + std::string(doing) + ")";
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorClass::kNoSpace, message, ENOSPC};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorClass::kCorrupt,
              message +
                  ": the file is damaged or is no database. Unmount, keep a copy of it and of its "
                  "-wal file, and restore the state directory from a backup or move it away to "
                  "start anew from the bucket. Nothing was repaired or changed",
              EIO};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorClass::kTimeout, message + ": another process holds it", EIO};
    case SQLITE_READONLY:
      return {ErrorClass::kIo, message, EROFS};
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorClass::kIo, message, EACCES};
    case SQLITE_NOMEM:
      return {ErrorClass::kIo, message, ENOMEM};
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      if (system_errno == ENOSPC || system_errno == EDQUOT)
        return {ErrorClass::kNoSpace, message, ENOSPC};
      if (system_errno == ENOENT) return {ErrorClass::kNotFound, message, ENOENT};
      return {ErrorClass::kIo, message, system_errno != 0 ? system_errno : EIO};
    default:
      return {ErrorClass::kBug, message, EIO};
  }
}

base::Result<Transaction> Transaction::Begin(Database& database, Kind kind) {
  // A write takes its lock at once: a lock taken later could be refused without a way to wait.
  TRY(database.Run(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_ == nullptr || !database_->in_transaction()) return;
  // Whatever made us give up is being reported already.
  const base::Status rolled_back = database_->Run("ROLLBACK");
  (void)rolled_back;
}

base::Status Transaction::Commit() {
  TRY(database_->Run("COMMIT"));
  database_ = nullptr;
  return base::Ok();
}

}  // namespace meta
