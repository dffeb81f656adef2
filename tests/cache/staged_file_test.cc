#include "cache/staged_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/cache/stage_fixture.h"

namespace cache {
namespace {

using testing_support::Bytes;
using testing_support::Noise;
using testing_support::ReadAll;
using testing_support::StageFixture;
using testing_support::SumsOf;

TEST(StagedFile, SmallFileIsOnePut) {
  StageFixture fixture;
  auto file = fixture.Create("small");
  EXPECT_FALSE(file->dirty());
  ASSERT_TRUE(file->Write(0, Bytes("hello ")).ok());
  ASSERT_TRUE(file->Write(6, Bytes("world")).ok());
  EXPECT_TRUE(file->dirty());
  EXPECT_EQ(file->size(), 11u);
  EXPECT_EQ(file->bytes_to_send(), 11u);
  EXPECT_EQ(*ReadAll(*file, {0, 11}), "hello world");
  const auto head = file->Commit();
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->size, 11u);
  EXPECT_EQ(fixture.store.Content("small"), "hello world");
  const auto stored = fixture.store.Head("small");
  EXPECT_EQ(stored->metadata.at("owner"), "test");
  EXPECT_EQ(stored->metadata.at(kUploadTokenName).size(), 32u);
  EXPECT_EQ(fixture.store.puts, 1);
  EXPECT_EQ(fixture.store.creates, 0);
  EXPECT_EQ(fixture.targets, 1);
}

TEST(StagedFile, EmptyFileIsAPutOfNothing) {
  StageFixture fixture;
  auto file = fixture.Create("empty");
  const auto head = file->Commit();
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(fixture.store.Content("empty"), "");
  file->Adopt(fixture.Object(*head));
  EXPECT_EQ(fixture.LocalFiles(), 0u);
}

TEST(StagedFile, PartsLeaveWhileTheFileIsWritten) {
  StageFixture fixture;
  auto file = fixture.Create("big");
  const std::string data = Noise(5u << 20, 1);
  for (std::size_t at = 0; at < data.size(); at += 100000) {
    const std::size_t n = std::min<std::size_t>(100000, data.size() - at);
    ASSERT_TRUE(file->Write(at, Bytes(data).subspan(at, n)).ok());
  }
  fixture.store.WaitForSends(5);
  const auto head = file->Commit();
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(fixture.store.Content("big"), data);
  EXPECT_EQ(fixture.store.parts, 5);
  EXPECT_EQ(fixture.starts, 1);
  EXPECT_EQ(fixture.Count("upload_parts"), 5u);
  EXPECT_EQ(fixture.Count("upload_bytes"), data.size());
  EXPECT_EQ(fixture.Count("stage_bytes_written"), data.size());
}

TEST(StagedFile, AdoptedFileIsReadWithoutAGet) {
  StageFixture fixture({.pool_blocks = 24});
  auto file = fixture.Create("saved");
  const std::string data = Noise((40u << 20) + 12345, 2);
  for (std::size_t at = 0; at < data.size(); at += 1u << 20) {
    ASSERT_TRUE(
        file->Write(at, Bytes(data).subspan(at, std::min<std::size_t>(1u << 20, data.size() - at)))
            .ok());
  }
  const auto head = file->Commit();
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  const ObjectRef object = fixture.Object(*head);
  file->Adopt(object);
  EXPECT_FALSE(file->dirty());
  EXPECT_EQ(fixture.LocalFiles(), 0u);
  EXPECT_TRUE(*ReadAll(*fixture.cache, object) == data);
  EXPECT_EQ(fixture.store.gets, 0);
  // A reader that still has the staged file gets the same bytes.
  EXPECT_EQ(*ReadAll(*file, {5u << 20, 100}), data.substr(5u << 20, 100));
}

// A file and what it must be.
struct Model {
  std::shared_ptr<StagedFile> file;
  std::string expected;

  void Write(std::uint64_t offset, const std::string& data) {
    ASSERT_TRUE(file->Write(offset, Bytes(data)).ok());
    if (expected.size() < offset + data.size()) expected.resize(offset + data.size());
    expected.replace(offset, data.size(), data);
  }
  void Truncate(std::uint64_t size) {
    ASSERT_TRUE(file->Truncate(size).ok());
    expected.resize(size);
  }
  void CheckRead(std::uint64_t offset, std::uint64_t length) {
    if (offset >= expected.size()) return;
    length = std::min<std::uint64_t>(length, expected.size() - offset);
    // In the kernel's pieces: all at once would pin more than a tight pool has.
    for (const std::uint64_t end = offset + length; offset < end; offset += length) {
      length = std::min<std::uint64_t>(end - offset, 1u << 20);
      const auto got = ReadAll(*file, {offset, length});
      ASSERT_TRUE(got.ok()) << got.error().ToString();
      ASSERT_TRUE(*got == expected.substr(offset, length)) << "at " << offset << " + " << length;
    }
  }
};

// Random changes to one file of at most about `most` bytes.
class Changes {
 public:
  Changes(std::uint32_t seed, std::uint64_t most) : random_(seed), most_(most) {}

