#include "fs/ops/inode_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr meta::InodeId kFile{7};

class InodeTableTest : public ::testing::Test {
 protected:
  std::vector<meta::InodeId> released_;
  InodeTable table_{[this](meta::InodeId inode) { released_.push_back(inode); }};
};

TEST_F(InodeTableTest, AFileIsThereWhileSomebodyRefersToIt) {
  EXPECT_FALSE(table_.Find(kFile));
  {
    const InodeRef first = table_.Acquire(kFile);
    const InodeRef second = first;
    EXPECT_EQ(&*table_.Find(kFile), &*first);
  }
  EXPECT_FALSE(table_.Find(kFile));
  EXPECT_THAT(released_, IsEmpty());
}

TEST_F(InodeTableTest, TheLastReferenceToAnOrphanReleasesIt) {
  InodeRef handle = table_.Acquire(kFile);
  {
    const InodeRef unlink = table_.Acquire(kFile);
    unlink->SetOrphan();
  }
  EXPECT_THAT(released_, IsEmpty());
  handle = InodeRef();
  EXPECT_THAT(released_, ElementsAre(kFile));
}

TEST(InodeTableRelease, IsCountedUntilItIsOver) {
  std::size_t during = 0;
  InodeTable* asked = nullptr;
  InodeTable table([&](meta::InodeId) { during = asked->removing(); });
  asked = &table;
  table.Acquire(kFile)->SetOrphan();
  EXPECT_EQ(during, 1u);
  EXPECT_EQ(table.removing(), 0u);
}

TEST_F(InodeTableTest, AKeptFileStaysUntilLetGo) {
  table_.Keep(table_.Acquire(kFile));
  table_.Keep(table_.Acquire(kFile));
  EXPECT_TRUE(table_.Find(kFile));
  table_.LetGo(kFile);
  table_.LetGo(kFile);
  EXPECT_FALSE(table_.Find(kFile));
  table_.Keep(table_.Acquire(kFile));
  table_.LetGoOfAll();
  EXPECT_FALSE(table_.Find(kFile));
}

TEST_F(InodeTableTest, KnowsWhatTheKernelSawLast) {
  EXPECT_FALSE(table_.RememberOpened(kFile, 1));
  EXPECT_TRUE(table_.RememberOpened(kFile, 1));
  EXPECT_FALSE(table_.RememberOpened(kFile, 2));
  table_.ObjectRenamed(kFile, 2, 3);
  EXPECT_TRUE(table_.RememberOpened(kFile, 3));
  table_.ForgetOpened(kFile);
  EXPECT_FALSE(table_.RememberOpened(kFile, 3));
}

}  // namespace
}  // namespace fs
