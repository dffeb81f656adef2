// What AzureStore asks for and makes of the answers; the verbs themselves are the conformance
// suite's, on a real server.
#include "objclient/azure/azure_store.h"

#include <optional>

#include "base/digest/digest.h"
#include "objclient/copy_in_parts.h"
#include "tests/objclient/azure/azure_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;
using AzureStoreTest = AzureFixture;

FakeAnswer Created(const std::string& etag) {
  return {201, "", {{"etag", "\"" + etag + "\""}}, false};
}

PutRequest PutOf(const std::string& key, std::string_view bytes) {
  PutRequest request;
  request.key = key;
  request.body.pieces = {BytesOf(bytes)};
  return request;
}

PartRequest PartOf(const std::string& id, std::uint32_t number, std::string_view bytes) {
  PartRequest request;
  request.key = "k";
  request.upload_id = id;
  request.number = number;
  request.body.pieces = {BytesOf(bytes)};
  return request;
}

TEST_F(AzureStoreTest, APutCarriesChecksumMetadataAndCondition) {
  const auto store = MakeStore([](const SentRequest&) { return Created("e"); }, "p/");
  PutRequest request = PutOf("k", "Hello Azure!");
  request.metadata = {{"cairnfs-upload", "t"}};
  request.precondition.if_absent = true;
  const auto head = PutAndWait(*store, request);
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->etag, "e");
  EXPECT_EQ(head->size, 12u);
  const SentRequest sent = transport_->sent().at(0);
  EXPECT_TRUE(sent.url.ends_with("/box/p/k"));
  EXPECT_EQ(sent.headers.Value("x-ms-content-crc64"), "DtjZpL9/o8c=");
  EXPECT_EQ(sent.headers.Value("x-ms-meta-cairnfs_x2dupload"), "t");
  EXPECT_EQ(sent.headers.Value("if-none-match"), "*");
  EXPECT_EQ(sent.body, "Hello Azure!");
}

TEST_F(AzureStoreTest, BytesThatDoNotMatchTheCallersChecksumAreNotSent) {
  const auto store = MakeStore([](const SentRequest&) { return Created("e"); });
  PutRequest request = PutOf("k", "abc");
  request.body.crc32c = base::Crc32c(0, BytesOf("abd"));
  EXPECT_EQ(PutAndWait(*store, request).error().error_class(), ErrorClass::kCorrupt);
  request.body.crc32c = base::Crc32c(0, BytesOf("abc"));
  EXPECT_TRUE(PutAndWait(*store, request).ok());
  EXPECT_EQ(transport_->sent().size(), 1u);
}

// Answers when it ends, as one may that is ended in the middle of an answer.
class LastMomentTransport : public HttpTransport {
 public:
  ~LastMomentTransport() override {
    for (const HttpHandler& handler : waiting_) {
      HttpResponse created;
      created.status = 201;
      if (!handler.on_headers || handler.on_headers(created)) handler.on_done(created);
    }
  }
  void Send(HttpRequest /*request*/, HttpHandler handler) override {
    waiting_.push_back(std::move(handler));
  }

 private:
  std::vector<HttpHandler> waiting_;
};

TEST_F(AzureStoreTest, AnAnswerThatComesWhileItEndsFindsWhatItUses) {
  auto session = std::make_unique<AzureSession>(
      std::make_unique<LastMomentTransport>(), LocateContainer("", "acct", "box").value(),
      AccountKeyCredentials("acct", base::Secret("c2VjcmV0"), "a test").value(), clock_);
  auto store = std::make_unique<AzureStore>(std::move(session), "", clock_);
  const std::string id = store->CreateMultipart("k", {}).value();
  std::optional<base::Result<PartInfo>> uploaded;
  store->UploadPart(PartOf(id, 1, "bytes"),
                    [&](base::Result<PartInfo> part) { uploaded.emplace(std::move(part)); });
  EXPECT_FALSE(uploaded.has_value());
  store.reset();
  ASSERT_TRUE(uploaded.has_value());
  ASSERT_TRUE(uploaded->ok()) << uploaded->error().ToString();
  EXPECT_EQ((*uploaded)->number, 1u);
}

TEST_F(AzureStoreTest, NamesThatAzureTakesForOthersAreRefused) {
  const auto store = MakeStore([](const SentRequest&) { return FakeAnswer{}; });
  for (const char* key : {"", "a\\b", "a.", "a./b", "\xFF"}) {
    EXPECT_EQ(PutAndWait(*store, PutOf(key, "x")).error().error_class(), ErrorClass::kInvalid);
    EXPECT_EQ(store->Head(key).error().error_class(), ErrorClass::kInvalid) << key;
    EXPECT_EQ(store->Delete(key, "").error().error_class(), ErrorClass::kInvalid) << key;
    EXPECT_EQ(store->CreateMultipart(key, {}).error().error_class(), ErrorClass::kInvalid) << key;
  }
  EXPECT_TRUE(transport_->sent().empty());
}

