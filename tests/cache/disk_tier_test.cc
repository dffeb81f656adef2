#include "cache/disk_tier.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/digest/digest.h"
#include "cache/block_cache.h"
#include "tests/cache/scripted_store.h"
#include "tests/support/temp_dir.h"

namespace cache {
namespace {

namespace fs = std::filesystem;
using testing_support::FillPattern;
using testing_support::TempDir;

ObjectRef Object(std::int64_t id, std::uint64_t size, std::string etag = "v1") {
  return {.id = id, .key = "k" + std::to_string(id), .etag = std::move(etag), .size = size};
}

// Page-aligned memory for granules.
class Granules {
 public:
  explicit Granules(std::size_t count)
      : memory_(static_cast<std::byte*>(std::aligned_alloc(4096, count * kGranuleSize))),
        count_(count) {}
  ~Granules() { std::free(memory_); }
  Granules(const Granules&) = delete;
  Granules& operator=(const Granules&) = delete;
  std::vector<std::span<std::byte>> spans() const {
    std::vector<std::span<std::byte>> spans;
    for (std::size_t i = 0; i < count_; ++i) {
      spans.push_back({memory_ + i * kGranuleSize, kGranuleSize});
    }
    return spans;
  }
  std::span<std::byte> all() const { return {memory_, count_ * kGranuleSize}; }

 private:
  std::byte* const memory_;
  const std::size_t count_;
};

std::unique_ptr<DiskTier> OpenTier(const TempDir& directory, std::uint64_t limit = 1u << 30,
                                   std::size_t open_files = 128) {
  auto tier = DiskTier::Open(
      {.directory = directory / "c", .limit_bytes = limit, .max_open_files = open_files});
  EXPECT_TRUE(tier.ok());
  return std::move(tier).value();
}

base::Result<std::shared_ptr<DiskFile>> Write(DiskTier& tier, const ObjectRef& object,
                                              std::uint64_t first, std::size_t count) {
  const Granules granules(count);
  FillPattern(object.key, first * kGranuleSize, granules.all());
  std::vector<std::span<const std::byte>> memory;
  std::vector<std::uint32_t> crcs;
  for (const auto& span : granules.spans()) {
    memory.emplace_back(span);
    crcs.push_back(base::Crc32c(0, span));
  }
  return tier.Write(object, first, memory, crcs);
}

// How many of the granules come back good, and with the right bytes.
std::size_t ReadGood(DiskTier& tier, const ObjectRef& object, std::uint64_t first,
                     std::size_t count, std::size_t* corrupt = nullptr) {
  const auto file = tier.Find(object);
  if (file == nullptr) return 0;
  const Granules granules(count);
  std::size_t bad_sums = 0;
  const auto good = tier.Read(file, first, granules.spans(), bad_sums);
  if (corrupt != nullptr) *corrupt = bad_sums;
  std::size_t right = 0;
  std::vector<std::byte> want(kGranuleSize);
  for (std::size_t i = 0; i < count; ++i) {
    FillPattern(object.key, (first + i) * kGranuleSize, want);
    if (good[i] && std::equal(want.begin(), want.end(), granules.spans()[i].begin())) ++right;
  }
  return right;
}

void Scribble(const fs::path& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put('#');
}

TEST(DiskTier, GivesBackWhatWasWrittenAlsoAfterReopening) {
  const TempDir directory;
  const ObjectRef object = Object(5, 40 * kGranuleSize);
  {
    auto tier = OpenTier(directory);
    EXPECT_EQ(tier->Find(object), nullptr);
    ASSERT_TRUE(Write(*tier, object, 8, 4).ok());
    EXPECT_EQ(ReadGood(*tier, object, 8, 4), 4u);
    EXPECT_EQ(ReadGood(*tier, object, 7, 6), 4u);
    EXPECT_EQ(fs::file_size(directory / "c/5.data"), object.size);
    tier->Save();
  }
  auto tier = OpenTier(directory);
  EXPECT_EQ(tier->bytes(), 4 * kGranuleSize);
  EXPECT_EQ(ReadGood(*tier, object, 8, 4), 4u);
  const auto runs = tier->Split(*tier->Find(object), {7 * kGranuleSize + 100, 2 * kGranuleSize});
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].first, (base::ByteRange{7 * kGranuleSize + 100, kGranuleSize - 100}));
  EXPECT_FALSE(runs[0].second);
  EXPECT_TRUE(runs[1].second);
}

TEST(DiskTier, ADamagedGranuleIsFoundCountedAndDropped) {
  const TempDir directory;
  const ObjectRef object = Object(5, 40 * kGranuleSize);
  auto tier = OpenTier(directory);
  ASSERT_TRUE(Write(*tier, object, 0, 4).ok());
  Scribble(directory / "c/5.data", 2 * kGranuleSize + 77);
  std::size_t corrupt = 0;
  EXPECT_EQ(ReadGood(*tier, object, 0, 4, &corrupt), 3u);
  EXPECT_EQ(corrupt, 1u);
  EXPECT_EQ(tier->bytes(), 3 * kGranuleSize);
  EXPECT_EQ(ReadGood(*tier, object, 0, 4, &corrupt), 3u);
  EXPECT_EQ(corrupt, 0u);
}

TEST(DiskTier, ACutFileIsNotRead) {
  const TempDir directory;
  const ObjectRef object = Object(5, 4 * kGranuleSize);
  auto tier = OpenTier(directory);
  ASSERT_TRUE(Write(*tier, object, 0, 4).ok());
  fs::resize_file(directory / "c/5.data", 2 * kGranuleSize + 100);
  EXPECT_EQ(ReadGood(*tier, object, 0, 4), 2u);
}

