#include "meta/sqlite/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <optional>

#include "tests/meta/results.h"
#include "tests/support/temp_dir.h"

namespace meta {
namespace {

using testing::HasSubstr;
using testing_support::TempDir;

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() : database_(OpenAs(Database::Access::kCreate)) {
    Must(database_->Execute("CREATE TABLE t(id INTEGER PRIMARY KEY, bytes BLOB, number INTEGER)"));
  }
  std::unique_ptr<Database> OpenAs(Database::Access access) {
    Database::Options options;
    options.access = access;
    options.busy_timeout_ms = 50;
    return Must(Database::Open(directory_ / "x.db", options));
  }
  std::int64_t Count(Database& database) {
    Statement row = database.Query("SELECT count(*) FROM t");
    EXPECT_TRUE(Must(row.Step()));
    return row.Int(0);
  }

  TempDir directory_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, BindsAndReadsEveryKindOfValue) {
  enum class Id : std::int64_t {};
  const std::string bytes("a\0\xff", 3);
  Must(database_->Run("INSERT INTO t VALUES(?, ?, ?)", Id{-5}, bytes, std::uint64_t{1} << 63));
  Must(database_->Run("INSERT INTO t VALUES(?, ?, ?)", 6, std::string_view(),
                      std::optional<std::int64_t>()));
  EXPECT_EQ(database_->last_insert_id(), 6);
  Statement row = database_->Query("SELECT id, bytes, number FROM t ORDER BY id");
  ASSERT_TRUE(Must(row.Step()));
  EXPECT_EQ(row.As<Id>(0), Id{-5});
  EXPECT_EQ(row.Bytes(1), bytes);
  EXPECT_EQ(static_cast<std::uint64_t>(row.Int(2)), std::uint64_t{1} << 63);
  ASSERT_TRUE(Must(row.Step()));
  EXPECT_FALSE(row.IsNull(1)) << "no bytes are not NULL";
  EXPECT_EQ(row.Bytes(1), "");
  EXPECT_TRUE(row.IsNull(2));
  EXPECT_FALSE(Must(row.Step()));
}

TEST_F(DatabaseTest, TheSameTextMayBeInUseTwice) {
  for (int i = 1; i <= 3; ++i) Must(database_->Run("INSERT INTO t(id) VALUES(?)", i));
  constexpr std::string_view kSql = "SELECT id FROM t ORDER BY id";
  Statement outer = database_->Query(kSql);
  ASSERT_TRUE(Must(outer.Step()));
  {
    Statement inner = database_->Query(kSql);
    ASSERT_TRUE(Must(inner.Step()));
    ASSERT_TRUE(Must(inner.Step()));
    EXPECT_EQ(inner.Int(0), 2);
  }
  ASSERT_TRUE(Must(outer.Step()));
  EXPECT_EQ(outer.Int(0), 2);
}

TEST_F(DatabaseTest, AStatementStartsAfreshEachTime) {
  Must(database_->Run("INSERT INTO t(id, bytes) VALUES(?, ?)", 1, "x"));
  Must(database_->Run("INSERT INTO t(id, bytes) VALUES(?, ?)", 2, std::optional<std::string>()));
  Statement row = database_->Query("SELECT bytes FROM t WHERE id = 2");
  ASSERT_TRUE(Must(row.Step()));
  EXPECT_TRUE(row.IsNull(0)) << "the parameter of the use before";
}

TEST_F(DatabaseTest, ErrorsComeOutOfTheFirstStep) {
  const base::Status status = database_->Run("SELECT nonsense FROM t");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().error_class(), base::ErrorClass::kBug);
  EXPECT_THAT(status.error().message(), HasSubstr("nonsense"));
  EXPECT_THAT(status.error().message(), HasSubstr((directory_ / "x.db").string()));
}