  void Make(Model& model, int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) MakeOne(model);
  }

 private:
  void MakeOne(Model& model) {
    const std::uint64_t length = 1 + Below(Below(4) == 0 ? 3u << 20 : 5000);
    const std::uint64_t anywhere = Below(most_);
    switch (Below(12)) {
      case 0:
        return model.Truncate(Below(most_));
      case 1:
        return model.Truncate(Below(model.expected.size() + 1));
      case 2:
      case 3:
        return model.CheckRead(anywhere, length);
      case 4:
      case 5:
        return model.Write(anywhere, Data(length));
      default:
        if (model.expected.size() < most_) model.Write(model.expected.size(), Data(length));
    }
  }
  std::uint64_t Below(std::uint64_t n) { return n == 0 ? 0 : random_() % n; }
  std::string Data(std::uint64_t length) {
    return Noise(length, static_cast<std::uint32_t>(random_()));
  }

  std::mt19937 random_;
  const std::uint64_t most_;
};

// Each granule's sum is known, and right; but of one that the store copied up to a new end.
void ExpectSums(const base::SharedPieceSums& sums, const std::string& content) {
  base::PieceSums expected = SumsOf(content);
  base::PieceSums known = sums == nullptr ? base::PieceSums(expected.size()) : *sums;
  if (!known.empty() && known.back() == 0) expected.back() = 0;
  EXPECT_EQ(known, expected);
}

// Random changes to a file over a random base, read back and committed again and again.
void RunModel(StageFixture::Options options, std::uint32_t seed, int commits, int steps,
              std::uint64_t most) {
  StageFixture fixture(options);
  Changes changes(seed, most);
  std::vector<FileExtent> base;
  std::string committed;
  objclient::Precondition precondition{.if_absent = true, .if_match = {}};
  for (int commit = 0; commit < commits; ++commit) {
    Model model{fixture.Create("model", base, committed.size(), precondition), committed};
    changes.Make(model, steps);
    if (testing::Test::HasFatalFailure()) return;
    ASSERT_EQ(model.file->size(), model.expected.size());
    model.CheckRead(0, model.expected.size());
    const auto head = model.file->Commit();
    ASSERT_TRUE(head.ok()) << head.error().ToString();
    ASSERT_TRUE(fixture.store.Content("model") == model.expected) << "commit " << commit;
    ObjectRef object = fixture.Object(*head);
    object.sums = model.file->Sums();
    ExpectSums(object.sums, model.expected);
    model.file->Adopt(object);
    const auto reread = ReadAll(*fixture.cache, object);
    ASSERT_TRUE(reread.ok() && *reread == model.expected);
    committed = model.expected;
    base.clear();
    if (!committed.empty()) base.push_back({0, committed.size(), 0, object});
    precondition = {.if_absent = false, .if_match = head->etag};
  }
  EXPECT_EQ(fixture.LocalFiles(), 0u);
}

TEST(StagedFileModel, SmallParts) {
  RunModel({.pool_blocks = 64, .part_bytes = 128u << 10, .single_put_max = 128u << 10}, 11, 6, 100,
           6u << 20);
}

TEST(StagedFileModel, BlockSizedPartsAndATightPool) {
  RunModel({.pool_blocks = 16, .part_bytes = 1u << 20, .single_put_max = 1u << 20}, 12, 5, 100,
           24u << 20);
}

TEST(StagedFileModel, LargePartsAndATightPool) {
  RunModel({.pool_blocks = 16, .part_bytes = 4u << 20, .single_put_max = 4u << 20}, 13, 4, 100,
           30u << 20);
}

// More than a build's share for whoever looks for something: CAIRNFS_TEST_SEEDS says how many.
std::uint32_t Seeds(std::uint32_t usual) {
  const char* const asked = std::getenv("CAIRNFS_TEST_SEEDS");
  return asked == nullptr ? usual : static_cast<std::uint32_t>(std::strtoul(asked, nullptr, 10));
}

