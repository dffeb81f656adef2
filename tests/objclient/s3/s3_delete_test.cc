// S3Store: deletions, of one key and of many.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "objclient/s3/s3_store.h"
#include "tests/objclient/s3/s3_store_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class S3DeleteTest : public S3StoreFixture {};

TEST_F(S3DeleteTest, DeleteManyFallsBackToOneByOne) {
  S3Traits traits = AwsTraits();
  traits.delete_many = traits.delete_many_if_match = false;
  FakeS3 server(traits);
  const auto store = MakeStore([&](const SentRequest& request) { return server(request); }, traits);
  ASSERT_TRUE(Put(*store, "a", "x", {}).ok());
  const auto refused = store->DeleteMany({{"a", ""}, {"b", ""}});
  ASSERT_TRUE(refused.ok());
  EXPECT_TRUE(refused->empty());
  EXPECT_EQ(transport_->sent().back().method, "DELETE");
  EXPECT_TRUE(server.objects().empty());
}

TEST_F(S3DeleteTest, DeleteManyTellsWhatStays) {
  const auto store = MakeStore(
      [](const SentRequest&) {
        return FakeAnswer{200,
                          "<DeleteResult><Error><Key>p/b</Key><Code>AccessDenied</Code>"
                          "<Message>no</Message></Error></DeleteResult>",
                          {}};
      },
      AwsTraits(), "p/");
  const auto refused = store->DeleteMany({{"a", ""}, {"b", ""}});
  ASSERT_TRUE(refused.ok());
  ASSERT_EQ(refused->size(), 1u);
  EXPECT_EQ(refused->at(0).first, "b");
  EXPECT_EQ(refused->at(0).second.error_class(), ErrorClass::kAuth);
}

TEST_F(S3DeleteTest, DeleteManyComparesWhateverTheServerCan) {
  struct Server {
    bool many;
    bool one;
    std::vector<std::string> methods;  // for one key that matches and one that does not
  };
  for (const Server& expected :
       {Server{true, true, {"POST"}}, Server{false, true, {"DELETE", "DELETE"}},
        Server{false, false, {"HEAD", "DELETE", "HEAD"}}}) {
    S3Traits traits = AwsTraits();
    traits.delete_many_if_match = expected.many;
    traits.delete_if_match = expected.one;
    FakeS3 server(traits);
    const auto store =
        MakeStore([&](const SentRequest& request) { return server(request); }, traits);
    ASSERT_TRUE(Put(*store, "mine", "old", {}).ok());
    ASSERT_TRUE(Put(*store, "theirs", "new", {}).ok());
    const std::size_t before = transport_->sent().size();
    const auto refused =
        store->DeleteMany({{"mine", FakeS3::EtagOf("old")}, {"theirs", FakeS3::EtagOf("old")}});
    ASSERT_TRUE(refused.ok()) << refused.error().ToString();
    ASSERT_EQ(refused->size(), 1u);
    EXPECT_EQ(refused->at(0).first, "theirs");
    EXPECT_EQ(refused->at(0).second.error_class(), ErrorClass::kConflict);
    EXPECT_EQ(server.objects().count("mine"), 0u);
    EXPECT_EQ(server.objects().at("theirs"), "new");
    std::vector<std::string> methods;
    const auto sent = transport_->sent();
    for (std::size_t i = before; i < sent.size(); ++i) methods.push_back(sent[i].method);
    EXPECT_EQ(methods, expected.methods);
  }
}

TEST_F(S3DeleteTest, DeleteManyOfADeadServerAsksOnce) {
  S3Traits traits = AwsTraits();
  traits.delete_many_if_match = false;
  const auto store = MakeStore(
      [](const SentRequest& request) {
        const bool theirs = request.url.ends_with("/theirs");
        return theirs ? FakeAnswer{412, "", {}} : FakeAnswer{500, ErrorXml("InternalError"), {}};
      },
      traits);
  const auto refused = store->DeleteMany({{"theirs", "e"}, {"a", "e"}, {"b", "e"}});
  ASSERT_TRUE(refused.ok());
  ASSERT_EQ(refused->size(), 3u);
  EXPECT_EQ(refused->at(0).second.error_class(), ErrorClass::kConflict);
  EXPECT_EQ(refused->at(2).first, "b");
  EXPECT_EQ(refused->at(2).second.error_class(), ErrorClass::kUnavailable);
  EXPECT_EQ(transport_->sent().size(), 2u);
}

TEST_F(S3DeleteTest, ADeleteManyMayFailWithAnAnswerThatSays200) {
  const auto store = MakeStore([](const SentRequest&) {
    return FakeAnswer{200, ErrorXml("InternalError"), {}};
  });
  EXPECT_EQ(ClassOf(store->DeleteMany({{"a", ""}})), ErrorClass::kUnavailable);
}

TEST_F(S3DeleteTest, ARaceOfDeletesIsNoOtherObject) {
  const auto store = MakeStore([](const SentRequest& request) {
    const std::string code = "ConditionalRequestConflict";
    if (request.method == "DELETE") return FakeAnswer{409, ErrorXml(code), {}};
    return FakeAnswer{
        200,
        "<DeleteResult><Error><Key>k</Key><Code>" + code + "</Code></Error></DeleteResult>",
        {}};
  });
  EXPECT_EQ(ClassOf(store->Delete("k", "e")), ErrorClass::kUnavailable);
  const auto refused = store->DeleteMany({{"k", "e"}});
  ASSERT_TRUE(refused.ok());
  ASSERT_EQ(refused->size(), 1u);
  EXPECT_EQ(refused->at(0).second.error_class(), ErrorClass::kUnavailable);
}

TEST_F(S3DeleteTest, AMissingBucketIsNoDeletedKey) {
  const auto store = MakeStore([](const SentRequest&) {
    return FakeAnswer{404, ErrorXml("NoSuchBucket"), {}};
  });
  EXPECT_EQ(ClassOf(store->Delete("k", "")), ErrorClass::kNotFound);
  EXPECT_EQ(ClassOf(store->AbortMultipart("k", "u")), ErrorClass::kNotFound);
  EXPECT_EQ(ClassOf(Put(*store, "k", "x", {false, "etag"})), ErrorClass::kNotFound)
      << "no other writer has been there";
}

TEST_F(S3DeleteTest, AKeyMayBeCalledLikeAnError) {
  const auto store = MakeStore([](const SentRequest&) {
    return FakeAnswer{404, ErrorXml("NoSuchKey"), {}};
  });
  EXPECT_TRUE(store->Delete("NoSuchBucket", "").ok());
}

}  // namespace
}  // namespace objclient
