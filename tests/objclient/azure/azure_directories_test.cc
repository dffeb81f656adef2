// AzureStore over an account with a hierarchical name space, and over a flat one with the marks
// that other tools leave for directories. Exchanges written from the documentation: see
// hierarchical_account.h.
#include <gmock/gmock.h>

#include "tests/objclient/azure/azure_fixture.h"
#include "tests/objclient/azure/hierarchical_account.h"

namespace objclient {
namespace {

using base::ErrorClass;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AzureDirectoriesTest : public AzureFixture {
 protected:
  void SetUp() override {
    store_ = MakeStore([this](const SentRequest& sent) { return account_.Answer(sent); });
    ASSERT_TRUE(store_->Discover().ok());
  }
  base::Result<ObjectHead> Move(const std::string& from, const std::string& to,
                                Precondition precondition = {true, ""}) {
    return store_->Move({from, account_.EtagOf(from), to, std::move(precondition), std::nullopt});
  }

  HierarchicalAccount account_;
  std::unique_ptr<AzureStore> store_;  // last: its transport asks the account
};

TEST_F(AzureDirectoriesTest, WhatTheAccountIsWasFoundOutOrIsRemembered) {
  EXPECT_TRUE(store_->capabilities().moves && store_->capabilities().keeps_directories);
  std::string kept;
  const StoreMemory forgetful{.recall = {}, .keep = [&](const std::string& text) { kept = text; }};
  const auto script = [this](const SentRequest& sent) { return account_.Answer(sent); };
  AzureStore first(MakeSession(script), "", clock_, forgetful);
  ASSERT_TRUE(first.Discover().ok());
  EXPECT_EQ(kept, "azure hierarchical");
  AzureStore second(MakeSession(script), "", clock_, {.recall = [&] { return kept; }, .keep = {}});
  ASSERT_TRUE(second.Discover().ok());
  EXPECT_TRUE(second.capabilities().moves);
  EXPECT_THAT(transport_->sent(), IsEmpty());
}

TEST_F(AzureDirectoriesTest, WhereItMayNotBeAskedItCountsAsFlatAndNothingIsKept) {
  std::string kept;
  AzureStore store(
      MakeSession([](const SentRequest&) { return AzureRefusal(403, "AuthorizationFailure"); }), "",
      clock_, {.recall = {}, .keep = [&](const std::string& text) { kept = text; }});
  EXPECT_TRUE(store.Discover().ok());
  EXPECT_FALSE(store.capabilities().moves || store.capabilities().keeps_directories);
  EXPECT_EQ(kept, "");
  EXPECT_EQ(store.Move({"a", "", "b", {}, std::nullopt}).error().error_class(),
            ErrorClass::kUnsupported);
}

TEST_F(AzureDirectoriesTest, DirectoriesAreListedAsSuch) {
  account_.MakeDirectory("empty");
  account_.PutBlob("full/file", "x");
  account_.PutBlob("top", "y");
  const auto grouped = store_->List({"", "/", "", 1000});
  ASSERT_TRUE(grouped.ok()) << grouped.error().ToString();
  EXPECT_THAT(grouped->prefixes, ElementsAre("empty/", "full/"));
  ASSERT_EQ(grouped->objects.size(), 1u);
  EXPECT_EQ(grouped->objects[0].key, "top");
  const auto all = store_->List({"", "", "", 1000});
  ASSERT_TRUE(all.ok());
  std::vector<std::string> keys;
  for (const ObjectHead& object : all->objects) keys.push_back(object.key);
  EXPECT_THAT(keys, ElementsAre("empty/", "full/", "full/file", "top"));
}

TEST_F(AzureDirectoriesTest, ADirectoryIsNoObjectAndInTheWayOfOne) {
  account_.MakeDirectory("d");
  EXPECT_EQ(store_->Head("d").error().error_class(), ErrorClass::kNotFound);
  PutRequest put;
  put.key = "d";
  put.body.pieces = {BytesOf("x")};
  put.precondition.if_absent = true;
  const auto refused = PutAndWait(*store_, put);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().error_class(), ErrorClass::kExists);
  EXPECT_EQ(refused.error().errno_value(), EISDIR);
}

TEST_F(AzureDirectoriesTest, OnlyAnEmptyDirectoryIsDeleted) {
  account_.PutBlob("d/file", "x");
  EXPECT_EQ(store_->Delete("d/", "").error().error_class(), ErrorClass::kConflict);
  EXPECT_THAT(account_.Paths(), ElementsAre("d/", "d/file"));
  EXPECT_TRUE(store_->Delete("d/file", "").ok());
  EXPECT_TRUE(store_->Delete("d/", "").ok());
  EXPECT_THAT(account_.Paths(), IsEmpty());
  EXPECT_TRUE(store_->Delete("d/", "").ok()) << "gone is gone";
}

TEST_F(AzureDirectoriesTest, AFileInTheDirectorysPlaceStays) {
  account_.PutBlob("d", "theirs");
  EXPECT_TRUE(store_->Delete("d/", "").ok());
  EXPECT_THAT(account_.Paths(), ElementsAre("d"));
}

TEST_F(AzureDirectoriesTest, ManyAreDeletedFilesFirstAndFromTheInsideOut) {
  account_.PutBlob("a/b/file", "x");
  account_.PutBlob("a/other", "y");
  account_.PutBlob("c/stays", "z");
  const auto refused = store_->DeleteMany({{"a/", ""},
                                           {"a/b/", ""},
                                           {"a/b/file", account_.EtagOf("a/b/file")},
                                           {"a/other", ""},
                                           {"c/", ""}});
  ASSERT_TRUE(refused.ok()) << refused.error().ToString();
  ASSERT_EQ(refused->size(), 1u);
  EXPECT_EQ(refused->front().first, "c/");
  EXPECT_EQ(refused->front().second.error_class(), ErrorClass::kConflict);
  EXPECT_THAT(account_.Paths(), ElementsAre("c/", "c/stays"));
}

TEST_F(AzureDirectoriesTest, AMoveKeepsTheObjectAndMakesTheDirectoriesAboveIt) {
  PutRequest put;
  put.key = "from";
  put.body.pieces = {BytesOf("bytes")};
  put.metadata = {{"cairnfs-upload", "t"}};
  const auto stored = PutAndWait(*store_, put);
  ASSERT_TRUE(stored.ok());
  const auto moved = Move("from", "new/deep/to");
  ASSERT_TRUE(moved.ok()) << moved.error().ToString();
  EXPECT_EQ(moved->key, "new/deep/to");
  EXPECT_EQ(moved->etag, stored->etag);
  EXPECT_EQ(moved->size, 5u);
  EXPECT_EQ(moved->metadata, put.metadata);
  EXPECT_THAT(account_.Paths(), ElementsAre("new/", "new/deep/", "new/deep/to"));
}

TEST_F(AzureDirectoriesTest, AMoveHoldsToItsConditions) {
  account_.PutBlob("a", "a");
  account_.PutBlob("b", "b");
  EXPECT_EQ(Move("a", "b").error().error_class(), ErrorClass::kConflict) << "it is there";
  EXPECT_EQ(Move("a", "b", {false, "other"}).error().error_class(), ErrorClass::kConflict);
  EXPECT_EQ(store_->Move({"a", "other", "c", {true, ""}, std::nullopt}).error().error_class(),
            ErrorClass::kConflict);
  EXPECT_EQ(store_->Move({"none", "e", "c", {true, ""}, std::nullopt}).error().error_class(),
            ErrorClass::kNotFound);
  EXPECT_THAT(account_.Paths(), ElementsAre("a", "b"));
  EXPECT_TRUE(Move("a", "b", {false, account_.EtagOf("b")}).ok());
  EXPECT_THAT(account_.Paths(), ElementsAre("b"));
}

TEST_F(AzureDirectoriesTest, AVolumeWithAPrefixMovesBelowIt) {
  account_.PutBlob("p/a", "x");
  const auto store =
      MakeStore([this](const SentRequest& sent) { return account_.Answer(sent); }, "p/");
  ASSERT_TRUE(store->Discover().ok());
  ASSERT_TRUE(store->Move({"a", "", "d/b", {true, ""}, std::nullopt}).ok());
  EXPECT_THAT(account_.Paths(), ElementsAre("p/", "p/d/", "p/d/b"));
}

// blobfuse2 and rclone on a flat account: a blob of no bytes, without a '/', and a mark.
TEST_F(AzureFixture, MarkedBlobsOfAFlatAccountAreDirectories) {
  const auto store = MakeStore([](const SentRequest& sent) {
    EXPECT_NE(sent.url.find("include=metadata"), std::string::npos);
    return FakeAnswer{
        200,
        "<EnumerationResults><Blobs>"
        "<Blob><Name>p/dir</Name><Properties><Content-Length>0</Content-Length></Properties>"
        "<Metadata><Hdi_isfolder>true</Hdi_isfolder></Metadata></Blob>"
        "<Blob><Name>p/dir.txt</Name><Metadata><hdi_isfolder>false</hdi_isfolder></Metadata></Blob>"
        "<BlobPrefix><Name>p/dir/</Name></BlobPrefix>"
        "<Blob><Name>p/empty</Name><Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob>"
        "<Blob><Name>p/</Name><Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob>"
        "</Blobs><NextMarker/></EnumerationResults>",
        {},
        false};
  });
  const auto page = store->List({"p/", "/", "", 1000});
  ASSERT_TRUE(page.ok()) << page.error().ToString();
  EXPECT_THAT(page->prefixes, ElementsAre("p/dir/", "p/empty/"));
  ASSERT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(page->objects[0].key, "p/") << "the directory's own";
  EXPECT_EQ(page->objects[1].key, "p/dir.txt");
}

TEST_F(AzureFixture, ADirectoryOfAFlatAccountGoesWithItsMark) {
  const auto store = MakeStore([](const SentRequest& sent) {
    if (sent.method == "HEAD") {
      return FakeAnswer{200, "", {{"etag", "\"e\""}, {"x-ms-meta-hdi_isfolder", "true"}}, false};
    }
    return sent.url.ends_with("/d/") ? AzureRefusal(404, "BlobNotFound")
                                     : FakeAnswer{202, "", {}, false};
  });
  EXPECT_TRUE(store->Delete("d/", "").ok());
  const auto sent = transport_->sent();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].method + " " + sent[0].url, "DELETE https://acct.blob.core.windows.net/box/d/");
  EXPECT_EQ(sent[2].method + " " + sent[2].url, "DELETE https://acct.blob.core.windows.net/box/d");
  EXPECT_EQ(sent[2].headers.Value("if-match"), "\"e\"");
}

}  // namespace
}  // namespace objclient
