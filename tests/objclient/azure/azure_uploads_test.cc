#include "objclient/azure/azure_uploads.h"

#include <gtest/gtest.h>

#include <future>

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
  EXPECT_FALSE(uploads_.Add("k", id, {}, "b").ok());
  EXPECT_FALSE(uploads_.AddCommitted("k", id, {}, {"b"}).ok());
}

TEST_F(AzureUploadsTest, TheLastBlockOfANumberCounts) {
  const std::string id = uploads_.Create("k", {{"m", "1"}});
  const PartInfo old{1, "a", 5, {}}, now{1, "b", 6, {}}, two{2, "c", 7, {}};
  for (const PartInfo& part : {two, old, now}) {
    ASSERT_TRUE(uploads_.Add("k", id, part, "block-" + part.etag).ok());
  }
  EXPECT_EQ(uploads_.Match("k", id, {old, two}).error().error_class(), base::ErrorClass::kInvalid);
  const auto commitment = uploads_.Match("k", id, {now, two});
  ASSERT_TRUE(commitment.ok());
  EXPECT_EQ(commitment->metadata, (Metadata{{"m", "1"}}));
  EXPECT_EQ(commitment->block_ids, (std::vector<std::string>{"block-b", "block-c"}));
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

TEST_F(AzureUploadsTest, APartMayBeSeveralBlocksThatAreThere) {
  const std::string id = uploads_.Create("k", {});
  const PartInfo one{1, "a", 5, {}}, two{2, "b", 5, {}};
  EXPECT_TRUE(uploads_.AddCommitted("k", id, one, {"x", "y"}).value());
  ASSERT_TRUE(uploads_.Add("k", id, two, "z").ok());
  EXPECT_EQ(uploads_.Match("k", id, {one, two})->block_ids,
            (std::vector<std::string>{"x", "y", "z"}));
}

TEST_F(AzureUploadsTest, EveryPartHasABlockLeft) {
  const std::string id = uploads_.Create("k", {});
  const std::vector<std::string> many(AzureUploads::kBlocksMax - AzureUploads::kPartsMax, "x");
  const std::vector<std::string> more(many.size() + 1, "x");
  EXPECT_FALSE(uploads_.AddCommitted("k", id, {1, "a", 5, {}}, more).value());
  EXPECT_TRUE(uploads_.AddCommitted("k", id, {1, "b", 5, {}}, many).value());
  EXPECT_FALSE(uploads_.AddCommitted("k", id, {2, "c", 5, {}}, {"y", "z"}).value());
  EXPECT_TRUE(uploads_.AddCommitted("k", id, {2, "d", 5, {}}, {"y"}).value());
  // What a part does not use any more is free again.
  ASSERT_TRUE(uploads_.Add("k", id, {1, "e", 5, {}}, "w").ok());
  EXPECT_TRUE(uploads_.AddCommitted("k", id, {2, "f", 5, {}}, {"y", "z"}).value());
}

TEST_F(AzureUploadsTest, WhoeverComesFirstAsksForTheBlocks) {
  const std::string id = uploads_.Create("k", {});
  const auto blocks = std::make_shared<const CommittedBlocks>(std::vector<Block>{{"x", 5}});
  std::promise<void> asked, may_answer;
  std::future<AzureUploads::BlocksResult> first = std::async(std::launch::async, [&] {
    return uploads_.Committed("k", id, "e", [&]() -> AzureUploads::BlocksResult {
      asked.set_value();
      may_answer.get_future().wait();
      return blocks;
    });
  });
  asked.get_future().wait();
  const auto never = []() -> AzureUploads::BlocksResult {
    ADD_FAILURE() << "asked twice";
    return base::Error(base::ErrorClass::kBug, "asked twice");
  };
  std::future<AzureUploads::BlocksResult> second =
      std::async(std::launch::async, [&] { return uploads_.Committed("k", id, "e", never); });
  may_answer.set_value();
  EXPECT_EQ(*first.get(), blocks);
  EXPECT_EQ(*second.get(), blocks);
  EXPECT_EQ(*uploads_.Committed("k", id, "e", never), blocks);
  const auto of_another = uploads_.Committed("k", id, "other", []() -> AzureUploads::BlocksResult {
    return std::shared_ptr<const CommittedBlocks>();
  });
  EXPECT_EQ(*of_another, nullptr);
  EXPECT_FALSE(uploads_.Committed("other", id, "e", never).ok());
}

TEST_F(AzureUploadsTest, AfterAnErrorTheBlocksAreAskedForAgain) {
  const std::string id = uploads_.Create("k", {});
  int asked = 0;
  const auto busy = [&]() -> AzureUploads::BlocksResult {
    ++asked;
    return base::Error(base::ErrorClass::kThrottled, "busy");
  };
  EXPECT_FALSE(uploads_.Committed("k", id, "e", busy).ok());
  EXPECT_FALSE(uploads_.Committed("k", id, "e", busy).ok());
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace objclient