TEST_F(AzureStoreTest, TheListOfBlocksNamesTheBytes) {
  const auto store = MakeStore([](const SentRequest&) { return Created("whole"); });
  const auto id = store->CreateMultipart("k", {{"m", "1"}});
  ASSERT_TRUE(id.ok());
  const auto one = UploadPartAndWait(*store, PartOf(*id, 1, "first"));
  const auto two = UploadPartAndWait(*store, PartOf(*id, 2, "second"));
  ASSERT_TRUE(one.ok() && two.ok());
  const auto head = store->CompleteMultipart("k", *id, {*one, *two}, {false, "old"});
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->etag, "whole");
  EXPECT_EQ(head->size, 11u);
  const SentRequest commit = transport_->sent().back();
  EXPECT_TRUE(commit.url.ends_with("/box/k?comp=blocklist"));
  EXPECT_EQ(commit.headers.Value("if-match"), "\"old\"");
  EXPECT_EQ(commit.headers.Value("x-ms-meta-m"), "1");
  const std::string first = BlockId(*id, 1, PartEtag(base::Crc64Nvme(0, BytesOf("first"))));
  const std::string second = BlockId(*id, 2, PartEtag(base::Crc64Nvme(0, BytesOf("second"))));
  EXPECT_NE(commit.body.find("<Latest>" + first + "</Latest><Latest>" + second + "</Latest>"),
            std::string::npos);
  EXPECT_TRUE(store->ListUploads("")->empty());
}

TEST_F(AzureStoreTest, ARefusedCommitLeavesTheUploadOpen) {
  const auto store = MakeStore([](const SentRequest& sent) {
    const bool commit = sent.url.find("blocklist") != std::string::npos;
    return commit ? AzureRefusal(412, "ConditionNotMet") : Created("e");
  });
  const auto id = store->CreateMultipart("k", {});
  ASSERT_TRUE(id.ok());
  const auto part = UploadPartAndWait(*store, PartOf(*id, 1, "x"));
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(store->CompleteMultipart("k", *id, {*part}, {false, "e"}).error().error_class(),
            ErrorClass::kConflict);
  EXPECT_EQ(store->ListUploads("")->size(), 1u);
}

TEST_F(AzureStoreTest, ABlockThatArrivesAfterTheAbortIsNoPart) {
  const auto store = MakeStore([](const SentRequest&) { return Created("e"); });
  const auto id = store->CreateMultipart("k", {});
  ASSERT_TRUE(id.ok());
  ASSERT_TRUE(store->AbortMultipart("k", *id).ok());
  EXPECT_EQ(UploadPartAndWait(*store, PartOf(*id, 1, "x")).error().error_class(),
            ErrorClass::kNotFound);
  EXPECT_EQ(store->ListParts("k", *id).error().error_class(), ErrorClass::kNotFound);
}

FakeAnswer HeadOfSize(std::uint64_t size) {
  return {200,
          "",
          {{"etag", "\"s\""}, {"content-length", std::to_string(size)}, {"x-ms-meta-m", "1"}},
          false};
}

TEST_F(AzureStoreTest, SmallBlobsAreCopiedAsAWhole) {
  const auto store = MakeStore([](const SentRequest& sent) {
    if (sent.method == "HEAD") return HeadOfSize(kCopyBlobMax);
    return FakeAnswer{202, "", {{"etag", "\"t\""}, {"x-ms-copy-status", "success"}}, false};
  });
  const auto head = store->Copy({"from", "s", "to", {true, ""}, {}});
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->etag, "t");
  EXPECT_EQ(head->metadata, (Metadata{{"m", "1"}}));
  const SentRequest copy = transport_->sent().back();
  EXPECT_EQ(copy.headers.Value("x-ms-source-if-match"), "\"s\"");
  EXPECT_EQ(copy.headers.Value("if-none-match"), "*");
  EXPECT_EQ(store->Copy({"from", "other", "to", {}, {}}).error().error_class(),
            ErrorClass::kConflict);
}

TEST_F(AzureStoreTest, ACopyThatIsNotDoneIsNoSuccess) {
  const auto store = MakeStore([](const SentRequest& sent) {
    if (sent.method == "HEAD") return HeadOfSize(1);
    return FakeAnswer{202, "", {{"etag", "\"t\""}, {"x-ms-copy-status", "pending"}}, false};
  });
  EXPECT_FALSE(store->Copy({"from", "", "to", {}, {}}).ok());
}