TEST(DiskTier, AnotherVersionOfTheObjectDropsTheFile) {
  const TempDir directory;
  auto tier = OpenTier(directory);
  ASSERT_TRUE(Write(*tier, Object(5, 4 * kGranuleSize), 0, 4).ok());
  EXPECT_EQ(tier->Find(Object(5, 4 * kGranuleSize, "v2")), nullptr);
  EXPECT_FALSE(fs::exists(directory / "c/5.data"));
  EXPECT_EQ(tier->bytes(), 0u);
}

TEST(DiskTier, OpeningRemovesWhatIsDamagedOrOrphaned) {
  const TempDir directory;
  {
    auto tier = OpenTier(directory);
    ASSERT_TRUE(Write(*tier, Object(1, 4 * kGranuleSize), 0, 4).ok());
    ASSERT_TRUE(Write(*tier, Object(2, 4 * kGranuleSize), 0, 4).ok());
    ASSERT_TRUE(Write(*tier, Object(4, 4 * kGranuleSize), 0, 4).ok());
    tier->Save();
    ASSERT_TRUE(Write(*tier, Object(3, 4 * kGranuleSize), 0, 4).ok());  // never saved
  }
  Scribble(directory / "c/2.sum", 20);
  fs::remove(directory / "c/4.data");
  directory.Write("c/9.sum.tmp", "half");
  directory.Write("c/notes.txt", "not ours");
  auto tier = OpenTier(directory);
  EXPECT_EQ(ReadGood(*tier, Object(1, 4 * kGranuleSize), 0, 4), 4u);
  EXPECT_EQ(tier->bytes(), 4 * kGranuleSize);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory / "c")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"1.data", "1.sum", "notes.txt"}));
}

TEST(DiskTier, UnlinksTheFilesUsedLongestAgoAtTheLimit) {
  const TempDir directory;
  auto tier = OpenTier(directory, 10 * kGranuleSize);
  for (const std::int64_t id : {1, 2}) {
    ASSERT_TRUE(Write(*tier, Object(id, 8 * kGranuleSize), 0, 4).ok());
  }
  EXPECT_NE(tier->Find(Object(1, 8 * kGranuleSize)), nullptr);
  ASSERT_TRUE(Write(*tier, Object(3, 8 * kGranuleSize), 0, 4).ok());
  EXPECT_EQ(tier->Find(Object(2, 8 * kGranuleSize)), nullptr);
  EXPECT_FALSE(fs::exists(directory / "c/2.data"));
  EXPECT_EQ(ReadGood(*tier, Object(1, 8 * kGranuleSize), 0, 4), 4u);
  // An object larger than the limit keeps what fits and is refused the rest.
  ASSERT_TRUE(Write(*tier, Object(4, 64 * kGranuleSize), 0, 10).ok());
  const auto refused = Write(*tier, Object(4, 64 * kGranuleSize), 10, 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().error_class(), base::ErrorClass::kNoSpace);
  EXPECT_LE(tier->bytes(), 10 * kGranuleSize);
}

TEST(DiskTier, KeepsFewFilesOpen) {
  const TempDir directory;
  auto tier = OpenTier(directory, 1u << 30, 2);
  for (std::int64_t id = 1; id <= 6; ++id) {
    ASSERT_TRUE(Write(*tier, Object(id, kGranuleSize), 0, 1).ok());
  }
  std::size_t open = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const std::string target = fs::read_symlink(entry.path(), ignored).string();
    if (target.starts_with(directory.path().string())) ++open;
  }
  EXPECT_EQ(open, 2u);
  for (std::int64_t id = 1; id <= 6; ++id) {
    EXPECT_EQ(ReadGood(*tier, Object(id, kGranuleSize), 0, 1), 1u);
  }
}

TEST(DiskTier, AdoptsALocalFileByRename) {
  const TempDir directory;
  const ObjectRef object = Object(6, 2 * kGranuleSize + 10);
  std::vector<std::byte> content(3 * kGranuleSize);
  FillPattern(object.key, 0, content);
  const auto staged =
      directory.Write("staged", {reinterpret_cast<const char*>(content.data()), content.size()});
  const std::span<const std::byte> bytes(content);
  auto tier = OpenTier(directory);
  const auto adopted = tier->Adopt(object, staged,
                                   {base::Crc32c(0, bytes.first(kGranuleSize)), std::nullopt,
                                    base::Crc32c(0, bytes.subspan(2 * kGranuleSize, 10))});
  ASSERT_TRUE(adopted.ok());
  EXPECT_FALSE(fs::exists(staged));
  EXPECT_EQ(fs::file_size(directory / "c/6.data"), object.size);
  EXPECT_EQ(tier->bytes(), kGranuleSize + 10);
  EXPECT_EQ(ReadGood(*tier, object, 0, 2), 1u);
  const Granules last(1);
  std::size_t corrupt = 0;
  EXPECT_TRUE(tier->Read(tier->Find(object), 2, last.spans(), corrupt)[0]);
  tier->Drop(6);
  EXPECT_FALSE(fs::exists(directory / "c/6.data"));
  EXPECT_EQ(tier->bytes(), 0u);
}

TEST(DiskTier, AFileLargerThanTheLimitIsNotAdopted) {
  const TempDir directory;
  auto tier = OpenTier(directory, kGranuleSize);
  const auto staged = directory.Write("staged", std::string(2 * kGranuleSize, 'x'));
  EXPECT_FALSE(tier->Adopt(Object(1, 2 * kGranuleSize), staged, {1, 2}).ok());
  EXPECT_TRUE(fs::exists(staged));
}

}  // namespace
}  // namespace cache
