#include "cache/stage_content.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "tests/cache/stage_fixture.h"

namespace cache {
namespace {

using base::ErrorClass;
using testing_support::Bytes;
using testing_support::Noise;
using testing_support::ReadAll;
using testing_support::StageFixture;

TEST(StageContent, TruncatedAndExtendedAgainIsZerosNotBase) {
  StageFixture fixture;
  const std::string old = Noise(600000, 1);
  const ObjectRef object = fixture.Object(fixture.store.PutOther("f", old));
  auto file = fixture.Create("f", {{0, old.size(), 0, object}}, old.size());
  ASSERT_TRUE(file->Truncate(1000).ok());
  ASSERT_TRUE(file->Truncate(500000).ok());
  EXPECT_TRUE(*ReadAll(*file, {0, 500000}) ==
              old.substr(0, 1000) + std::string(500000 - 1000, '\0'));
  EXPECT_EQ(file->DataRanges(), (std::vector<base::ByteRange>{{0, 1000}}));
}

TEST(StageContent, ReadsMixStagedBaseAndHoles) {
  StageFixture fixture;
  const std::string old = Noise(300000, 1);
  const ObjectRef object = fixture.Object(fixture.store.PutOther("f", old));
  auto file = fixture.Create("f", {{100000, 200000, 50000, object}}, 400000);
  ASSERT_TRUE(file->Write(150000, Bytes("patch")).ok());
  std::string expected =
      std::string(100000, '\0') + old.substr(50000, 200000) + std::string(100000, '\0');
  expected.replace(150000, 5, "patch");
  EXPECT_TRUE(*ReadAll(*file, {0, 400000}) == expected);
  EXPECT_EQ(*ReadAll(*file, {149999, 7}), expected.substr(149999, 7));
  EXPECT_EQ(file->DataRanges(), (std::vector<base::ByteRange>{{100000, 200000}}));
}

TEST(StageContent, MissingBaseIsAnErrorOfTheRead) {
  StageFixture fixture;
  const ObjectRef object{.id = 9, .key = "gone", .etag = "e", .size = 5000};
  auto file = fixture.Create("f", {{0, 5000, 0, object}}, 5000);
  const auto got = ReadAll(*file, {0, 5000});
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().error_class(), ErrorClass::kNotFound);
}

TEST(StageContent, TinyWritesMakeWholeParts) {
  StageFixture fixture;
  auto file = fixture.Create("torch");
  std::string expected;
  for (std::uint32_t i = 0; expected.size() < 3u << 20; ++i) {
    for (const std::size_t n : {std::size_t{64 + i % 636}, std::size_t{40000 + i}}) {
      const std::string data = Noise(n, i);
      ASSERT_TRUE(file->Write(expected.size(), Bytes(data)).ok());
      expected += data;
    }
  }
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_TRUE(fixture.store.Content("torch") == expected);
}

TEST(StageContent, LargerThanAllPartsIsTooBig) {
  StageFixture fixture;
  auto file = fixture.Create("f");
  const std::uint64_t limit = PartLayout(fixture.options.part_bytes).max_size();
  EXPECT_EQ(file->Write(limit - 1, Bytes("ab")).error().errno_value(), EFBIG);
  EXPECT_EQ(file->Truncate(limit + 1).error().errno_value(), EFBIG);
  EXPECT_TRUE(file->Truncate(limit).ok());
  EXPECT_FALSE(file->Write(~std::uint64_t{0}, Bytes("a")).ok());
}

TEST(StageContent, DroppedBytesAreReadBackFromDisk) {
  StageFixture fixture({.pool_blocks = 16, .part_bytes = 32u << 20, .single_put_max = 64u << 20});
  auto file = fixture.Create("f");
  const std::string data = Noise(20u << 20, 4);
  for (std::size_t at = 0; at < data.size(); at += 1u << 20) {
    ASSERT_TRUE(file->Write(at, Bytes(data).subspan(at, 1u << 20)).ok());
  }
  for (std::size_t at = 0; at < data.size(); at += 1u << 20) {
    ASSERT_TRUE(*ReadAll(*file, {at, 1u << 20}) == data.substr(at, 1u << 20));
  }
  EXPECT_GT(fixture.disk.reads, 0);
  EXPECT_EQ(fixture.store.parts, 0);
}

TEST(StageContent, DamagedLocalFileIsNeverUploaded) {
  StageFixture fixture({.pool_blocks = 16, .part_bytes = 1u << 20, .single_put_max = 64u << 20});
  auto file = fixture.Create("f");
  for (std::uint64_t at = 0; at < 20u << 20; at += 1u << 20) {
    ASSERT_TRUE(file->Write(at, Bytes(Noise(1u << 20, 7))).ok());
  }
  {
    std::fstream local(fixture.directory / "staging" / file->name(),
                       std::ios::in | std::ios::out | std::ios::binary);
    for (int at = 0; at < 20 << 20; at += 1 << 16) {
      local.seekp(at + 17);
      local.put('!').put('?');
    }
  }
  const auto read = ReadAll(*file, {0, 1000});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().error_class(), ErrorClass::kCorrupt);
  ASSERT_TRUE(file->Truncate(70u << 20).ok());
  const auto head = file->Commit();
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().error_class(), ErrorClass::kCorrupt);
  EXPECT_FALSE(fixture.store.Head("f").ok());
}

