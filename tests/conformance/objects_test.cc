// Single objects: content, ranges, keys, metadata, preconditions, copies, deletes.
#include <atomic>
#include <thread>

#include "base/clock.h"
#include "base/digest/digest.h"
#include "tests/conformance/store_conformance.h"

namespace conformance {
namespace {

using base::ErrorClass;
using objclient::Metadata;
using objclient::Precondition;

constexpr std::size_t kLarge = 5 * base::kMiB + 1;

testing::AssertionResult FailsWith(const auto& result, ErrorClass expected) {
  if (result.ok()) return testing::AssertionFailure() << "succeeded";
  if (result.error().error_class() == expected) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().ToString();
}

TEST_P(StoreConformance, RoundTripsOfManySizes) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, kLarge}) {
    const Bytes bytes = Pattern(size);
    const auto put = Put("dir/object", bytes);
    ASSERT_TRUE(put.ok()) << put.error().ToString();
    EXPECT_EQ(put->size, size);
    const auto head = store().Head("dir/object");
    ASSERT_TRUE(head.ok()) << head.error().ToString();
    EXPECT_EQ(head->size, size);
    EXPECT_EQ(head->etag, put->etag);
    EXPECT_FALSE(head->etag.empty());
    EXPECT_EQ(Content("dir/object"), bytes);
  }
}

TEST_P(StoreConformance, AGetThatIsNotToDeliverTouchesNothing) {
  ASSERT_TRUE(Put("k", Pattern(100)).ok());
  Bytes memory(100, std::byte{7});
  objclient::GetRequest request{"k", {0, 100}, "", {memory}, {}};
  request.claim = [] { return false; };
  EXPECT_TRUE(FailsWith(objclient::GetAndWait(store(), request), ErrorClass::kCancelled));
  EXPECT_EQ(memory, Bytes(100, std::byte{7}));
  request.claim = [] { return true; };
  EXPECT_TRUE(objclient::GetAndWait(store(), request).ok());
  EXPECT_EQ(memory, Pattern(100));
}

TEST_P(StoreConformance, ARefusedGetClaimsNothing) {
  ASSERT_TRUE(Put("k", Pattern(100)).ok());
  Bytes memory(100);
  std::atomic<int> claims = 0;
  objclient::GetRequest request{"k", {0, 100}, "another", {memory}, {}};
  request.claim = [&] { return ++claims > 0; };
  EXPECT_TRUE(FailsWith(objclient::GetAndWait(store(), request), ErrorClass::kConflict));
  EXPECT_EQ(claims, 0) << "another request may still deliver";
}

TEST_P(StoreConformance, HeadKnowsTheTime) {
  const std::int64_t before = base::SystemClock().WallNs();
  ASSERT_TRUE(Put("k", Pattern(1)).ok());
  const auto head = store().Head("k");
  ASSERT_TRUE(head.ok());
  constexpr std::int64_t kSlackNs = 5'000'000'000;
  EXPECT_NEAR(static_cast<double>(head->mtime_ns), static_cast<double>(before), kSlackNs);
}

TEST_P(StoreConformance, BodyOfManyPieces) {
  const Bytes a = Pattern(1000, 1), b = Pattern(kLarge, 2), c = Pattern(1, 3);
  objclient::PutRequest request;
  request.key = "pieces";
  request.body.pieces = {a, b, c};
  ASSERT_TRUE(objclient::PutAndWait(store(), request).ok());
  Bytes whole = a;
  whole.insert(whole.end(), b.begin(), b.end());
  whole.insert(whole.end(), c.begin(), c.end());
  EXPECT_EQ(Content("pieces"), whole);
}

TEST_P(StoreConformance, Ranges) {
  const Bytes bytes = Pattern(kLarge);
  ASSERT_TRUE(Put("k", bytes).ok());
  for (const base::ByteRange range :
       {base::ByteRange{0, 1}, {kLarge - 1, 1}, {123, 4567}, {base::kMiB - 1, 2 * base::kMiB}}) {
    const auto part = Get("k", range);
    ASSERT_TRUE(part.ok()) << part.error().ToString();
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(range.offset);
    EXPECT_TRUE(std::equal(part->begin(), part->end(), from)) << range.offset;
  }
}

