// A file whose base another writer takes away: how a commit tells, and what is kept.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "cache/stage_upload.h"
#include "tests/cache/stage_fixture.h"

namespace cache {
namespace {

using testing_support::Bytes;
using testing_support::Noise;
using testing_support::StageFixture;

constexpr std::uint64_t kMiB = 1u << 20;

struct StageAside : testing::Test {
  std::shared_ptr<StagedFile> PatchOf(std::uint64_t size, std::uint64_t at = 100) {
    const auto head = fixture.store.PutOther("f", Noise(size, 1));
    auto file = fixture.Create("f", {{0, size, 0, fixture.Object(head)}}, size,
                               {.if_absent = false, .if_match = head.etag});
    EXPECT_TRUE(file->Write(at, Bytes("patch")).ok());
    return file;
  }
  StageFixture fixture;
};

TEST_F(StageAside, CommitTellsThatTheBaseWasReplaced) {
  for (const std::uint64_t size : {std::uint64_t{1000}, 4 * kMiB}) {
    const auto file = PatchOf(size, size - 500);  // the first parts would be copied
    fixture.store.PutOther("f", "theirs");
    const auto head = file->Commit();
    ASSERT_FALSE(head.ok());
    EXPECT_TRUE(IsBaseLost(head.error())) << head.error().ToString();
    file->Discard();
  }
  EXPECT_EQ(fixture.store.Content("f"), "theirs");
  EXPECT_LE(fixture.store.creates, 1);
}

TEST_F(StageAside, CommitTellsThatTheBaseWasRemoved) {
  for (const std::uint64_t size : {std::uint64_t{1000}, 4 * kMiB}) {
    const auto file = PatchOf(size);
    ASSERT_TRUE(fixture.store.Delete("f", "").ok());
    const auto head = file->Commit();
    ASSERT_FALSE(head.ok());
    EXPECT_TRUE(IsBaseLost(head.error())) << head.error().ToString();
    file->Discard();
  }
}

TEST_F(StageAside, ReplacedTargetOfACompleteFileIsAConflictAsEver) {
  const auto file = PatchOf(5);
  ASSERT_TRUE(file->Write(0, Bytes("whole")).ok());
  ASSERT_TRUE(file->Truncate(5).ok());
  EXPECT_TRUE(file->BaseObjects().empty());
  fixture.store.PutOther("f", "theirs");
  const auto head = file->Commit();
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().error_class(), base::ErrorClass::kConflict);
}

TEST_F(StageAside, WhatWasWrittenIsCopiedToItsPlace) {
  const auto file = PatchOf(4 * kMiB);
  const std::string noise = Noise(kMiB + 3, 2);
  ASSERT_TRUE(file->Write(2 * kMiB, Bytes(noise)).ok());
  ASSERT_EQ(file->BaseObjects().size(), 1u);
  EXPECT_EQ(file->BaseObjects()[0].key, "f");
  const auto target = fixture.directory / "aside";
  for (int twice = 0; twice < 2; ++twice) {
    const auto written = file->SetAside(target);
    ASSERT_TRUE(written.ok()) << written.error().ToString();
    EXPECT_EQ(*written, (std::vector<base::ByteRange>{{100, 5}, {2 * kMiB, kMiB + 3}}));
  }
  std::string expected(4 * kMiB, '\0');
  expected.replace(100, 5, "patch").replace(2 * kMiB, noise.size(), noise);
  std::ifstream copy(target);
  EXPECT_TRUE(std::string(std::istreambuf_iterator<char>(copy), {}) == expected);
}

}  // namespace
}  // namespace cache
