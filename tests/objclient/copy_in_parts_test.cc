#include "objclient/copy_in_parts.h"

#include <gtest/gtest.h>

#include "objclient/memory/memory_store.h"
#include "tests/support/fake_clock.h"

namespace objclient {
namespace {

constexpr std::uint64_t kPart = 5 * base::kMiB;

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

  testing_support::FakeClock clock_;
  MemoryStore store_{clock_};
  std::vector<std::byte> bytes_{2 * kPart + 3};
};

TEST_F(CopyInPartsTest, KeepsBytesAndMetadata) {
  const ObjectHead source = PutSource();
  const auto head = CopyInParts(store_, {"from", source.etag, "to", {}, {}}, kPart);
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->metadata, source.metadata);
  std::vector<std::byte> copied(bytes_.size());
  GetRequest get;
  get.key = "to";
  get.range = {0, copied.size()};
  get.into = {copied};
  ASSERT_TRUE(GetAndWait(store_, get).ok());
  EXPECT_EQ(copied, bytes_);
  EXPECT_TRUE(store_.ListUploads("")->empty());
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