TEST_F(DatabaseTest, ATransactionThatIsDroppedIsRolledBack) {
  {
    Transaction transaction = MustHave(Transaction::Begin(*database_, Transaction::Kind::kWrite));
    Must(database_->Run("INSERT INTO t(id) VALUES(1)"));
  }
  EXPECT_FALSE(database_->in_transaction());
  EXPECT_EQ(Count(*database_), 0);
  Transaction transaction = MustHave(Transaction::Begin(*database_, Transaction::Kind::kWrite));
  Must(database_->Run("INSERT INTO t(id) VALUES(1)"));
  Must(transaction.Commit());
  EXPECT_EQ(Count(*database_), 1);
}

TEST_F(DatabaseTest, AReadTransactionSeesOneState) {
  const auto reader = OpenAs(Database::Access::kReadOnly);
  Transaction transaction = MustHave(Transaction::Begin(*reader, Transaction::Kind::kRead));
  EXPECT_EQ(Count(*reader), 0);
  Must(database_->Run("INSERT INTO t(id) VALUES(1)"));
  EXPECT_EQ(Count(*reader), 0);
  Must(transaction.Commit());
  EXPECT_EQ(Count(*reader), 1);
}

TEST_F(DatabaseTest, WaitingForAnotherWriterIsBounded) {
  const auto other = OpenAs(Database::Access::kReadWrite);
  const Transaction held = MustHave(Transaction::Begin(*other, Transaction::Kind::kWrite));
  const base::Status refused = database_->Run("INSERT INTO t(id) VALUES(1)");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().error_class(), base::ErrorClass::kTimeout);
}

TEST_F(DatabaseTest, AReadOnlyConnectionDoesNotWrite) {
  const auto reader = OpenAs(Database::Access::kReadOnly);
  const base::Status refused = reader->Run("INSERT INTO t(id) VALUES(1)");
  EXPECT_EQ(refused.ok() ? 0 : refused.error().errno_value(), EROFS);
}

TEST_F(DatabaseTest, AFullDiskIsNoSpace) {
  Must(database_->Execute("PRAGMA max_page_count = 20"));
  base::Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i)
    status = database_->Run("INSERT INTO t(bytes) VALUES(zeroblob(1000))");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().error_class(), base::ErrorClass::kNoSpace);
  EXPECT_EQ(status.error().errno_value(), ENOSPC);
}

TEST_F(DatabaseTest, AMissingFileIsNotMadeUnlessAsked) {
  Database::Options options;
  options.access = Database::Access::kReadWrite;
  const auto missing = Database::Open(directory_ / "missing.db", options);
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message(), HasSubstr("missing.db"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "missing.db"));
}

TEST_F(DatabaseTest, WhatIsNoDatabaseIsCorruptAndLeftAsItIs) {
  const std::string text(5000, 'x');
  const auto path = directory_.Write("text.db", text);
  const auto opened = Database::Open(path, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().error_class(), base::ErrorClass::kCorrupt);
  EXPECT_THAT(opened.error().message(), HasSubstr(path.string()));
  EXPECT_THAT(opened.error().message(), HasSubstr("restore"));
  EXPECT_EQ(std::filesystem::file_size(path), text.size());
}

TEST_F(DatabaseTest, CheckpointsEmptyTheLogUnlessAReaderNeedsIt) {
  Must(database_->Run("INSERT INTO t(id) VALUES(1)"));
  EXPECT_GT(database_->wal_frames(), 0);
  const auto reader = OpenAs(Database::Access::kReadOnly);
  {
    const Transaction held = MustHave(Transaction::Begin(*reader, Transaction::Kind::kRead));
    EXPECT_EQ(Count(*reader), 1);
    Must(database_->Run("INSERT INTO t(id) VALUES(2)"));
    database_->Checkpoint(true);
    EXPECT_GT(database_->wal_frames(), 0) << "the reader still looks at the state before";
  }
  database_->Checkpoint(true);
  EXPECT_EQ(database_->wal_frames(), 0);
  EXPECT_EQ(Count(*reader), 2);
}

}  // namespace
}  // namespace meta
