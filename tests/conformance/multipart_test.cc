// Multipart uploads: order, replacement, completion with conditions, copies, lists, abort.
#include <algorithm>

#include "base/digest/digest.h"
#include "tests/conformance/store_conformance.h"

namespace conformance {
namespace {

using base::ErrorClass;
using objclient::PartInfo;

constexpr std::size_t kPart = 5 * base::kMiB;  // the smallest that every store takes

testing::AssertionResult FailsWith(const auto& result, ErrorClass expected) {
  if (result.ok()) return testing::AssertionFailure() << "succeeded";
  if (result.error().error_class() == expected) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().ToString();
}

Bytes Join(const std::vector<Bytes>& parts) {
  Bytes whole;
  for (const Bytes& part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

TEST_P(StoreConformance, MultipartInAnyOrder) {
  const std::vector<Bytes> bytes = {Pattern(kPart, 1), Pattern(kPart, 2), Pattern(77, 3)};
  const std::vector<std::vector<std::uint32_t>> orders = {{1, 2, 3}, {3, 2, 1}, {2, 3, 1}};
  for (const auto& order : orders) {
    const auto id = store().CreateMultipart("d/k", {{"colour", "blue"}});
    ASSERT_TRUE(id.ok()) << id.error().ToString();
    std::vector<PartInfo> parts;
    for (const std::uint32_t number : order) {
      const auto part = Part("d/k", *id, number, bytes[number - 1]);
      ASSERT_TRUE(part.ok()) << part.error().ToString();
      EXPECT_EQ(part->number, number);
      EXPECT_EQ(part->size, bytes[number - 1].size());
      parts.push_back(*part);
    }
    std::ranges::sort(parts, {}, &PartInfo::number);
    const auto head = store().CompleteMultipart("d/k", *id, parts, {});
    ASSERT_TRUE(head.ok()) << head.error().ToString();
    EXPECT_EQ(head->size, 2 * kPart + 77);
    EXPECT_EQ(head->etag, store().Head("d/k")->etag);
    EXPECT_EQ(store().Head("d/k")->metadata, (objclient::Metadata{{"colour", "blue"}}));
    EXPECT_EQ(Content("d/k"), Join(bytes));
    EXPECT_TRUE(store().ListUploads("")->empty());
    EXPECT_EQ(ListAll(""), (std::vector<std::string>{"d/k"}));
  }
}

TEST_P(StoreConformance, MultipartPartsOfManySizes) {
  // They grow, as those of a file of unknown length do, and arrive a little out of order.
  const std::vector<Bytes> bytes = {Pattern(kPart, 1), Pattern(kPart, 2), Pattern(kPart + 1, 3),
                                    Pattern(kPart + 1, 4), Pattern(1, 5)};
  const auto id = store().CreateMultipart("k", {});
  ASSERT_TRUE(id.ok());
  std::vector<PartInfo> parts;
  for (const std::uint32_t number : {1u, 4u, 2u, 5u, 3u}) {
    const auto part = Part("k", *id, number, bytes[number - 1]);
    ASSERT_TRUE(part.ok()) << part.error().ToString();
    parts.push_back(*part);
  }
  std::ranges::sort(parts, {}, &PartInfo::number);
  ASSERT_TRUE(store().CompleteMultipart("k", *id, parts, {}).ok());
  EXPECT_EQ(Content("k"), Join(bytes));
}

TEST_P(StoreConformance, MultipartPartReplaced) {
  const auto id = store().CreateMultipart("k", {});
  ASSERT_TRUE(id.ok());
  const auto old = Part("k", *id, 1, Pattern(kPart, 1));
  const auto last = Part("k", *id, 2, Pattern(10, 2));
  const auto now = Part("k", *id, 1, Pattern(kPart, 3));
  ASSERT_TRUE(old.ok() && last.ok() && now.ok());
  EXPECT_FALSE(store().CompleteMultipart("k", *id, {*old, *last}, {}).ok());
  const auto head = store().CompleteMultipart("k", *id, {*now, *last}, {});
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(Content("k"), Join({Pattern(kPart, 3), Pattern(10, 2)}));
}

TEST_P(StoreConformance, MultipartOfSomeParts) {
  if (!GetParam().completes_some_parts) GTEST_SKIP() << "this store wants every part listed";
  const auto id = store().CreateMultipart("k", {});
  ASSERT_TRUE(id.ok());
  std::vector<PartInfo> parts;
  for (const std::uint32_t number : {1u, 2u, 3u}) {
    parts.push_back(*Part("k", *id, number, Pattern(kPart, number)));
  }
  const auto head = store().CompleteMultipart("k", *id, {parts[0], parts[2]}, {});
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(Content("k"), Join({Pattern(kPart, 1), Pattern(kPart, 3)}));
}

TEST_P(StoreConformance, MultipartIsInvisibleUntilComplete) {
  ASSERT_TRUE(Put("k", Pattern(10, 9)).ok());
  const auto id = store().CreateMultipart("k", {});
  ASSERT_TRUE(id.ok());
  const auto part = Part("k", *id, 1, Pattern(100, 1));
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(Content("k"), Pattern(10, 9));
  EXPECT_EQ(ListAll(""), (std::vector<std::string>{"k"}));
  ASSERT_TRUE(store().CompleteMultipart("k", *id, {*part}, {}).ok());
  EXPECT_EQ(Content("k"), Pattern(100, 1));
}

TEST_P(StoreConformance, CompleteWithConditionsKeepsTheParts) {
  const auto present = Put("k", Pattern(10, 9));
  ASSERT_TRUE(present.ok());
  const auto id = store().CreateMultipart("k", {});
  ASSERT_TRUE(id.ok());
  const auto one = Part("k", *id, 1, Pattern(kPart, 1));
  const auto two = Part("k", *id, 2, Pattern(3, 2));
  ASSERT_TRUE(one.ok() && two.ok());
  const std::vector<PartInfo> parts = {*one, *two};
  EXPECT_TRUE(
      FailsWith(store().CompleteMultipart("k", *id, parts, {.if_absent = true, .if_match = ""}),
                ErrorClass::kConflict));
  EXPECT_TRUE(FailsWith(
      store().CompleteMultipart("k", *id, parts, {.if_absent = false, .if_match = one->etag}),
      ErrorClass::kConflict));
  EXPECT_EQ(Content("k"), Pattern(10, 9));
  const auto head =
      store().CompleteMultipart("k", *id, parts, {.if_absent = false, .if_match = present->etag});
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(Content("k"), Join({Pattern(kPart, 1), Pattern(3, 2)}));
}

TEST_P(StoreConformance, PartsAreListed) {
  const auto id = store().CreateMultipart("d/k", {});
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(store().ListParts("d/k", *id)->empty());
  const auto two = Part("d/k", *id, 2, Pattern(10, 2));
  const auto one = Part("d/k", *id, 1, Pattern(kPart, 1));
  ASSERT_TRUE(one.ok() && two.ok());
  const auto parts = store().ListParts("d/k", *id);
  ASSERT_TRUE(parts.ok()) << parts.error().ToString();
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].number, 1u);
  EXPECT_EQ((*parts)[0].etag, one->etag);
  EXPECT_EQ((*parts)[0].size, kPart);
  EXPECT_EQ((*parts)[1].etag, two->etag);
  EXPECT_EQ((*parts)[1].size, 10u);
}

TEST_P(StoreConformance, UploadsAreListed) {
  const auto a = store().CreateMultipart("a/k", {});
  const auto b = store().CreateMultipart("b/k", {});
  ASSERT_TRUE(a.ok() && b.ok());
  const auto all = store().ListUploads("");
  ASSERT_TRUE(all.ok()) << all.error().ToString();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].key, "a/k");
  EXPECT_EQ((*all)[0].upload_id, *a);
  EXPECT_GT((*all)[0].initiated_ns, 0);
  const auto below = store().ListUploads("b/");
  ASSERT_TRUE(below.ok());
  ASSERT_EQ(below->size(), 1u);
  EXPECT_EQ((*below)[0].upload_id, *b);
}

