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

TEST(Staging, PartSizeMustBeWholeGranules) {
  StageFixture fixture;
  const auto opened =
      Staging::Open({.directory = fixture.directory / "other", .part_bytes = 1000}, *fixture.pool,
                    *fixture.cache, fixture.store, fixture.clock, fixture.metrics);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().error_class(), ErrorClass::kInvalid);
}

}  // namespace
}  // namespace cache
