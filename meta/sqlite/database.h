// Database and Statement: the only place that calls SQLite. A Database is one private connection
// (WAL, busy timeout, foreign rooms closed) with a cache of prepared statements; a Statement is a
// prepared statement on loan, reset and handed back when it goes out of scope. Every failure
// becomes a base::Error that names the file.
//
// Owned by the Writer or the ReaderPool. Not thread-safe: one thread at a time uses a connection,
// and statements do not outlive it.
//
//   auto row = db.Query("SELECT ino FROM dirent WHERE parent = ? AND name = ?", parent, name);
//   TRY_ASSIGN(const bool found, row.Step());
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace meta {

class Database;

// Errors of preparing and binding are kept and come out of the first Step or Run.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // True: a row is there to be read; false: the end.
  base::Result<bool> Step();
  // Steps to the end, for statements whose rows nobody reads.
  base::Status Run();

  // Columns of the current row, from 0. Bytes are raw; NULL reads as 0 or "".
  std::int64_t Int(int column) const;
  std::string Bytes(int column) const;
  std::string_view View(int column) const;  // valid until the next Step
  bool IsNull(int column) const;
  template <typename Id>
  requires std::is_enum_v<Id> Id As(int column)
  const { return static_cast<Id>(Int(column)); }

  // Binds parameter `index`, from 1: integers, ids, bytes, and std::optional of these (NULL).
  template <typename T>
  void Bind(int index, const T& value) {
    if constexpr (std::is_enum_v<T> || std::integral<T>) {
      BindInt(index, static_cast<std::int64_t>(value));
    } else {
      BindBytes(index, std::string_view(value));
    }
  }
  template <typename T>
  void Bind(int index, const std::optional<T>& value) {
    if (value) Bind(index, *value);  // parameters start as NULL
  }

 private:
  friend class Database;
  using Idle = std::vector<sqlite3_stmt*>;
  Statement(Database& database, sqlite3_stmt* statement, Idle* home);
  Statement(Database& database, base::Error error);
  void BindInt(int index, std::int64_t value);
  void BindBytes(int index, std::string_view value);
  void CheckBind(int code);

  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  Idle* home_ = nullptr;  // where it rests between uses
  std::optional<base::Error> error_;
};

class Database {
 public:
  enum class Access : std::uint8_t { kReadOnly, kReadWrite, kCreate };
  struct Options {
    Access access = Access::kReadWrite;
    std::uint32_t cache_kib = 4096;         // page cache of this connection
    std::uint32_t busy_timeout_ms = 10000;  // longest wait for another process's lock
  };
  static base::Result<std::unique_ptr<Database>> Open(const std::filesystem::path& path,
                                                      const Options& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // A statement with its parameters bound.
  template <typename... Args>
  Statement Query(std::string_view sql, const Args&... args) {
    Statement statement = Prepare(sql);
    int index = 0;
    (statement.Bind(++index, args), ...);
    return statement;
  }
  // Query(...).Run().
  template <typename... Args>
  base::Status Run(std::string_view sql, const Args&... args) {
    return Query(sql, args...).Run();
  }
  // Several statements separated by ';', without parameters, not cached.
  base::Status Execute(const std::string& sql);

  std::int64_t last_insert_id() const;
  std::int64_t changed_rows() const;   // by the last statement
  std::int64_t total_changes() const;  // since the connection was opened
  // False when SQLite itself rolled the transaction back (disk full, I/O error).
  bool in_transaction() const;
  // Frames in the write-ahead log after the last commit of this connection.
  int wal_frames() const { return wal_frames_; }
  // Copies the log back into the file; `restart` also waits a moment for readers so that the log
  // can start anew. Being unable to is no error: a later one will.
  void Checkpoint(bool restart);
  const std::filesystem::path& path() const { return path_; }

  // What SQLite's result `code` means, with "doing" in front.
  base::Error ErrorOf(int code, std::string_view doing) const;

 private:
  friend class Statement;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  Database(std::filesystem::path path, const Options& options);
  base::Status Configure();
  Statement Prepare(std::string_view sql);

  const std::filesystem::path path_;
  const Options options_;
  sqlite3* handle_ = nullptr;
  int wal_frames_ = 0;
  // Idle prepared statements by their text; nodes stay where they are, so Statement may point in.
  std::unordered_map<std::string, Statement::Idle, TextHash, std::equal_to<>> idle_;
};

// Begins a transaction that its destructor rolls back unless Commit succeeded. For reads that span
// several statements, and for what happens before the Writer exists.
class Transaction {
 public:
  enum class Kind : std::uint8_t { kRead, kWrite };
  static base::Result<Transaction> Begin(Database& database, Kind kind);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  base::Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null when over
};

}  // namespace meta
