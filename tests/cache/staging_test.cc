#include "cache/staging.h"

#include <gtest/gtest.h>

#include <filesystem>
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

TEST(Staging, PersistedFileIsRecoveredByANewProcess) {
  StageFixture fixture;
  const std::string old = Noise(3u << 20, 1);
  const ObjectRef object = fixture.Object(fixture.store.PutOther("f", old));
  std::string expected = old;
  std::string manifest;
  std::string name;
  {
    auto file = fixture.Create("f", {{0, old.size(), 0, object}}, old.size());
    for (const std::uint64_t at : {100ull, 200000ull, 1048570ull, 2900000ull}) {
      const std::string data = Noise(150000, static_cast<std::uint32_t>(at));
      ASSERT_TRUE(file->Write(at, Bytes(data)).ok());
      if (expected.size() < at + data.size()) expected.resize(at + data.size());
      expected.replace(at, data.size(), data);
    }
    const auto persisted = file->Persist();
    ASSERT_TRUE(persisted.ok()) << persisted.error().ToString();
    manifest = *persisted;
    name = file->name();
  }
  fixture.Restart();
  ASSERT_TRUE(fixture.staging->Sweep({name}).ok());
  auto recovered = fixture.staging->Recover(
      name, manifest, fixture.Hooks("f", {.if_absent = false, .if_match = object.etag}));
  ASSERT_TRUE(recovered.ok()) << recovered.error().ToString();
  EXPECT_TRUE((*recovered)->dirty());
  EXPECT_EQ((*recovered)->size(), expected.size());
  EXPECT_TRUE(*ReadAll(**recovered, {0, expected.size()}) == expected);
  const auto head = (*recovered)->Commit();
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_TRUE(fixture.store.Content("f") == expected);
}

// The bytes of a failed close are what a later process goes on with, not half of what came after.
TEST(Staging, WritesAfterPersistLeaveItsBytesOnDisk) {
  StageFixture fixture;
  const std::string promised = Noise(10u << 20, 1);
  std::string manifest;
  std::string name;
  {
    auto file = fixture.Create("f");
    ASSERT_TRUE(file->Write(0, Bytes(promised)).ok());
    manifest = *file->Persist();
    name = file->name();
    const int writes = fixture.disk.writes;
    ASSERT_TRUE(file->Truncate(9u << 20).ok());
    // Whole blocks, enough for the disk writer to begin.
    ASSERT_TRUE(file->Write(0, Bytes(Noise(9u << 20, 2))).ok());
    file.reset();
    fixture.Restart();  // ends when the disk writer has
    EXPECT_GT(fixture.disk.writes, writes);
  }
  auto recovered = fixture.staging->Recover(name, manifest, fixture.Hooks("f"));
  ASSERT_TRUE(recovered.ok()) << recovered.error().ToString();
  EXPECT_TRUE(*ReadAll(**recovered, {0, promised.size()}) == promised);
}

TEST(Staging, BytesBesideThePersistedOnesAreCommittedAndCached) {
  StageFixture fixture;
  std::string expected = Noise(3u << 20, 1);
  auto file = fixture.Create("f");
  ASSERT_TRUE(file->Write(0, Bytes(expected)).ok());
  ASSERT_TRUE(file->Persist().ok());
  const std::string patch = Noise(300000, 2);
  ASSERT_TRUE(file->Write(1u << 20, Bytes(patch)).ok());
  expected.replace(1u << 20, patch.size(), patch);
  const auto head = file->Commit();
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  const ObjectRef object = fixture.Object(*head);
  file->Adopt(object);
  file.reset();
  fixture.Restart();  // nothing in memory: from the adopted file, and what it lacks by GET
  EXPECT_TRUE(*ReadAll(*fixture.cache, object) == expected);
  EXPECT_EQ(fixture.Count("cache_corrupt_granules"), 0u);
  EXPECT_GT(fixture.Count("cache_disk_bytes"), 0u);
}

TEST(Staging, DamagedOrMissingLocalFileIsNotRecovered) {
  StageFixture fixture;
  std::string manifest;
  std::string name;
  {
    auto file = fixture.Create("f");
    ASSERT_TRUE(file->Write(5, Bytes(Noise(700000, 3))).ok());
    manifest = *file->Persist();
    name = file->name();
  }
  fixture.Restart();
  const auto path = fixture.directory / "staging" / name;
  {
    std::fstream local(path, std::ios::in | std::ios::out | std::ios::binary);
    local.seekp(600000);
    local.put('x').put('y').put('z');
  }
  EXPECT_EQ(fixture.staging->Recover(name, manifest, fixture.Hooks("f")).error().error_class(),
            ErrorClass::kCorrupt);
  std::filesystem::resize_file(path, 1000);
  EXPECT_EQ(fixture.staging->Recover(name, manifest, fixture.Hooks("f")).error().error_class(),
            ErrorClass::kCorrupt);
  std::filesystem::remove(path);
  EXPECT_EQ(fixture.staging->Recover(name, manifest, fixture.Hooks("f")).error().error_class(),
            ErrorClass::kNotFound);
}

TEST(Staging, SweepKeepsWhatItIsTold) {
  StageFixture fixture;
  auto kept = fixture.Create("a");
  auto swept = fixture.Create("b");
  ASSERT_TRUE(kept->Persist().ok());
  ASSERT_TRUE(swept->Persist().ok());
  EXPECT_EQ(fixture.LocalFiles(), 2u);
  ASSERT_TRUE(fixture.staging->Sweep({kept->name()}).ok());
  EXPECT_EQ(fixture.LocalFiles(), 1u);
  EXPECT_TRUE(std::filesystem::exists(fixture.directory / "staging" / kept->name()));
}

TEST(Staging, PartSizeMustBeWholeGranulesAndNotTooLarge) {
  StageFixture fixture;
  for (const std::uint64_t part_bytes : {1000ull, 1ull << 30}) {
    const auto opened =
        Staging::Open({.directory = fixture.directory / "other", .part_bytes = part_bytes},
                      *fixture.pool, *fixture.cache, fixture.store, fixture.clock, fixture.metrics);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().error_class(), ErrorClass::kInvalid);
  }
}

}  // namespace
}  // namespace cache
