#include "cache/stage_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "tests/support/temp_dir.h"

namespace cache {
namespace {

using base::ErrorClass;

// 256 KiB at an address that O_DIRECT takes.
struct Aligned {
  Aligned() : bytes(static_cast<std::byte*>(std::aligned_alloc(kDirectAlign, kSize))) {}
  ~Aligned() { std::free(bytes); }
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  static constexpr std::size_t kSize = 256u << 10;
  std::byte* const bytes;
};

TEST(StageDisk, WritesAlignedAndRaggedAndReadsBoth) {
  testing_support::TempDir directory;
  auto disk = OpenStageDisk(directory / "stage");
  ASSERT_TRUE(disk.ok());
  auto file = (*disk)->Create("one");
  ASSERT_TRUE(file.ok());
  Aligned out;
  std::fill_n(out.bytes, Aligned::kSize, std::byte{7});
  const std::size_t half = Aligned::kSize / 2;
  ASSERT_TRUE((*file)->WriteAligned(1u << 20, {{out.bytes + half, half}, {out.bytes, half}}).ok());
  ASSERT_TRUE((*file)->WriteRagged((1u << 20) + 5, {out.bytes + 1, 3}).ok());
  const std::byte mark{9};
  ASSERT_TRUE((*file)->WriteRagged((1u << 20) + 4097, {&mark, 1}).ok());

  Aligned in;
  ASSERT_TRUE((*file)->Read(1u << 20, {in.bytes, Aligned::kSize}).ok());
  EXPECT_EQ(in.bytes[4097], mark);
  EXPECT_EQ(std::count(in.bytes, in.bytes + Aligned::kSize, std::byte{7}),
            static_cast<std::ptrdiff_t>(Aligned::kSize - 1));
  std::byte few[3];
  ASSERT_TRUE((*file)->Read((1u << 20) + 4096, few).ok());
  EXPECT_EQ(few[1], mark);
  EXPECT_EQ((*file)->Read(2u << 20, few).error().error_class(), ErrorClass::kCorrupt);
  EXPECT_TRUE((*file)->Sync().ok());
  ASSERT_TRUE((*file)->Resize(100).ok());
  EXPECT_EQ(std::filesystem::file_size((*disk)->PathOf("one")), 100u);
}

TEST(StageDisk, NamesComeAndGo) {
  testing_support::TempDir directory;
  auto disk = OpenStageDisk(directory / "stage");
  ASSERT_TRUE(disk.ok());
  EXPECT_EQ((*disk)->Open("a").error().error_class(), ErrorClass::kNotFound);
  ASSERT_TRUE((*disk)->Create("a").ok());
  EXPECT_EQ((*disk)->Create("a").error().error_class(), ErrorClass::kExists);
  EXPECT_TRUE((*disk)->Open("a").ok());
  EXPECT_EQ(*(*disk)->List(), std::vector<std::string>{"a"});
  EXPECT_TRUE((*disk)->SyncNames().ok());
  EXPECT_TRUE((*disk)->Remove("a").ok());
  EXPECT_TRUE((*disk)->Remove("a").ok());
  EXPECT_TRUE((*disk)->List()->empty());
}

}  // namespace
}  // namespace cache
