#include "cache/read_ahead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace cache {
namespace {

using base::kGiB;
using base::kKiB;
using base::kMiB;

struct Watcher {
  explicit Watcher(std::uint64_t size) : streams(size) {}
  base::ByteRange Read(std::uint64_t offset, std::uint64_t length, bool missed = false) {
    const auto advice = streams.Observe({offset, length}, missed, limits, census, now_ns);
    fetched += advice.fetch.length;
    spent += advice.spent.length;
    if (!advice.fetch.empty()) ends.push_back(advice.fetch.end());
    return advice.fetch;
  }
  ReadAhead streams;
  ReadAhead::Limits limits;
  StreamCensus census;
  std::int64_t now_ns = 0;
  std::uint64_t fetched = 0, spent = 0;
  std::vector<std::uint64_t> ends;
};

TEST(ReadAhead, SequentialWindowGrowsToTheLimitInWholeRequests) {
  Watcher watcher(kGiB);
  std::uint64_t most = 0;
  for (std::uint64_t at = 0; at < kGiB; at += kMiB) {
    watcher.Read(at, kMiB);
    ASSERT_GE(watcher.ends.back(), std::min(kGiB, at + kMiB));
    most = std::max(most, watcher.ends.back() - at - kMiB);
  }
  // The window starts within the first reads, reaches its limit, and asks for every byte once.
  EXPECT_GT(most, watcher.limits.window_bytes - watcher.limits.range_bytes);
  EXPECT_LE(most, watcher.limits.window_bytes);
  EXPECT_EQ(watcher.fetched, kGiB - kMiB);
  EXPECT_LE(watcher.ends.size(), kGiB / (8 * kMiB) + 4);
  EXPECT_EQ(watcher.ends.front(), 2 * kMiB);
  EXPECT_GT(watcher.spent, kGiB - 16 * kMiB);
}

TEST(ReadAhead, SmallReadsFromTheStartAreSequentialToo) {
  Watcher watcher(kGiB);
  for (std::uint64_t at = 0; at < 64 * kMiB; at += 128 * kKiB) watcher.Read(at, 128 * kKiB);
  EXPECT_GE(watcher.ends.back(), 128 * kMiB);
}

TEST(ReadAhead, SmallObjectIsFetchedWhole) {
  Watcher watcher(5 * kMiB + 3);
  EXPECT_EQ(watcher.Read(0, 4096), (base::ByteRange{4096, 5 * kMiB + 3 - 4096}));
  EXPECT_TRUE(watcher.Read(4096, 4096).empty());
}

TEST(ReadAhead, RandomReadsGetNothing) {
  Watcher watcher(4 * kGiB);
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    watcher.Read(kMiB + random() % (4 * kGiB / (128 * kKiB) - 16) * 128 * kKiB, 128 * kKiB);
  }
  EXPECT_LT(watcher.fetched, 20000u * 128 * kKiB / 20);
}

TEST(ReadAhead, SecondAdjacentReadStartsAWindow) {
  Watcher watcher(kGiB);
  EXPECT_TRUE(watcher.Read(100 * kMiB, kMiB).empty());
  EXPECT_FALSE(watcher.Read(101 * kMiB, kMiB).empty());
}

// The kernel's read-ahead sends its requests from several threads.
TEST(ReadAhead, OutOfOrderReadsMakeOneStream) {
  Watcher watcher(kGiB);
  std::mt19937_64 random(2);
  for (std::uint64_t at = 0; at < 256 * kMiB; at += 4 * kMiB) {
    std::vector<std::uint64_t> offsets;
    for (std::uint64_t i = 0; i < 32; ++i) offsets.push_back(at + i * 128 * kKiB);
    std::shuffle(offsets.begin(), offsets.end(), random);
    for (const std::uint64_t offset : offsets) watcher.Read(offset, 128 * kKiB);
  }
  EXPECT_GE(*std::max_element(watcher.ends.begin(), watcher.ends.end()), 352 * kMiB);
}

TEST(ReadAhead, ManyStreamsOfOneObjectEachGetAWindow) {
  Watcher watcher(4 * kGiB);
  constexpr std::uint64_t kStreams = 16;
  std::vector<std::uint64_t> fetched(kStreams);
  for (std::uint64_t step = 0; step < 32; ++step) {
    for (std::uint64_t s = 0; s < kStreams; ++s) {
      fetched[s] += watcher.Read(s * 256 * kMiB + step * kMiB, kMiB).length;
    }
  }
  for (const std::uint64_t bytes : fetched) EXPECT_GE(bytes, 31 * kMiB);
  // Together they stay within what they share.
  EXPECT_LE(watcher.fetched, kStreams * 32 * kMiB + watcher.limits.shared_bytes);
}

TEST(ReadAhead, RepeatedWasteDemandsMoreEvidence) {
  Watcher watcher(64 * kGiB);
  std::mt19937_64 random(3);
  std::uint64_t asked = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t offset = kMiB + random() % 15000 * 4 * kMiB;
    for (std::uint64_t k = 0; k < 4; ++k) watcher.Read(offset + k * kMiB, kMiB);
    asked += 4 * kMiB;
  }
  EXPECT_LT(watcher.fetched, asked / 10);
}

TEST(ReadAhead, ADroppedWindowIsAskedForAgain) {
  Watcher watcher(kGiB);
  for (std::uint64_t at = 0; at < 32 * kMiB; at += kMiB) watcher.Read(at, kMiB);
  EXPECT_TRUE(watcher.Read(32 * kMiB, 4096).empty());
  const base::ByteRange again = watcher.Read(32 * kMiB + 4096, kMiB - 4096, true);
  EXPECT_EQ(again.offset, 33 * kMiB);
  EXPECT_GE(again.length, 24 * kMiB);
}

TEST(ReadAhead, ASecondPassIsAStreamOfItsOwn) {
  Watcher watcher(128 * kMiB);
  for (std::uint64_t at = 0; at < 128 * kMiB; at += kMiB) watcher.Read(at, kMiB);
  const std::uint64_t first = watcher.fetched;
  for (std::uint64_t at = 0; at < 128 * kMiB; at += kMiB) watcher.Read(at, kMiB);
  EXPECT_GE(watcher.fetched - first, 100 * kMiB);
}

TEST(StreamCensus, CountsEachStreamOnceAPeriodAndForgets) {
  StreamCensus census;
  std::uint64_t a = 0, b = 0;
  census.Saw(0, a);
  census.Saw(1, a);
  census.Saw(2, b);
  EXPECT_EQ(census.active(), 2u);
  census.Saw(1'000'000'001, a);
  EXPECT_EQ(census.active(), 2u);
  census.Saw(2'000'000'001, a);
  EXPECT_EQ(census.active(), 1u);
}

}  // namespace
}  // namespace cache