TEST_F(AzureStoreTest, LargeBlobsAreCopiedInBlocks) {
  const auto store = MakeStore([](const SentRequest& sent) {
    return sent.method == "HEAD" ? HeadOfSize(kCopyBlobMax + 1) : Created("t");
  });
  const CopyRequest copy{"from", "s", "to", {false, "old"}, {}};
  EXPECT_TRUE(MeansOnlyInParts(store->Copy(copy).error()));
  const auto head = CopyInParts(*store, copy, store->capabilities().copy_part_size);
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->size, kCopyBlobMax + 1);
  const auto sent = transport_->sent();
  ASSERT_EQ(sent.size(), 8u);  // HEAD, and HEAD, five blocks, the list
  EXPECT_EQ(sent[2].headers.Value("x-ms-source-range"), "bytes=0-67108863");
  EXPECT_EQ(sent[6].headers.Value("x-ms-source-if-match"), "\"s\"");
  EXPECT_EQ(sent[7].headers.Value("if-match"), "\"old\"");
  EXPECT_EQ(sent[7].headers.Value("x-ms-meta-m"), "1");
}

TEST_F(AzureStoreTest, DeletingAKeyThatIsGoneSucceeds) {
  for (const char* code : {"BlobNotFound", "ConditionNotMet", "ContainerNotFound"}) {
    const auto store = MakeStore([&](const SentRequest& sent) {
      if (sent.method == "HEAD") return AzureRefusal(404, "BlobNotFound");
      return AzureRefusal(std::string(code) == "ConditionNotMet" ? 412 : 404, code);
    });
    EXPECT_EQ(store->Delete("k", "e").ok(), std::string(code) != "ContainerNotFound") << code;
  }
}

TEST_F(AzureStoreTest, ABatchAnswersForEveryKey) {
  const auto store = MakeStore([](const SentRequest& sent) {
    if (sent.method == "HEAD") return HeadOfSize(1);
    const std::string part = "--e\r\nContent-ID: ";
    return FakeAnswer{
        202,
        part + "0\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n\r\n" + part +
            "1\r\n\r\nHTTP/1.1 404 Gone\r\nx-ms-error-code: BlobNotFound\r\n\r\n\r\n" + part +
            "2\r\n\r\nHTTP/1.1 412 No\r\nx-ms-error-code: ConditionNotMet\r\n\r\n" +
            "\r\n--e--\r\n",
        {{"content-type", "multipart/mixed; boundary=e"}},
        false};
  });
  const auto refused = store->DeleteMany({{"a", ""}, {"b", ""}, {"c", "e"}, {"d", ""}});
  ASSERT_TRUE(refused.ok()) << refused.error().ToString();
  ASSERT_EQ(refused->size(), 2u);
  EXPECT_EQ((*refused)[0].first, "c");
  EXPECT_EQ((*refused)[0].second.error_class(), ErrorClass::kConflict);
  EXPECT_EQ((*refused)[1].first, "d") << "no answer is no success";
  EXPECT_EQ((*refused)[1].second.error_class(), ErrorClass::kUnavailable);
  const std::string sent = transport_->sent().at(0).body;
  EXPECT_NE(sent.find("authorization: SharedKey"), std::string::npos);
  EXPECT_EQ(sent.find("x-ms-version"), std::string::npos) << "the batch's own holds for all";
}

TEST_F(AzureStoreTest, ANameThatNoBlobHasDoesNotKeepTheOthersInABatch) {
  const auto store = MakeStore([](const SentRequest&) {
    return FakeAnswer{202,
                      "--e\r\nContent-ID: 0\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n\r\n--e--\r\n",
                      {{"content-type", "multipart/mixed; boundary=e"}},
                      false};
  });
  const auto refused = store->DeleteMany({{"a./b", ""}, {"c", ""}});
  ASSERT_TRUE(refused.ok()) << refused.error().ToString();
  ASSERT_EQ(refused->size(), 1u);
  EXPECT_EQ(refused->front().first, "a./b");
  EXPECT_EQ(refused->front().second.error_class(), ErrorClass::kInvalid);
  EXPECT_NE(transport_->sent().at(0).body.find("/c HTTP/1.1"), std::string::npos);
}

TEST_F(AzureStoreTest, ManyDeletesGoInBatches) {
  const auto store = MakeStore([](const SentRequest&) {
    return FakeAnswer{202, "", {{"content-type", "multipart/mixed; boundary=e"}}, false};
  });
  const std::vector<DeleteRequest> requests(600, DeleteRequest{"k", ""});
  ASSERT_TRUE(store->DeleteMany(requests).ok());
  EXPECT_EQ(transport_->sent().size(), 3u);
  ASSERT_TRUE(store->DeleteMany({}).ok());
  EXPECT_EQ(transport_->sent().size(), 3u);
}

}  // namespace
}  // namespace objclient
