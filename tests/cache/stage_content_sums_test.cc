// The sums of what a commit made. Random changes over random bases are in staged_file_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/cache/stage_fixture.h"

namespace cache {
namespace {

using testing_support::Bytes;
using testing_support::Noise;
using testing_support::StageFixture;
using testing_support::SumsOf;

constexpr std::uint64_t kMiB = 1u << 20;

struct StageContentSums : testing::Test {
  void Write(StagedFile& file, std::uint64_t at, const std::string& text) {
    ASSERT_TRUE(file.Write(at, Bytes(text)).ok());
    if (data.size() < at + text.size()) data.resize(at + text.size());
    data.replace(at, text.size(), text);
  }
  void WriteInPieces(StagedFile& file, const std::string& text, std::size_t piece) {
    for (std::size_t at = 0; at < text.size(); at += piece) {
      Write(file, at, text.substr(at, piece));
    }
  }
  base::PieceSums Committed(StagedFile& file) {
    const auto head = file.Commit();
    EXPECT_TRUE(head.ok()) << head.error().ToString();
    EXPECT_TRUE(fixture.store.Content("f") == data);
    const base::SharedPieceSums sums = file.Sums();
    return sums == nullptr ? base::PieceSums{} : *sums;
  }
  // A file over an object whose sums are those of its bytes, or unknown.
  std::shared_ptr<StagedFile> Patched(std::uint64_t size, base::SharedPieceSums sums) {
    ObjectRef object = fixture.Object(fixture.store.PutOther("f", data));
    object.sums = std::move(sums);
    return fixture.Create("f", {{0, data.size(), 0, object}}, size,
                          {.if_absent = false, .if_match = object.etag});
  }

  StageFixture fixture;
  std::string data;
};

TEST_F(StageContentSums, OfFilesOfEveryShape) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, kGranuleSize - 1,
                                   kGranuleSize, kMiB, kMiB + 1, 3 * kMiB + 77}) {
    for (const std::size_t piece : {std::size_t{4099}, std::size_t{kMiB}}) {
      data.clear();
      auto file = fixture.Create("f", {}, 0, {});
      WriteInPieces(*file, Noise(size, 1), piece);
      EXPECT_EQ(Committed(*file), SumsOf(data)) << size << " in pieces of " << piece;
    }
  }
}

TEST_F(StageContentSums, OfWhatIsWrittenAgain) {
  auto file = fixture.Create("f");
  WriteInPieces(*file, Noise(4 * kMiB, 1), kMiB);
  fixture.store.WaitForSends(4);
  Write(*file, 100, "rewritten after it left");
  Write(*file, 2 * kMiB + 5 * kGranuleSize - 3, "across two granules");
  EXPECT_EQ(Committed(*file), SumsOf(data));
  // And of the next commit.
  Write(*file, 3 * kMiB, "more");
  EXPECT_EQ(Committed(*file), SumsOf(data));
}

TEST_F(StageContentSums, OfHolesAreThoseOfZeros) {
  auto file = fixture.Create("f");
  data.assign(6 * kMiB + 5, '\0');
  ASSERT_TRUE(file->Truncate(data.size()).ok());
  Write(*file, 3 * kMiB + 10, "in the middle");
  EXPECT_EQ(Committed(*file), SumsOf(data));
}

TEST_F(StageContentSums, OfATailThatTheStoreCopiedCutIsUnknown) {
  data = Noise(5 * kMiB, 1);
  auto file = Patched(data.size(), base::Share(SumsOf(data)));
  data.resize(4 * kMiB + 70001);
  ASSERT_TRUE(file->Truncate(data.size()).ok());
  base::PieceSums expected = SumsOf(data);
  expected.back() = 0;
  EXPECT_EQ(Committed(*file), expected);
}

TEST_F(StageContentSums, OfATailThatWasCutAndExtended) {
  data = Noise(5 * kMiB, 1);
  auto file = Patched(data.size(), base::Share(SumsOf(data)));
  data.resize(4 * kMiB + 70001);
  ASSERT_TRUE(file->Truncate(data.size()).ok());
  data.resize(5 * kMiB + 3);
  ASSERT_TRUE(file->Truncate(data.size()).ok());
  EXPECT_EQ(Committed(*file), SumsOf(data));
}

TEST_F(StageContentSums, OfPartsThatTheStoreCopiesAreThoseOfTheBase) {
  data = Noise(6 * kMiB + 9, 3);
  auto file = Patched(data.size(), base::Share(SumsOf(data)));
  Write(*file, 2 * kMiB + 500, "one part is changed");
  EXPECT_EQ(Committed(*file), SumsOf(data));
  EXPECT_GE(fixture.store.copies, 5);
}

TEST_F(StageContentSums, OfBytesThatNobodySummedAreUnknown) {
  data = Noise(6 * kMiB, 3);
  auto file = Patched(data.size(), nullptr);
  Write(*file, 2 * kMiB + 500, "one part is changed");
  base::PieceSums expected = SumsOf(data);
  // The store copied the other parts.
  std::fill(expected.begin(), expected.begin() + 16, 0);
  std::fill(expected.begin() + 24, expected.end(), 0);
  EXPECT_EQ(Committed(*file), expected);
}

TEST_F(StageContentSums, ABaseThatIsDamagedDoesNotBecomeOurs) {
  data = Noise(kMiB, 3);
  base::PieceSums sums = SumsOf(data);
  sums[3] ^= 1;
  auto file = Patched(data.size(), base::Share(sums));
  ASSERT_TRUE(file->Write(0, Bytes("patch")).ok());
  const auto head = file->Commit();
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().error_class(), base::ErrorClass::kCorrupt);
  EXPECT_TRUE(fixture.store.Content("f") == data);
}

TEST_F(StageContentSums, OfARecoveredFileComeFromItsManifest) {
  data = Noise(6 * kMiB, 3);
  ObjectRef object = fixture.Object(fixture.store.PutOther("f", data));
  object.sums = base::Share(SumsOf(data));
  const objclient::Precondition mine{.if_absent = false, .if_match = object.etag};
  auto file = fixture.Create("f", {{0, data.size(), 0, object}}, data.size(), mine);
  Write(*file, 2 * kMiB + 500, Noise(300000, 5));
  const auto manifest = file->Persist();
  ASSERT_TRUE(manifest.ok());
  const std::string name = file->name();
  file.reset();
  fixture.Restart();
  fixture.sums_of = [object](std::int64_t id) { return id == object.id ? object.sums : nullptr; };
  auto recovered = fixture.staging->Recover(name, *manifest, fixture.Hooks("f", mine));
  ASSERT_TRUE(recovered.ok()) << recovered.error().ToString();
  EXPECT_EQ(Committed(**recovered), SumsOf(data));
}

TEST_F(StageContentSums, OfBytesThatLeftMemoryAreKept) {
  StageFixture tight({.pool_blocks = 16, .part_bytes = 1u << 20, .single_put_max = 1u << 20});
  tight.disk.full = true;
  auto file = tight.Create("f");
  data = Noise(40 * kMiB, 8);
  for (std::size_t at = 0; at < data.size(); at += kMiB) {
    ASSERT_TRUE(file->Write(at, Bytes(data).subspan(at, kMiB)).ok());
  }
  ASSERT_TRUE(file->Commit().ok());
  const base::SharedPieceSums sums = file->Sums();
  ASSERT_NE(sums, nullptr);
  EXPECT_EQ(*sums, SumsOf(data));
}

}  // namespace
}  // namespace cache