TEST(StageContent, FullDiskLetsPartsLeaveByTheNetwork) {
  StageFixture fixture({.pool_blocks = 16, .part_bytes = 1u << 20, .single_put_max = 1u << 20});
  fixture.disk.full = true;
  auto file = fixture.Create("f");
  const std::string data = Noise(40u << 20, 5);
  for (std::size_t at = 0; at < data.size(); at += 1u << 20) {
    ASSERT_TRUE(file->Write(at, Bytes(data).subspan(at, 1u << 20)).ok()) << at;
  }
  // The first bytes are in the store only.
  EXPECT_EQ(ReadAll(*file, {0, 10}).error().error_class(), ErrorClass::kNoSpace);
  EXPECT_EQ(file->Write(5, Bytes("x")).error().error_class(), ErrorClass::kNoSpace);
  EXPECT_EQ(file->Persist().error().error_class(), ErrorClass::kNoSpace);
  const auto head = file->Commit();
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_TRUE(fixture.store.Content("f") == data);
  const ObjectRef object = fixture.Object(*head);
  file->Adopt(object);
  EXPECT_EQ(fixture.LocalFiles(), 0u);
  EXPECT_TRUE(*ReadAll(*fixture.cache, object) == data);
}

TEST(StageContent, FullDiskAndNothingThatCanLeaveIsNoSpace) {
  StageFixture fixture({.pool_blocks = 16, .part_bytes = 32u << 20, .single_put_max = 64u << 20});
  fixture.disk.full = true;
  auto file = fixture.Create("f");
  base::Status status;
  for (std::uint64_t at = 0; status.ok() && at < 40u << 20; at += 1u << 20) {
    status = file->Write(at, Bytes(Noise(1u << 20, 6)));
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().error_class(), ErrorClass::kNoSpace);
  // With room again nothing was lost.
  fixture.disk.full = false;
  EXPECT_TRUE(file->Persist().ok());
}

TEST(StageContent, DiscardLeavesNothing) {
  StageFixture fixture;
  auto file = fixture.Create("f");
  for (std::uint64_t at = 0; at < 4u << 20; at += 1u << 20) {
    ASSERT_TRUE(file->Write(at, Bytes(Noise(1u << 20, 6))).ok());
  }
  ASSERT_TRUE(file->Persist().ok());
  fixture.store.WaitForSends(4);
  file->Discard();
  EXPECT_EQ(fixture.LocalFiles(), 0u);
  file.reset();
  fixture.staging.reset();  // finishes what is under way
  EXPECT_EQ(fixture.store.aborts, 1);
  EXPECT_TRUE(fixture.store.ListUploads("")->empty());
  EXPECT_FALSE(fixture.store.Head("f").ok());
}

}  // namespace
}  // namespace cache