TEST_P(StoreConformance, AbortIsFinalAndIdempotent) {
  const auto id = store().CreateMultipart("k", {});
  ASSERT_TRUE(id.ok());
  const auto part = Part("k", *id, 1, Pattern(10));
  ASSERT_TRUE(part.ok());
  EXPECT_TRUE(store().AbortMultipart("k", *id).ok());
  EXPECT_TRUE(store().AbortMultipart("k", *id).ok());
  EXPECT_TRUE(store().ListUploads("")->empty());
  EXPECT_TRUE(FailsWith(Part("k", *id, 2, Pattern(10)), ErrorClass::kNotFound));
  // radosgw calls this an internal error.
  EXPECT_FALSE(store().CompleteMultipart("k", *id, {*part}, {}).ok());
  EXPECT_FALSE(Exists("k"));
}

TEST_P(StoreConformance, PartCopy) {
  const Bytes bytes = Pattern(2 * kPart + 5);
  const auto source = Put("source", bytes);
  ASSERT_TRUE(source.ok());
  const auto id = store().CreateMultipart("target", {});
  ASSERT_TRUE(id.ok());
  const auto one = store().UploadPartCopy("target", *id, 1, "source", source->etag, {100, kPart});
  ASSERT_TRUE(one.ok()) << one.error().ToString();
  EXPECT_EQ(one->size, kPart);
  const auto two = Part("target", *id, 2, Pattern(kPart, 7));
  // A refused copy may leave a part: the next one of its number replaces it.
  EXPECT_TRUE(FailsWith(store().UploadPartCopy("target", *id, 3, "source", "another", {0, 10}),
                        ErrorClass::kConflict));
  const auto three = store().UploadPartCopy("target", *id, 3, "source", "", {2 * kPart, 5});
  ASSERT_TRUE(two.ok() && three.ok());
  const auto head = store().CompleteMultipart("target", *id, {*one, *two, *three}, {});
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  const auto at = [&](std::size_t offset) {
    return bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  };
  EXPECT_EQ(Content("target"), Join({Bytes(at(100), at(100 + kPart)), Pattern(kPart, 7),
                                     Bytes(at(2 * kPart), bytes.end())}));
  EXPECT_EQ(Content("source"), bytes);
}

