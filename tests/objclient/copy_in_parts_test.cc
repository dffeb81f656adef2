#include "objclient/copy_in_parts.h"

#include <gtest/gtest.h>

#include "objclient/memory/memory_store.h"
#include "tests/support/fake_clock.h"

namespace objclient {
namespace {

constexpr std::uint64_t kPart = 5 * base::kMiB;

// MemoryStore with a server's limits.
class SomeStore : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  Capabilities capabilities() const override {
    Capabilities can = MemoryStore::capabilities();
    can.server_copy = copies;
    return can;
  }
  base::Result<PartInfo> UploadPartCopy(const ObjectKey& key, const std::string& upload_id,
                                        std::uint32_t number, const ObjectKey& source,
                                        const std::string& if_match,
                                        base::ByteRange range) override {
    if (!copies) return base::Error(base::ErrorClass::kUnsupported, "it copies nothing");
    return MemoryStore::UploadPartCopy(key, upload_id, number, source, if_match, range);
  }
  bool copies = true;
};

class CopyInPartsTest : public testing::Test {
 protected:
  ObjectHead PutSource() {
    for (std::size_t i = 0; i < bytes_.size(); ++i) bytes_[i] = static_cast<std::byte>(i * 7);
    PutRequest request;
    request.key = "from";
    request.body.pieces = {bytes_};
    request.metadata = {{"m", "1"}};
    EXPECT_TRUE(PutAndWait(store_, request).ok());
    return store_.Head("from").value();
  }

  std::vector<std::byte> Content(const std::string& key, std::size_t size) {
    std::vector<std::byte> bytes(size);
    GetRequest get;
    get.key = key;
    get.range = {0, size};
    get.into = {bytes};
    const auto head = GetAndWait(store_, get);
    EXPECT_TRUE(head.ok()) << head.error().ToString();
    EXPECT_EQ(head->size, size);
    return bytes;
  }

  testing_support::FakeClock clock_;
  SomeStore store_{clock_};
  std::vector<std::byte> bytes_{2 * kPart + 3};
};

TEST_F(CopyInPartsTest, KeepsBytesAndMetadata) {
  const ObjectHead source = PutSource();
  const auto head = CopyInParts(store_, {"from", source.etag, "to", {}, {}}, kPart);
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->metadata, source.metadata);
  EXPECT_EQ(Content("to", bytes_.size()), bytes_);
  EXPECT_TRUE(store_.ListUploads("")->empty());
}

// One that fits into one request, and one that does not.
TEST_F(CopyInPartsTest, ThroughUsWhereTheStoreCopiesNothing) {
  store_.copies = false;
  for (const std::size_t size : {bytes_.size(), std::size_t{40} * base::kMiB + 1}) {
    bytes_.resize(size);
    const ObjectHead source = PutSource();
    const std::string target = "to-" + std::to_string(size);
    const auto head = CopyInParts(store_, {"from", source.etag, target, {true, ""}, {}}, kPart);
    ASSERT_TRUE(head.ok()) << head.error().ToString();
    EXPECT_EQ(head->etag, store_.Head(target)->etag);
    EXPECT_EQ(store_.Head(target)->metadata, source.metadata);
    EXPECT_TRUE(Content(target, size) == bytes_);
    EXPECT_EQ(
        CopyInParts(store_, {"from", "", target, {true, ""}, {}}, kPart).error().error_class(),
        base::ErrorClass::kConflict);
    EXPECT_TRUE(store_.ListUploads("")->empty());
  }
}

TEST_F(CopyInPartsTest, EvenNothingAtAll) {
  bytes_.clear();
  PutSource();
  for (const bool copies : {true, false}) {
    store_.copies = copies;
    const Metadata metadata = {{"copies", copies ? "yes" : "no"}};
    ASSERT_TRUE(CopyInParts(store_, {"from", "", "to", {}, metadata}, kPart).ok());
    EXPECT_EQ(store_.Head("to")->size, 0u);
    EXPECT_EQ(store_.Head("to")->metadata, metadata);
  }
}

TEST_F(CopyInPartsTest, AnotherSourceIsNotCopied) {
  PutSource();
  EXPECT_EQ(CopyInParts(store_, {"from", "another", "to", {}, {}}, kPart).error().error_class(),
            base::ErrorClass::kConflict);
  EXPECT_FALSE(store_.Head("to").ok());
}

TEST_F(CopyInPartsTest, TheConditionIsOnTheWhole) {
  const ObjectHead source = PutSource();
  CopyRequest onto_itself{"from", "", "from", {true, ""}, Metadata{}};
  EXPECT_EQ(CopyInParts(store_, onto_itself, kPart).error().error_class(),
            base::ErrorClass::kConflict);
  EXPECT_TRUE(store_.ListUploads("")->empty()) << "a failed one is given up";
  onto_itself.precondition = {false, source.etag};
  ASSERT_TRUE(CopyInParts(store_, onto_itself, kPart).ok());
  EXPECT_TRUE(store_.Head("from")->metadata.empty());
}

}  // namespace
}  // namespace objclient