TEST_P(StoreConformance, GetTellsItsProgressAndTheHead) {
  const Bytes bytes = Pattern(kLarge);
  const auto put = Put("k", bytes);
  ASSERT_TRUE(put.ok());
  Bytes first(base::kMiB + 7), second(2 * base::kMiB);
  std::vector<std::uint64_t> steps;
  objclient::GetRequest request;
  request.key = "k";
  request.range = {11, first.size() + second.size()};
  request.into = {first, second};
  request.if_match = put->etag;
  request.progress = [&](std::uint64_t count) { steps.push_back(count); };
  const auto head = objclient::GetAndWait(store(), request);
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->etag, put->etag);
  EXPECT_EQ(head->size, kLarge);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), bytes.begin() + 11));
  EXPECT_TRUE(std::equal(second.begin(), second.end(), bytes.begin() + 18 + base::kMiB));
  ASSERT_FALSE(steps.empty());
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_EQ(steps.back(), request.range.length);
}

TEST_P(StoreConformance, OddKeys) {
  std::string longest;  // 900 bytes in names of 100
  while (longest.size() < 899) longest += std::string(99, 'x') + "/";
  longest.back() = 'y';
  std::vector<std::string> keys = {"a b",         "käse/日本語", "a+b",          "100%",
                                   "a%20b",       "#hash",       "what?x=1&y=2", ".hidden",
                                   "a'b\"c",      "back\\slash", "semi;co:",     "~t",
                                   "x/.dot/.dot", "[a]{b}",      "$HOME|<>",     longest};
  if (can().keys_are_url_paths) {
    EXPECT_TRUE(FailsWith(Put("back\\slash", Pattern(1)), ErrorClass::kInvalid));
    EXPECT_TRUE(FailsWith(Put("dot./x", Pattern(1)), ErrorClass::kInvalid));
    std::erase(keys, "back\\slash");
  }
  unsigned seed = 0;
  for (const std::string& key : keys) {
    const auto put = Put(key, Pattern(100, ++seed));
    EXPECT_TRUE(put.ok()) << key << ": " << put.error().ToString();
  }
  seed = 0;
  for (const std::string& key : keys) EXPECT_EQ(Content(key), Pattern(100, ++seed)) << key;
  std::vector<std::string> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(ListAll(""), sorted);
  for (const std::string& key : keys) {
    EXPECT_TRUE(store().Delete(key, "").ok()) << key;
    EXPECT_FALSE(Exists(key)) << key;
  }
}

TEST_P(StoreConformance, KeyBelowAKey) {
  ASSERT_TRUE(Put("a", Pattern(1, 1)).ok());
  const auto below = Put("a/b", Pattern(1, 2));
  if (GetParam().holds_key_below_key) {
    ASSERT_TRUE(below.ok()) << below.error().ToString();
    EXPECT_EQ(Content("a/b"), Pattern(1, 2));
  } else {
    EXPECT_TRUE(FailsWith(below, ErrorClass::kExists));
    EXPECT_TRUE(FailsWith(store().Head("a/b"), ErrorClass::kNotFound));
  }
  EXPECT_EQ(Content("a"), Pattern(1, 1));
}

TEST_P(StoreConformance, DirectoryMarker) {
  ASSERT_TRUE(Put("d/", {}, {}, {{"mode", "040755"}}).ok());
  const auto head = store().Head("d/");
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->size, 0u);
  EXPECT_EQ(head->metadata, (Metadata{{"mode", "040755"}}));
  ASSERT_TRUE(Put("d/file", Pattern(1)).ok());
  EXPECT_EQ(ListAll(""), (std::vector<std::string>{"d/", "d/file"}));
  EXPECT_EQ(ListAll("", "/"), (std::vector<std::string>{"d/"}));
  EXPECT_EQ(store().Head("d/")->etag, head->etag);
  ASSERT_TRUE(store().Delete("d/file", "").ok());
  EXPECT_TRUE(Exists("d/")) << "a marker is an object and stays";
  ASSERT_TRUE(store().Delete("d/", "").ok());
  EXPECT_TRUE(ListAll("").empty());
}

TEST_P(StoreConformance, MissingKey) {
  EXPECT_TRUE(FailsWith(store().Head("none"), ErrorClass::kNotFound));
  EXPECT_TRUE(FailsWith(Get("none", {0, 1}), ErrorClass::kNotFound));
  EXPECT_TRUE(FailsWith(store().Copy({"none", "", "target", {}, {}}), ErrorClass::kNotFound));
}

TEST_P(StoreConformance, MetadataIsKeptAndReplaced) {
  const Metadata metadata = {{"cairnfs-upload", "0123456789abcdef"}, {"mode", "0100644"}};
  ASSERT_TRUE(Put("k", Pattern(10), {}, metadata).ok());
  EXPECT_EQ(store().Head("k")->metadata, metadata);
  ASSERT_TRUE(Put("k", Pattern(10)).ok());
  EXPECT_TRUE(store().Head("k")->metadata.empty());
}