TEST(StagedFileModel, ManySeeds) {
  for (std::uint32_t seed = 100; seed < 100 + Seeds(6); ++seed) {
    SCOPED_TRACE(seed);
    RunModel({.pool_blocks = 20, .part_bytes = 256u << 10, .single_put_max = 512u << 10}, seed, 4,
             60, 5u << 20);
    if (HasFatalFailure()) return;
  }
}

// What Persist promised is there after every crash, whatever was written since and whatever of that
// reached the disk.
void RunCrashes(StageFixture::Options options, std::uint32_t seed, int crashes, int steps,
                std::uint64_t most) {
  StageFixture fixture(options);
  Changes changes(seed, most);
  const std::string old = Noise(most / 2, seed);
  ObjectRef object = fixture.Object(fixture.store.PutOther("model", old));
  object.sums = base::Share(SumsOf(old));
  fixture.sums_of = [object](std::int64_t id) { return id == object.id ? object.sums : nullptr; };
  const objclient::Precondition precondition{.if_absent = false, .if_match = object.etag};
  Model model{fixture.Create("model", {{0, old.size(), 0, object}}, old.size(), precondition), old};
  const std::string name = model.file->name();
  changes.Make(model, steps);
  for (int crash = 0; crash < crashes; ++crash) {
    auto manifest = model.file->Persist();
    ASSERT_TRUE(manifest.ok()) << manifest.error().ToString();
    if (crash % 2 == 1) {  // a close that fails for a second time
      changes.Make(model, steps);
      manifest = model.file->Persist();
      ASSERT_TRUE(manifest.ok()) << manifest.error().ToString();
    }
    const std::string promised = model.expected;
    changes.Make(model, steps);
    if (testing::Test::HasFatalFailure()) return;
    model.file.reset();
    fixture.Restart();
    auto recovered =
        fixture.staging->Recover(name, *manifest, fixture.Hooks("model", precondition));
    ASSERT_TRUE(recovered.ok()) << "crash " << crash << ": " << recovered.error().ToString();
    model = {*recovered, promised};
    ASSERT_EQ(model.file->size(), promised.size());
    model.CheckRead(0, promised.size());
    changes.Make(model, steps);
    if (testing::Test::HasFatalFailure()) return;
  }
  const auto head = model.file->Commit();
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  ASSERT_TRUE(fixture.store.Content("model") == model.expected);
  const ObjectRef after = fixture.Object(*head);
  ExpectSums(model.file->Sums(), model.expected);
  model.file->Adopt(after);
  const auto reread = ReadAll(*fixture.cache, after);
  ASSERT_TRUE(reread.ok() && *reread == model.expected);
  EXPECT_EQ(fixture.LocalFiles(), 0u);
}

TEST(StagedFileModel, CrashesAfterAFailedClose) {
  for (std::uint32_t seed = 1; seed < 1 + Seeds(4); ++seed) {
    SCOPED_TRACE(seed);
    RunCrashes({.pool_blocks = 20, .part_bytes = 256u << 10, .single_put_max = 512u << 10}, seed, 4,
               20, 5u << 20);
    if (HasFatalFailure()) return;
  }
}

// The pool forces what was written since onto the disk.
TEST(StagedFileModel, CrashesAfterAFailedCloseInATightPool) {
  RunCrashes({.pool_blocks = 16, .part_bytes = 1u << 20, .single_put_max = 64u << 20}, 1, 4, 60,
             30u << 20);
}

TEST(StagedFile, FourWritersShareSixteenBlocks) {
  StageFixture fixture({.pool_blocks = 16, .part_bytes = 8u << 20, .single_put_max = 8u << 20});
  std::vector<std::string> contents;
  for (std::uint32_t i = 0; i < 4; ++i) contents.push_back(Noise((40u << 20) + i * 777, i));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    threads.emplace_back([&, i] {
      const std::string key = "w" + std::to_string(i);
      auto file = fixture.Create(key);
      const std::string& data = contents[i];
      for (std::size_t at = 0; at < data.size(); at += 300000) {
        const std::size_t n = std::min<std::size_t>(300000, data.size() - at);
        ASSERT_TRUE(file->Write(at, Bytes(data).subspan(at, n)).ok());
      }
      const auto head = file->Commit();
      ASSERT_TRUE(head.ok()) << head.error().ToString();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < contents.size(); ++i) {
    EXPECT_TRUE(fixture.store.Content("w" + std::to_string(i)) == contents[i]);
  }
}

}  // namespace
}  // namespace cache
