#include "meta/sqlite/writer.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>
#include <vector>

#include "tests/meta/results.h"
#include "tests/support/temp_dir.h"

namespace meta {
namespace {

constexpr int kSynchronousNormal = 1;
constexpr int kSynchronousFull = 2;

class WriterTest : public testing::Test {
 protected:
  WriterTest() { Start({}); }

  void Start(const Writer::Options& options) {
    writer_.reset();
    reader_.reset();
    Database::Options connection;
    connection.access = Database::Access::kCreate;
    auto database = Must(Database::Open(directory_ / "x.db", connection));
    Must(
        database->Execute("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, bytes BLOB);"
                          "CREATE TABLE IF NOT EXISTS volume(syncs INTEGER);"
                          "DELETE FROM volume; INSERT INTO volume VALUES(0)"));
    writer_ = std::make_unique<Writer>(std::move(database), options);
    connection.access = Database::Access::kReadOnly;
    reader_ = Must(Database::Open(directory_ / "x.db", connection));
  }

  static std::int64_t Number(Database& database, std::string_view sql) {
    Statement row = database.Query(sql);
    EXPECT_TRUE(Must(row.Step()));
    return row.Int(0);
  }
  std::int64_t Rows() { return Number(*reader_, "SELECT count(*) FROM t"); }
  std::int64_t Syncs() { return Number(*reader_, "SELECT syncs FROM volume"); }

  static Writer::Operation Insert(int id) {
    return [id](Database& db) { return db.Run("INSERT INTO t(id) VALUES(?)", id); };
  }

  // Queues `operations` behind one that runs until all of them wait, so that they share a commit.
  // Returns their statuses.
  struct Queued {
    Durability durability;
    Writer::Operation operation;
  };
  std::vector<base::Status> RunTogether(const std::vector<Queued>& operations) {
    std::vector<base::Status> statuses(operations.size());
    std::vector<std::thread> threads;
    Must(writer_->Run(Durability::kAsync, [&](Database&) {
      for (std::size_t i = 0; i < operations.size(); ++i) {
        threads.emplace_back([&, i] {
          statuses[i] = writer_->Run(operations[i].durability, operations[i].operation);
        });
        while (writer_->queued() < i + 2) std::this_thread::yield();
      }
      return base::Ok();
    }));
    for (std::thread& thread : threads) thread.join();
    return statuses;
  }

