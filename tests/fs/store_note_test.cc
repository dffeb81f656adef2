#include "fs/store_note.h"

#include <gtest/gtest.h>

#include <chrono>

#include "meta/sqlite/sqlite_catalog.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace fs {
namespace {

class StoreNoteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    meta::SqliteCatalog::Options options;
    options.volume.uuid = "u";
    options.volume.url = "s3://b";
    auto catalog =
        meta::SqliteCatalog::Open(directory_.path() / "meta.db", meta::OpenMode::kCreate, options);
    ASSERT_TRUE(catalog.ok()) << catalog.error().ToString();
    catalog_ = std::move(*catalog);
  }
  testing_support::TempDir directory_;
  testing_support::FakeClock clock_;
  std::unique_ptr<meta::Catalog> catalog_;
};

TEST_F(StoreNoteTest, IsFoundAgainByTheSameVersion) {
  NoteOf(catalog_, clock_, "1.2").keep("all it can");
  EXPECT_EQ(NoteOf(catalog_, clock_, "1.2").recall(), "all it can");
  EXPECT_EQ(NoteOf(catalog_, clock_, "1.20").recall(), std::nullopt);
  EXPECT_EQ(NoteOf(catalog_, clock_, "1.3").recall(), std::nullopt);
}

TEST_F(StoreNoteTest, IsForgottenAfterAWeek) {
  const auto note = NoteOf(catalog_, clock_, "1.2");
  note.keep("all it can");
  clock_.Advance(std::chrono::hours(7 * 24));
  EXPECT_EQ(note.recall(), std::nullopt);
  note.keep("less");
  EXPECT_EQ(note.recall(), "less");
}

TEST_F(StoreNoteTest, WaitsForTheCatalog) {
  std::unique_ptr<meta::Catalog> later;
  const auto note = NoteOf(later, clock_, "1.2");
  note.keep("too early");
  EXPECT_EQ(note.recall(), std::nullopt);
  later = std::move(catalog_);
  EXPECT_EQ(note.recall(), std::nullopt);
  note.keep("now");
  EXPECT_EQ(note.recall(), "now");
}

}  // namespace
}  // namespace fs
