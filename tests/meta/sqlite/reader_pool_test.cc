#include "meta/sqlite/reader_pool.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "tests/meta/results.h"
#include "tests/support/temp_dir.h"

namespace meta {
namespace {

class ReaderPoolTest : public testing::Test {
 protected:
  ReaderPoolTest() {
    Database::Options options;
    options.access = Database::Access::kCreate;
    database_ = Must(Database::Open(directory_ / "x.db", options));
    Must(database_->Execute("CREATE TABLE t(id INTEGER PRIMARY KEY)"));
  }
  std::unique_ptr<ReaderPool> OpenPool(std::size_t connections, std::uint32_t wait_ms) {
    ReaderPool::Options options;
    options.connections = connections;
    options.wait_ms = wait_ms;
    return Must(ReaderPool::Open(directory_ / "x.db", options));
  }

  testing_support::TempDir directory_;
  std::unique_ptr<Database> database_;
};

TEST_F(ReaderPoolTest, LendsEveryConnectionAndThenWaitsNoLongerThanTold) {
  const auto pool = OpenPool(2, 20);
  const auto first = MustHave(pool->Borrow());
  {
    const auto second = MustHave(pool->Borrow());
    EXPECT_NE(&*first, &*second);
    const auto third = pool->Borrow();
    ASSERT_FALSE(third.ok());
    EXPECT_EQ(third.error().error_class(), base::ErrorClass::kTimeout);
  }
  EXPECT_TRUE(pool->Borrow().ok()) << "one came back";
}

TEST_F(ReaderPoolTest, WhoWaitsGetsWhatComesBack) {
  const auto pool = OpenPool(1, 60000);
  std::optional<ReaderPool::Lease> held(MustHave(pool->Borrow()));
  std::thread waiter([&] { EXPECT_TRUE(pool->Borrow().ok()); });
  held.reset();
  waiter.join();
}

TEST_F(ReaderPoolTest, AReadSeesEveryCommitBeforeIt) {
  const auto pool = OpenPool(1, 1000);
  for (int i = 1; i <= 3; ++i) {
    Must(database_->Run("INSERT INTO t(id) VALUES(?)", i));
    const auto reader = MustHave(pool->Borrow());
    Statement row = reader->Query("SELECT count(*) FROM t");
    ASSERT_TRUE(Must(row.Step()));
    EXPECT_EQ(row.Int(0), i);
  }
}

TEST_F(ReaderPoolTest, OpeningAMissingFileFails) {
  EXPECT_FALSE(ReaderPool::Open(directory_ / "missing.db", {}).ok());
}

}  // namespace
}  // namespace meta
