#include "fs/fuse/dir_stream.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace fs {
namespace {

// A directory whose names tests may change between two reads.
class DirStreamTest : public testing::Test {
 protected:
  DirStream Open() {
    return DirStream(meta::InodeId{5}, meta::InodeId{3},
                     [this](std::string_view after, std::size_t limit) -> base::Result<DirPage> {
                       if (fail_) return base::Error(base::ErrorClass::kIo, "disk");
                       ++reads_;
                       DirPage page;
                       auto name =
                           after.empty() ? names_.begin() : names_.upper_bound(std::string(after));
                       for (; name != names_.end() && page.entries.size() < limit; ++name) {
                         page.entries.push_back({*name, {}});
                       }
                       return page;
                     });
  }

  static std::vector<std::string> ReadAll(DirStream& stream, off_t offset = 0) {
    std::vector<std::string> names;
    while (true) {
      const auto entry = stream.At(offset++);
      if (!entry.ok() || !entry->has_value()) return names;
      names.push_back((*entry)->name);
    }
  }

  std::set<std::string> names_;
  bool fail_ = false;
  int reads_ = 0;
};

TEST_F(DirStreamTest, EmptyDirectoryHasTheDots) {
  DirStream stream = Open();
  EXPECT_EQ(ReadAll(stream), (std::vector<std::string>{".", ".."}));
  EXPECT_EQ((*stream.At(0))->inode.id, meta::InodeId{5});
  EXPECT_EQ((*stream.At(1))->inode.id, meta::InodeId{3});
}

TEST_F(DirStreamTest, ManyPagesComeOnceEachInOrder) {
  for (int i = 10000; i < 15000; ++i) names_.insert(std::to_string(i));
  DirStream stream = Open();
  const auto seen = ReadAll(stream);
  ASSERT_EQ(seen.size(), names_.size() + 2);
  EXPECT_TRUE(std::equal(names_.begin(), names_.end(), seen.begin() + 2));
}

TEST_F(DirStreamTest, RemovalWhileReadingSkipsNothingThatStays) {
  for (int i = 10000; i < 13000; ++i) names_.insert(std::to_string(i));
  DirStream stream = Open();
  off_t offset = 0;
  std::size_t seen = 0;
  while (true) {  // rm -r: read one, remove it
    const auto entry = stream.At(offset++);
    ASSERT_TRUE(entry.ok());
    if (!entry->has_value()) break;
    ++seen;
    names_.erase((*entry)->name);
  }
  EXPECT_EQ(seen, 3002u);
  EXPECT_TRUE(names_.empty());
}

TEST_F(DirStreamTest, RewindShowsWhatIsNew) {
  names_ = {"a", "b"};
  DirStream stream = Open();
  EXPECT_EQ(ReadAll(stream).size(), 4u);
  names_.insert("c");
  EXPECT_EQ(ReadAll(stream), (std::vector<std::string>{".", "..", "a", "b", "c"}));
}

TEST_F(DirStreamTest, SeekBackReadsAgainAndForwardContinues) {
  for (int i = 10000; i < 13000; ++i) names_.insert(std::to_string(i));
  DirStream stream = Open();
  ReadAll(stream);
  EXPECT_EQ((*stream.At(2))->name, "10000");
  EXPECT_EQ((*stream.At(2500))->name, "12498");
  EXPECT_EQ((*stream.At(2501))->name, "12499");
}

TEST_F(DirStreamTest, AnErrorIsPassedOn) {
  DirStream stream = Open();
  fail_ = true;
  EXPECT_FALSE(stream.At(2).ok());
  fail_ = false;
  names_ = {"a"};
  EXPECT_EQ((*stream.At(2))->name, "a");
}

}  // namespace
}  // namespace fs
