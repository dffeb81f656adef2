#include "cache/staged_file.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// Random changes to a file over a random base, read back and committed again and again.
void RunModel(StageFixture::Options options, std::uint32_t seed, int commits, int steps,
              std::uint64_t most) {
  StageFixture fixture(options);
  std::mt19937 random(seed);
  const auto below = [&](std::uint64_t n) { return n == 0 ? 0 : random() % n; };
  std::vector<FileExtent> base;
  std::string committed;
  objclient::Precondition precondition{.if_absent = true, .if_match = {}};
  for (int commit = 0; commit < commits; ++commit) {
    Model model{fixture.Create("model", base, committed.size(), precondition), committed};
    for (int step = 0; step < steps; ++step) {
      const std::uint64_t length = 1 + below(below(4) == 0 ? 3u << 20 : 5000);
      const std::uint64_t anywhere = below(most);
      switch (below(12)) {
        case 0:
          model.Truncate(below(most));
          break;
        case 1:
          model.Truncate(below(model.expected.size() + 1));
          break;
        case 2:
        case 3:
          model.CheckRead(anywhere, length);
          break;
        case 4:
        case 5:
          model.Write(anywhere, Noise(length, static_cast<std::uint32_t>(random())));
          break;
        default:
          if (model.expected.size() < most) {
            model.Write(model.expected.size(), Noise(length, static_cast<std::uint32_t>(random())));
          }
      }
      if (testing::Test::HasFatalFailure()) return;
    }
    ASSERT_EQ(model.file->size(), model.expected.size());
    model.CheckRead(0, model.expected.size());
    const auto head = model.file->Commit();
    ASSERT_TRUE(head.ok()) << head.error().ToString();
    ASSERT_TRUE(fixture.store.Content("model") == model.expected) << "commit " << commit;
    const ObjectRef object = fixture.Object(*head);
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

TEST(StagedFileModel, ManySeeds) {
  for (std::uint32_t seed = 100; seed < 106; ++seed) {
    RunModel({.pool_blocks = 20, .part_bytes = 256u << 10, .single_put_max = 512u << 10}, seed, 4,
             60, 5u << 20);
    if (HasFatalFailure()) return;
  }
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
