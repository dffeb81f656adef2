#include "objclient/azure/azure_uploads.h"

#include <gtest/gtest.h>

#include "base/digest/digest.h"
#include "tests/support/fake_clock.h"

namespace objclient {
namespace {

class AzureUploadsTest : public testing::Test {
 protected:
  testing_support::FakeClock clock_;
  AzureUploads uploads_{clock_};
};

TEST_F(AzureUploadsTest, AnUploadBelongsToItsKey) {
  const std::string id = uploads_.Create("k", {{"m", "1"}});
  EXPECT_TRUE(uploads_.Check("k", id).ok());
  EXPECT_EQ(uploads_.Check("other", id).error().error_class(), base::ErrorClass::kNotFound);
  EXPECT_EQ(uploads_.Check("k", "00ff").error().error_class(), base::ErrorClass::kNotFound);
  uploads_.Remove("other", id);
  EXPECT_TRUE(uploads_.Check("k", id).ok());
  uploads_.Remove("k", id);
  EXPECT_FALSE(uploads_.Check("k", id).ok());
  EXPECT_FALSE(uploads_.Add("k", id, {}).ok());
}

TEST_F(AzureUploadsTest, TheLastBlockOfANumberCounts) {
  const std::string id = uploads_.Create("k", {{"m", "1"}});
  const PartInfo old{1, "a", 5, {}}, now{1, "b", 6, {}}, two{2, "c", 7, {}};
  for (const PartInfo& part : {two, old, now}) ASSERT_TRUE(uploads_.Add("k", id, part).ok());
  EXPECT_EQ(uploads_.Match("k", id, {old, two}).error().error_class(), base::ErrorClass::kInvalid);
  const auto metadata = uploads_.Match("k", id, {now, two});
  ASSERT_TRUE(metadata.ok());
  EXPECT_EQ(*metadata, (Metadata{{"m", "1"}}));
  EXPECT_TRUE(uploads_.Match("k", id, {two}).ok()) << "not every block must be used";
  const auto parts = uploads_.Parts("k", id);
  ASSERT_TRUE(parts.ok());
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].etag, "b");
  EXPECT_EQ((*parts)[1].number, 2u);
}

TEST_F(AzureUploadsTest, ListedByKeyThenAge) {
  const std::string second = uploads_.Create("d/b", {});
  clock_.Advance(std::chrono::seconds(1));
  const std::string third = uploads_.Create("d/b", {});
  const std::string first = uploads_.Create("d/a", {});
  uploads_.Create("e", {});
  const auto listed = uploads_.List("d/");
  ASSERT_EQ(listed.size(), 3u);
  EXPECT_EQ(listed[0].upload_id, first);
  EXPECT_EQ(listed[1].upload_id, second);
  EXPECT_EQ(listed[2].upload_id, third);
}

TEST(BlockId, EveryIdOfABlobHasOneLength) {
  const std::string id = "0123456789abcdef";
  const std::string one = BlockId(id, 1, PartEtag(0));
  EXPECT_EQ(base::Base64Decode(one), "0123456789abcdef-00001-0000000000000000");
  EXPECT_EQ(one.size(), BlockId(id, 50000, PartEtag(~std::uint64_t{0})).size());
  EXPECT_LE(base::Base64Decode(one)->size(), 64u);
  EXPECT_NE(one, BlockId(id, 1, PartEtag(1)));
}

}  // namespace
}  // namespace objclient