  testing_support::TempDir directory_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Database> reader_;
};

TEST_F(WriterTest, AnOperationIsCommittedWhenRunReturns) {
  Must(writer_->Run(Durability::kAsync, Insert(1)));
  EXPECT_EQ(Rows(), 1);
}

TEST_F(WriterTest, AFailedOperationLeavesNothing) {
  const base::Status status = writer_->Run(Durability::kAsync, [](Database& db) -> base::Status {
    TRY(db.Run("INSERT INTO t(id) VALUES(1)"));
    return base::Error::FromErrno(EEXIST, "no");
  });
  EXPECT_EQ(ErrnoOf(status), EEXIST);
  EXPECT_EQ(Rows(), 0);
  Must(writer_->Run(Durability::kAsync, Insert(1)));
}

TEST_F(WriterTest, QueuedOperationsShareOneCommitAndFailAlone) {
  std::int64_t committed_rows_seen = -1;
  std::int64_t own_rows_seen = -1;
  const auto statuses = RunTogether({
      {Durability::kAsync, Insert(1)},
      {Durability::kAsync,
       [](Database& db) -> base::Status {
         TRY(db.Run("INSERT INTO t(id) VALUES(2)"));
         return base::Error::FromErrno(ENOTEMPTY, "no");
       }},
      {Durability::kAsync,
       [&](Database& db) {
         committed_rows_seen = Rows();
         own_rows_seen = Number(db, "SELECT count(*) FROM t");
         return db.Run("INSERT INTO t(id) VALUES(3)");
       }},
  });
  EXPECT_TRUE(statuses[0].ok());
  EXPECT_EQ(ErrnoOf(statuses[1]), ENOTEMPTY);
  EXPECT_TRUE(statuses[2].ok());
  EXPECT_EQ(committed_rows_seen, 0) << "the first one was not committed on its own";
  EXPECT_EQ(own_rows_seen, 1) << "the failed one was undone before the next";
  EXPECT_EQ(Rows(), 2);
}

TEST_F(WriterTest, ABatchIsNoLargerThanTold) {
  Writer::Options options;
  options.batch_limit = 2;
  Start(options);
  std::int64_t rows_before_third = -1;
  RunTogether({{Durability::kAsync, Insert(1)},
               {Durability::kAsync, Insert(2)},
               {Durability::kAsync, [&](Database& db) {
                  rows_before_third = Rows();
                  return db.Run("INSERT INTO t(id) VALUES(3)");
                }}});
  EXPECT_EQ(rows_before_third, 2);
  EXPECT_EQ(Rows(), 3);
}

TEST_F(WriterTest, OneSyncMakesTheWholeBatchFull) {
  std::vector<std::int64_t> modes(4, -1);
  const auto look = [&](std::size_t i) {
    return [&modes, i](Database& db) {
      modes[i] = Number(db, "PRAGMA synchronous");
      return db.Run("INSERT INTO t DEFAULT VALUES");
    };
  };
  Must(writer_->Run(Durability::kAsync, look(0)));
  RunTogether({{Durability::kAsync, look(1)}, {Durability::kSync, look(2)}});
  Must(writer_->Run(Durability::kAsync, look(3)));
  EXPECT_EQ(modes[0], kSynchronousNormal);
  EXPECT_EQ(modes[1], kSynchronousFull);
  EXPECT_EQ(modes[2], kSynchronousFull);
  EXPECT_EQ(modes[3], kSynchronousNormal);
}

TEST_F(WriterTest, SyncWritesOnlyWhenSomethingIsNotDurable) {
  Must(writer_->Sync());
  EXPECT_EQ(Syncs(), 1) << "what a former process left may not be on disk";
  Must(writer_->Sync());
  EXPECT_EQ(Syncs(), 1);
  Must(writer_->Run(Durability::kAsync, Insert(1)));
  Must(writer_->Sync());
  EXPECT_EQ(Syncs(), 2);
  Must(writer_->Run(Durability::kSync, Insert(2)));
  Must(writer_->Sync());
  EXPECT_EQ(Syncs(), 2) << "that commit was an fsync itself";
  // A failed operation writes nothing, so it is no fsync either.
  Must(writer_->Run(Durability::kAsync, Insert(3)));
  EXPECT_FALSE(writer_->Run(Durability::kSync, Insert(3)).ok());
  Must(writer_->Sync());
  EXPECT_EQ(Syncs(), 3);
}

TEST_F(WriterTest, AFullDiskUndoesTheBatchAndIsToldToAll) {
  Must(writer_->Run(Durability::kAsync, Insert(1)));
  Must(writer_->Run(Durability::kAsync,
                    [](Database& db) { return db.Execute("PRAGMA max_page_count = 40"); }));
  const auto fill = [](Database& db) -> base::Status {
    for (int i = 0; i < 100; ++i) TRY(db.Run("INSERT INTO t(bytes) VALUES(zeroblob(4000))"));
    return base::Ok();
  };
  const auto statuses = RunTogether({{Durability::kAsync, Insert(2)}, {Durability::kAsync, fill}});
  EXPECT_EQ(ErrnoOf(statuses[1]), ENOSPC);
  const std::int64_t kept = statuses[0].ok() ? 2 : 1;
  EXPECT_EQ(Rows(), kept) << "what was told is what is there";
  Must(writer_->Run(Durability::kAsync,
                    [](Database& db) { return db.Execute("PRAGMA max_page_count = 4000"); }));
  Must(writer_->Run(Durability::kAsync, fill));
  EXPECT_EQ(Rows(), kept + 100);
}

TEST_F(WriterTest, TheLogDoesNotGrowForEver) {
  Writer::Options options;
  options.checkpoint_frames = 50;
  options.restart_frames = 200;
  Start(options);
  for (int i = 0; i < 1000; ++i) {
    Must(writer_->Run(Durability::kAsync, [](Database& db) {
      return db.Run("INSERT INTO t(bytes) VALUES(zeroblob(8000))");
    }));
  }
  EXPECT_LT(std::filesystem::file_size(directory_ / "x.db-wal"), 100u * 4200u);
  EXPECT_EQ(Rows(), 1000);
}

}  // namespace
}  // namespace meta