TEST_P(StoreConformance, CopiesOfWhatWasUploadedInParts) {
  const std::vector<Bytes> bytes = {Pattern(kPart, 1), Pattern(10, 2)};
  const auto id = store().CreateMultipart("source", {});
  ASSERT_TRUE(id.ok());
  const auto first = Part("source", *id, 1, bytes[0]);
  const auto last = Part("source", *id, 2, bytes[1]);
  ASSERT_TRUE(first.ok() && last.ok());
  const auto source = store().CompleteMultipart("source", *id, {*first, *last}, {});
  ASSERT_TRUE(source.ok()) << source.error().ToString();
  const auto whole = store().Copy({"source", source->etag, "whole", {}, {}});
  ASSERT_TRUE(whole.ok()) << whole.error().ToString();
  EXPECT_EQ(whole->etag, store().Head("whole")->etag);
  EXPECT_EQ(Content("whole"), Join(bytes));
  const auto listed = store().List({"whole", "", "", 10});
  ASSERT_TRUE(listed.ok() && listed->objects.size() == 1);
  EXPECT_EQ(listed->objects[0].etag, whole->etag) << "what is listed is what can be asked for";
  EXPECT_TRUE(
      FailsWith(store().Copy({"source", first->etag, "whole", {}, {}}), ErrorClass::kConflict));

  if (!can().server_copy) GTEST_SKIP() << "this store copies no parts";
  const auto other = store().CreateMultipart("part", {});
  ASSERT_TRUE(other.ok());
  const auto part =
      store().UploadPartCopy("part", *other, 1, "source", source->etag, {kPart - 1, 11});
  ASSERT_TRUE(part.ok()) << part.error().ToString();
  ASSERT_TRUE(store().CompleteMultipart("part", *other, {*part}, {}).ok());
  EXPECT_EQ(Content("part"), Join({Bytes(1, bytes[0].back()), bytes[1]}));
}

TEST_P(StoreConformance, PartWithWrongChecksumIsRefused) {
  const auto id = store().CreateMultipart("k", {});
  ASSERT_TRUE(id.ok());
  const Bytes bytes = Pattern(1000);
  ASSERT_TRUE(Part("k", *id, 1, bytes).ok());
  if (!can().checksum_crc32c) GTEST_SKIP() << "this store verifies no CRC-32C";
  objclient::PartRequest request;
  request.key = "k";
  request.upload_id = *id;
  request.number = 2;
  request.body.pieces = {bytes};
  request.body.crc32c = base::Crc32c(0, bytes) ^ 1;
  EXPECT_TRUE(FailsWith(objclient::UploadPartAndWait(store(), request), ErrorClass::kCorrupt));
  EXPECT_EQ(store().ListParts("k", *id)->size(), 1u);
}

TEST_P(StoreConformance, UnknownUploadIsNotFound) {
  EXPECT_TRUE(FailsWith(store().ListParts("k", "00ff"), ErrorClass::kNotFound));
  EXPECT_TRUE(FailsWith(Part("k", "00ff", 1, Pattern(1)), ErrorClass::kNotFound));
}

}  // namespace
}  // namespace conformance