TEST_P(StoreConformance, WrongChecksumIsRefused) {
  const Bytes bytes = Pattern(1000);
  objclient::PutRequest request;
  request.key = "k";
  request.body.pieces = {bytes};
  request.body.crc32c = base::Crc32c(0, bytes);
  ASSERT_TRUE(objclient::PutAndWait(store(), request).ok());
  if (!can().checksum_crc32c) GTEST_SKIP() << "this store verifies no CRC-32C";
  *request.body.crc32c ^= 1;
  EXPECT_TRUE(FailsWith(objclient::PutAndWait(store(), request), ErrorClass::kCorrupt));
  EXPECT_EQ(Content("k"), bytes);
}

TEST_P(StoreConformance, PutIfAbsent) {
  const Precondition if_absent{.if_absent = true, .if_match = ""};
  ASSERT_TRUE(Put("k", Pattern(10, 1), if_absent).ok());
  EXPECT_TRUE(FailsWith(Put("k", Pattern(10, 2), if_absent), ErrorClass::kConflict));
  EXPECT_EQ(Content("k"), Pattern(10, 1));
}

TEST_P(StoreConformance, PutIfAbsentHasOneWinner) {
  ASSERT_TRUE(Put("warm-up", Pattern(1)).ok());  // a probing store knows itself from here on
  if (!can().put_if_absent) GTEST_SKIP() << "this store does not decide If-None-Match:*";
  constexpr unsigned kWriters = 8;
  std::atomic<unsigned> won{0}, winner{0}, wrong{0};
  std::vector<std::thread> writers;
  for (unsigned i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      const auto put = Put("race/k", Pattern(100, i), {.if_absent = true, .if_match = ""});
      if (put.ok()) {
        ++won;
        winner = i;
      } else if (put.error().error_class() != ErrorClass::kConflict) {
        ++wrong;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(won, 1u);
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(Content("race/k"), Pattern(100, winner));
}

TEST_P(StoreConformance, PutIfMatch) {
  const auto first = Put("k", Pattern(10, 1));
  ASSERT_TRUE(first.ok());
  const auto second = Put("k", Pattern(10, 2), {.if_absent = false, .if_match = first->etag});
  ASSERT_TRUE(second.ok()) << second.error().ToString();
  EXPECT_NE(second->etag, first->etag);
  EXPECT_TRUE(FailsWith(Put("k", Pattern(10, 3), {.if_absent = false, .if_match = first->etag}),
                        ErrorClass::kConflict));
  EXPECT_EQ(Content("k"), Pattern(10, 2));
}

TEST_P(StoreConformance, EveryWriteHasItsETag) {
  const auto first = Put("k", Pattern(10, 1));
  const auto second = Put("k", Pattern(10, 2));
  const auto third = Put("k", Pattern(10, 1));
  ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  EXPECT_NE(first->etag, second->etag);
  if (GetParam().etag_is_unique) {
    EXPECT_NE(first->etag, third->etag);
  }
}

TEST_P(StoreConformance, GetIfMatchSeesAReplacedObject) {
  const auto first = Put("k", Pattern(1000, 1));
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(Get("k", {0, 10}, first->etag).ok());
  ASSERT_TRUE(Put("k", Pattern(1000, 2)).ok());
  EXPECT_TRUE(FailsWith(Get("k", {0, 10}, first->etag), ErrorClass::kConflict));
}

TEST_P(StoreConformance, CopyKeepsBytesAndMetadata) {
  const Metadata metadata = {{"colour", "green"}};
  const Bytes bytes = Pattern(kLarge);
  const auto source = Put("from/a", bytes, {}, metadata);
  ASSERT_TRUE(source.ok());
  const auto copied = store().Copy({"from/a", source->etag, "to/b", {}, {}});
  ASSERT_TRUE(copied.ok()) << copied.error().ToString();
  EXPECT_EQ(copied->etag, store().Head("to/b")->etag);
  EXPECT_EQ(copied->size, kLarge);
  EXPECT_EQ(Content("to/b"), bytes);
  EXPECT_EQ(store().Head("to/b")->metadata, metadata);
  ASSERT_TRUE(store().Delete("from/a", "").ok());
  EXPECT_EQ(Content("to/b"), bytes);
}

TEST_P(StoreConformance, CopyOfNothing) {
  ASSERT_TRUE(Put("a", {}, {}, {{"colour", "green"}}).ok());
  const auto copied = store().Copy({"a", "", "b", {}, {}});
  ASSERT_TRUE(copied.ok()) << copied.error().ToString();
  EXPECT_EQ(copied->size, 0u);
  EXPECT_EQ(store().Head("b")->etag, copied->etag);
  EXPECT_EQ(store().Head("b")->metadata, (Metadata{{"colour", "green"}}));
}

TEST_P(StoreConformance, CopyReplacesMetadata) {
  ASSERT_TRUE(Put("a", Pattern(100), {}, {{"old", "1"}}).ok());
  const Metadata metadata = {{"new", "2"}};
  ASSERT_TRUE(store().Copy({"a", "", "b", {}, metadata}).ok());
  EXPECT_EQ(store().Head("b")->metadata, metadata);
  EXPECT_EQ(Content("b"), Pattern(100));
  ASSERT_TRUE(store().Copy({"a", "", "a", {}, metadata}).ok()) << "onto itself";
  EXPECT_EQ(store().Head("a")->metadata, metadata);
}

TEST_P(StoreConformance, CopyAndItsConditions) {
  const auto source = Put("a", Pattern(100, 1));
  const auto target = Put("b", Pattern(100, 2));
  ASSERT_TRUE(source.ok() && target.ok());
  EXPECT_TRUE(FailsWith(store().Copy({"a", target->etag, "c", {}, {}}), ErrorClass::kConflict));
  EXPECT_TRUE(FailsWith(store().Copy({"a", "", "b", {.if_absent = true, .if_match = ""}, {}}),
                        ErrorClass::kConflict));
  EXPECT_TRUE(
      FailsWith(store().Copy({"a", "", "b", {.if_absent = false, .if_match = source->etag}, {}}),
                ErrorClass::kConflict));
  EXPECT_EQ(Content("b"), Pattern(100, 2));
  EXPECT_TRUE(
      store().Copy({"a", "", "b", {.if_absent = false, .if_match = target->etag}, {}}).ok());
  EXPECT_EQ(Content("b"), Pattern(100, 1));
  EXPECT_FALSE(Exists("c"));
}

TEST_P(StoreConformance, CopyTwiceIsTheSameAsOnce) {
  ASSERT_TRUE(Put("a", Pattern(100)).ok());
  ASSERT_TRUE(store().Copy({"a", "", "b", {}, {}}).ok());
  ASSERT_TRUE(store().Copy({"a", "", "b", {}, {}}).ok());
  EXPECT_EQ(ListAll(""), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(Put("a", Pattern(100, 9)).ok());
  EXPECT_EQ(Content("b"), Pattern(100)) << "a copy is an object of its own";
}

TEST_P(StoreConformance, DeleteIsIdempotent) {
  ASSERT_TRUE(Put("k", Pattern(1)).ok());
  EXPECT_TRUE(store().Delete("k", "").ok());
  EXPECT_FALSE(Exists("k"));
  EXPECT_TRUE(store().Delete("k", "").ok());
  EXPECT_TRUE(store().Delete("never/was", "").ok());
}

TEST_P(StoreConformance, DeleteIfMatch) {
  const auto first = Put("k", Pattern(10, 1));
  const auto second = Put("k", Pattern(10, 2));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(FailsWith(store().Delete("k", first->etag), ErrorClass::kConflict));
  EXPECT_TRUE(Exists("k"));
  EXPECT_TRUE(store().Delete("k", second->etag).ok());
  EXPECT_FALSE(Exists("k"));
  EXPECT_TRUE(store().Delete("k", second->etag).ok());
}

TEST_P(StoreConformance, DeleteManyIfMatch) {
  const auto mine = Put("dir/mine", Pattern(10, 1));
  const auto before = Put("dir/theirs", Pattern(10, 2));
  ASSERT_TRUE(mine.ok() && before.ok());
  ASSERT_TRUE(Put("dir/theirs", Pattern(10, 3)).ok());
  ASSERT_TRUE(Put("dir/any", Pattern(10, 4)).ok());
  const std::vector<objclient::DeleteRequest> requests = {{"dir/mine", mine->etag},
                                                          {"dir/theirs", before->etag},
                                                          {"dir/any", ""},
                                                          {"dir/never-was", mine->etag}};
  const auto failed = store().DeleteMany(requests);
  ASSERT_TRUE(failed.ok()) << failed.error().ToString();
  ASSERT_EQ(failed->size(), 1u);
  EXPECT_EQ(failed->front().first, "dir/theirs");
  EXPECT_EQ(failed->front().second.error_class(), ErrorClass::kConflict);
  EXPECT_EQ(ListAll(""), std::vector<std::string>{"dir/theirs"});
}

TEST_P(StoreConformance, EmptyKeyIsRefused) {
  EXPECT_TRUE(FailsWith(Put("", Pattern(1)), ErrorClass::kInvalid));
}

}  // namespace
}  // namespace conformance
