// S3Store over a fake server: what a real one cannot be made to do. The rest is in
// s3_server_test.cc and in the conformance suite.
#include "objclient/s3/s3_store.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/digest/digest.h"
#include "objclient/copy_in_parts.h"
#include "tests/objclient/s3/fake_s3.h"
#include "tests/objclient/s3/s3_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class S3StoreTest : public S3Fixture {
 protected:
  std::unique_ptr<S3Store> OnServer(FakeS3& server, std::optional<S3Traits> traits = {}) {
    return MakeStore([&](const SentRequest& request) { return server(request); }, traits, "p/");
  }
  static base::Result<ObjectHead> Put(ObjectStore& store, const std::string& key,
                                      const std::string& content, const Precondition& condition) {
    return PutAndWait(store, {key, {{BytesOf(content)}, {}}, {}, condition});
  }
  // Any answer of the same class counts.
  static ErrorClass ClassOf(const auto& result) {
    EXPECT_FALSE(result.ok());
    return result.ok() ? ErrorClass::kBug : result.error().error_class();
  }
};

TEST_F(S3StoreTest, ProbesOnceAtTheFirstWrite) {
  FakeS3 server(AwsTraits());
  const auto store = OnServer(server);
  EXPECT_FALSE(store->Head("k").ok());
  EXPECT_EQ(transport_->sent().size(), 1u);
  EXPECT_FALSE(store->capabilities().put_if_absent);
  ASSERT_TRUE(Put(*store, "k", "x", {}).ok());
  const std::size_t after_probe = transport_->sent().size();
  EXPECT_GT(after_probe, 10u);
  EXPECT_LT(after_probe, 40u);
  EXPECT_TRUE(store->capabilities().put_if_absent);
  ASSERT_TRUE(Put(*store, "k", "x", {}).ok());
  EXPECT_EQ(transport_->sent().size(), after_probe + 1);
  EXPECT_EQ(server.objects(), (std::map<std::string, std::string>{{"p/k", "x"}}));
}

TEST_F(S3StoreTest, WhatAProbeFoundIsKeptForTheNextMount) {
  FakeS3 server(AwsTraits());
  std::optional<std::string> kept;
  const auto mount = [&] {
    return std::make_unique<S3Store>(
        MakeSession([&](const SentRequest& request) { return server(request); }), "", std::nullopt,
        StoreMemory{[&] { return kept; }, [&](const std::string& text) { kept = text; }});
  };
  auto store = mount();
  ASSERT_TRUE(Put(*store, "k", "x", {}).ok());
  EXPECT_GT(transport_->sent().size(), 10u);
  store = mount();
  ASSERT_TRUE(Put(*store, "k", "y", {}).ok());
  EXPECT_EQ(transport_->sent().size(), 1u);
  EXPECT_TRUE(store->capabilities().put_if_absent);
  kept = "of another kind of store";
  store = mount();
  ASSERT_TRUE(Put(*store, "k", "z", {}).ok());
  EXPECT_GT(transport_->sent().size(), 10u);
}

TEST_F(S3StoreTest, WhatWasForbiddenIsAskedForAgainAtTheNextMount) {
  FakeS3 server(AwsTraits());
  bool forbidden = true;
  std::optional<std::string> kept;
  const auto mount = [&] {
    return std::make_unique<S3Store>(
        MakeSession([&](const SentRequest& request) {
          const bool copy = request.headers.Find("x-amz-copy-source") != nullptr;
          return forbidden && copy ? FakeAnswer{403, ErrorXml("AccessDenied"), {}}
                                   : server(request);
        }),
        "", std::nullopt,
        StoreMemory{[&] { return kept; }, [&](const std::string& text) { kept = text; }});
  };
  auto store = mount();
  ASSERT_TRUE(Put(*store, "k", "x", {}).ok());
  EXPECT_FALSE(store->capabilities().server_copy);
  EXPECT_FALSE(kept);
  forbidden = false;
  store = mount();
  ASSERT_TRUE(Put(*store, "k", "y", {}).ok());
  EXPECT_TRUE(store->capabilities().server_copy);
  EXPECT_TRUE(kept);
}

TEST_F(S3StoreTest, ThePrefixTakesItsShareOfAKey) {
  FakeS3 server({});
  EXPECT_EQ(OnServer(server)->capabilities().key_bytes_max, 1024u - std::string("p/").size());
}

TEST_F(S3StoreTest, AProbeThatFailsIsTriedAgain) {
  FakeS3 server(AwsTraits());
  std::atomic<bool> down = true;
  const auto store = MakeStore(
      [&](const SentRequest& request) {
        return down ? FakeAnswer{503, "", {}} : server(request);
      },
      std::nullopt);
  EXPECT_EQ(ClassOf(Put(*store, "k", "x", {})), ErrorClass::kThrottled);
  down = false;
  EXPECT_TRUE(Put(*store, "k", "x", {}).ok());
}

TEST_F(S3StoreTest, ConditionsHoldByLookingWhereTheServerHasNone) {
  S3Traits traits;
  traits.copy = true;
  FakeS3 server(traits);
  const auto store = OnServer(server);
  const auto first = Put(*store, "k", "one", {true, ""});
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  EXPECT_EQ(ClassOf(Put(*store, "k", "two", {true, ""})), ErrorClass::kConflict);
  EXPECT_EQ(ClassOf(Put(*store, "k", "two", {false, "other"})), ErrorClass::kConflict);
  EXPECT_EQ(ClassOf(Put(*store, "absent", "x", {false, "other"})), ErrorClass::kConflict);
  EXPECT_EQ(ClassOf(store->Delete("k", "other")), ErrorClass::kConflict);
  EXPECT_EQ(server.objects().at("p/k"), "one");
  EXPECT_TRUE(Put(*store, "k", "two", {false, first->etag}).ok());

  const std::string id = store->CreateMultipart("k", {}).value();
  const auto part = UploadPartAndWait(*store, {"k", id, 1, {{BytesOf("three")}, {}}});
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(ClassOf(store->CompleteMultipart("k", id, {*part}, {true, ""})), ErrorClass::kConflict);
  EXPECT_EQ(server.objects().at("p/k"), "two");
  EXPECT_TRUE(store->CompleteMultipart("k", id, {*part}, {false, FakeS3::EtagOf("two")}).ok());
  EXPECT_EQ(server.objects().at("p/k"), "three");
  EXPECT_EQ(ClassOf(store->Copy({"k", "", "k", {true, ""}, {}})), ErrorClass::kConflict);
  EXPECT_TRUE(store->Delete("k", FakeS3::EtagOf("three")).ok());
  EXPECT_TRUE(server.objects().empty());
}

TEST_F(S3StoreTest, AWriterRightAfterUsIsNoticedByLooking) {
  FakeS3 server({});
  const auto store = OnServer(server);
  ASSERT_TRUE(Put(*store, "warm", "up", {}).ok());
  int heads = 0;
  server.meanwhile = [&](const std::string& method, std::map<std::string, std::string>& objects) {
    if (method == "HEAD" && ++heads == 2) objects["p/k"] = "theirs";
  };
  EXPECT_EQ(ClassOf(Put(*store, "k", "ours", {true, ""})), ErrorClass::kConflict);
}

TEST_F(S3StoreTest, ASourceThatChangesDuringAPartCopyIsNoticed) {
  S3Traits traits;
  traits.part_copy = true;
  FakeS3 server(traits);
  const auto store = OnServer(server);
  const auto source = Put(*store, "source", "one", {});
  ASSERT_TRUE(source.ok());
  const std::string id = store->CreateMultipart("target", {}).value();
  EXPECT_TRUE(store->UploadPartCopy("target", id, 1, "source", source->etag, {0, 3}).ok());
  ASSERT_TRUE(Put(*store, "source", "two", {}).ok());
  EXPECT_EQ(ClassOf(store->UploadPartCopy("target", id, 1, "source", source->etag, {0, 3})),
            ErrorClass::kConflict);
}

TEST_F(S3StoreTest, BareEtagsAreSentToServersThatWantThem) {
  S3Traits traits;
  traits.put_if_match = traits.complete_condition = traits.delete_if_match = true;
  traits.if_match_style = EtagStyle::kBare;
  FakeS3 server(traits);
  const auto store = OnServer(server);
  const auto first = Put(*store, "k", "one", {});
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(Put(*store, "k", "two", {false, first->etag}).ok());
  EXPECT_EQ(transport_->sent().back().headers.Value("if-match"), first->etag);

  const std::string second = FakeS3::EtagOf("two");
  const std::string id = store->CreateMultipart("k", {}).value();
  const auto part = UploadPartAndWait(*store, {"k", id, 1, {{BytesOf("three")}, {}}});
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(ClassOf(store->CompleteMultipart("k", id, {*part}, {false, first->etag})),
            ErrorClass::kConflict);
  EXPECT_TRUE(store->CompleteMultipart("k", id, {*part}, {false, second}).ok());
  EXPECT_EQ(transport_->sent().back().headers.Value("if-match"), second);
  EXPECT_EQ(ClassOf(store->Delete("k", second)), ErrorClass::kConflict);
  EXPECT_TRUE(store->Delete("k", FakeS3::EtagOf("three")).ok());
  EXPECT_TRUE(server.objects().empty());
}

TEST_F(S3StoreTest, ChecksumsAreMadeWhereTheCallerHasNone) {
  FakeS3 server(AwsTraits());
  const auto store = OnServer(server, AwsTraits());
  const auto part =
      UploadPartAndWait(*store, {"k", "id", 1, {{BytesOf("12345"), BytesOf("6789")}, {}}});
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->crc32c, 0xE3069283u);
  EXPECT_EQ(transport_->sent().back().headers.Value("x-amz-checksum-crc32c"), "4waSgw==");
}

TEST_F(S3StoreTest, CopiesAboveTheLimitGoInParts) {
  std::vector<std::string> ranges;
  const auto store = MakeStore([&](const SentRequest& request) -> FakeAnswer {
    if (request.method == "HEAD") {
      return {
          200, "", {{"ETag", "\"big\""}, {"Content-Length", "6442450945"}, {"x-amz-meta-a", "b"}}};
    }
    if (request.method == "PUT") {
      EXPECT_EQ(request.headers.Value("x-amz-copy-source-if-match"), "\"big\"");
      ranges.push_back(request.headers.Value("x-amz-copy-source-range"));
      return {200, "<CopyPartResult><ETag>\"p\"</ETag></CopyPartResult>", {}};
    }
    if (request.url.ends_with("?uploads=")) {
      EXPECT_EQ(request.headers.Value("x-amz-meta-a"), "b");
      return {200,
              "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
              "</InitiateMultipartUploadResult>",
              {}};
    }
    EXPECT_EQ(request.headers.Value("if-none-match"), "*");
    return {200,
            "<CompleteMultipartUploadResult><ETag>\"e-13\"</ETag>"
            "</CompleteMultipartUploadResult>",
            {}};
  });
  const CopyRequest copy{"source", "big", "target", {true, ""}, {}};
  EXPECT_TRUE(MeansOnlyInParts(store->Copy(copy).error()));
  const auto head = CopyInParts(*store, copy, store->capabilities().copy_part_size);
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->size, 6442450945u);
  EXPECT_EQ(head->etag, "e-13");
  ASSERT_EQ(ranges.size(), 13u);
  EXPECT_EQ(ranges.front(), "bytes=0-536870911");
  EXPECT_EQ(ranges.back(), "bytes=6442450944-6442450944");
}

TEST_F(S3StoreTest, ACompletionWithoutAnEtagIsLookedUp) {
  std::string size = "9";
  std::string sum = "4waSgw==";
  const auto store = MakeStore([&](const SentRequest& request) {
    if (request.method != "HEAD") return FakeAnswer{200, "<CompleteMultipartUploadResult/>", {}};
    return FakeAnswer{
        200, "", {{"ETag", "\"e-1\""}, {"Content-Length", size}, {"x-amz-checksum-crc32c", sum}}};
  });
  const std::vector<PartInfo> parts = {{1, "p", 9, base::Crc32c(0, BytesOf("123456789"))}};
  const auto head = store->CompleteMultipart("k", "id", parts, {});
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->etag, "e-1");
  EXPECT_EQ(head->size, 9u);
  EXPECT_EQ(ClassOf(store->CompleteMultipart("k", "id", {{1, "p", 9, {}}}, {})),
            ErrorClass::kConflict)
      << "nothing tells it from another writer's";
  sum = "4waShA==";
  EXPECT_EQ(ClassOf(store->CompleteMultipart("k", "id", parts, {})), ErrorClass::kConflict);
  sum = "4waSgw==";
  size = "10";
  EXPECT_EQ(ClassOf(store->CompleteMultipart("k", "id", parts, {})), ErrorClass::kConflict);
}

// As it may be at Google, where the ETag in the document is no generation.
TEST_F(S3StoreTest, ACopyWithoutAGenerationIsLookedUp) {
  using Header = std::pair<std::string, std::string>;
  const auto copy = [&](const Header& of_source, const Header& of_target) {
    S3Store store(
        MakeSession(
            [&](const SentRequest& request) {
              if (request.method == "PUT") {
                return FakeAnswer{200, "<CopyObjectResult><ETag>m</ETag></CopyObjectResult>", {}};
              }
              const bool source = request.url.ends_with("/source");
              return FakeAnswer{200,
                                "",
                                {{"x-goog-generation", source ? "41" : "42"},
                                 {"Content-Length", "9"},
                                 source ? of_source : of_target}};
            },
            "https://storage.googleapis.com"),
        "", AwsTraits());
    return store.Copy({"source", "", "target", {}, {}});
  };
  const Header token = {"x-goog-meta-token", "1"};
  const Header sum = {"x-goog-hash", "crc32c=4waSgw=="};
  const Header nothing = {"Server", "UploadServer"};
  for (const Header& same : {token, sum}) {
    const auto made = copy(same, same);
    ASSERT_TRUE(made.ok()) << made.error().ToString();
    EXPECT_EQ(made->etag, "42");
  }
  EXPECT_EQ(ClassOf(copy(token, {"x-goog-meta-token", "2"})), ErrorClass::kConflict);
  EXPECT_EQ(ClassOf(copy(sum, {"x-goog-hash", "crc32c=4waShA=="})), ErrorClass::kConflict);
  EXPECT_EQ(ClassOf(copy(nothing, nothing)), ErrorClass::kConflict);
}

TEST_F(S3StoreTest, DeleteManyFallsBackToOneByOne) {
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

TEST_F(S3StoreTest, DeleteManyTellsWhatStays) {
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

TEST_F(S3StoreTest, DeleteManyComparesWhateverTheServerCan) {
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

TEST_F(S3StoreTest, DeleteManyOfADeadServerAsksOnce) {
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

TEST_F(S3StoreTest, ListsThatDoNotEndAreCutOff) {
  const auto store = MakeStore([](const SentRequest& request) {
    const bool parts = request.url.find("uploadId") != std::string::npos;
    return FakeAnswer{200,
                      parts ? "<ListPartsResult><IsTruncated>true</IsTruncated>"
                              "<NextPartNumberMarker>5</NextPartNumberMarker></ListPartsResult>"
                            : "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
                              "<NextKeyMarker>k</NextKeyMarker></ListMultipartUploadsResult>",
                      {}};
  });
  EXPECT_EQ(ClassOf(store->ListParts("k", "u")), ErrorClass::kCorrupt);
  EXPECT_EQ(ClassOf(store->ListUploads("")), ErrorClass::kCorrupt);
}

TEST_F(S3StoreTest, UploadsOfAnotherPlaceAreNotOurs) {
  const auto store = MakeStore(
      [](const SentRequest&) {
        return FakeAnswer{200,
                          "<ListMultipartUploadsResult><Upload><Key>p/a</Key></Upload>"
                          "<Upload><Key>other</Key></Upload></ListMultipartUploadsResult>",
                          {}};
      },
      AwsTraits(), "p/");
  EXPECT_EQ(ClassOf(store->ListUploads("")), ErrorClass::kCorrupt);
}

TEST_F(S3StoreTest, ADeleteManyMayFailWithAnAnswerThatSays200) {
  const auto store = MakeStore([](const SentRequest&) {
    return FakeAnswer{200, ErrorXml("InternalError"), {}};
  });
  EXPECT_EQ(ClassOf(store->DeleteMany({{"a", ""}})), ErrorClass::kUnavailable);
}

TEST_F(S3StoreTest, NoVerbTakesAnEmptyKey) {
  const auto store = MakeStore([](const SentRequest&) { return FakeAnswer{}; });
  EXPECT_EQ(ClassOf(store->Head("")), ErrorClass::kInvalid);
  EXPECT_EQ(ClassOf(store->Delete("", "")), ErrorClass::kInvalid);
  EXPECT_EQ(ClassOf(store->DeleteMany({{"", ""}})), ErrorClass::kInvalid);
  EXPECT_EQ(ClassOf(store->Copy({"", "", "t", {}, {}})), ErrorClass::kInvalid);
  EXPECT_EQ(ClassOf(store->CreateMultipart("", {})), ErrorClass::kInvalid);
  EXPECT_EQ(ClassOf(store->AbortMultipart("", "u")), ErrorClass::kInvalid);
  EXPECT_EQ(ClassOf(Put(*store, "", "x", {})), ErrorClass::kInvalid);
  EXPECT_EQ(ClassOf(GetAndWait(*store, {"", {0, 1}, "", {}, {}})), ErrorClass::kInvalid);
  EXPECT_EQ(ClassOf(UploadPartAndWait(*store, {"", "u", 1, {}})), ErrorClass::kInvalid);
  EXPECT_TRUE(transport_->sent().empty());
}

TEST_F(S3StoreTest, ARaceOfDeletesIsNoOtherObject) {
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

TEST_F(S3StoreTest, AMissingBucketIsNoDeletedKey) {
  const auto store = MakeStore([](const SentRequest&) {
    return FakeAnswer{404, ErrorXml("NoSuchBucket"), {}};
  });
  EXPECT_EQ(ClassOf(store->Delete("k", "")), ErrorClass::kNotFound);
  EXPECT_EQ(ClassOf(store->AbortMultipart("k", "u")), ErrorClass::kNotFound);
  EXPECT_EQ(ClassOf(Put(*store, "k", "x", {false, "etag"})), ErrorClass::kNotFound)
      << "no other writer has been there";
}

TEST_F(S3StoreTest, AKeyMayBeCalledLikeAnError) {
  const auto store = MakeStore([](const SentRequest&) {
    return FakeAnswer{404, ErrorXml("NoSuchKey"), {}};
  });
  EXPECT_TRUE(store->Delete("NoSuchBucket", "").ok());
}

// A server with one object and, of it, the checksum it was given.
class S3DownloadTest : public S3StoreTest {
 protected:
  base::Result<ObjectHead> Get(const std::string& checksum, base::ByteRange range) {
    const auto store = MakeStore([&](const SentRequest& request) {
      FakeAnswer answer{200, content_, {}};
      answer.headers = {{"ETag", "\"e\""}, {"x-amz-checksum-crc32c", checksum}};
      if (request.headers.Find("range") == nullptr) {
        answer.headers.emplace_back("Content-Length", std::to_string(content_.size()));
        return answer;
      }
      answer.status = 206;
      answer.body = content_.substr(range.offset, range.length);
      answer.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                                       std::to_string(range.end() - 1) + "/" +
                                                       std::to_string(content_.size()));
      return answer;
    });
    into_.assign(range.length, '\0');
    reported_ = 0;
    GetRequest get{"k", range, "", {std::as_writable_bytes(std::span(into_))}, {}};
    get.progress = [this](std::uint64_t bytes) { reported_ = bytes; };
    get.object_size = content_.size();
    return GetAndWait(*store, std::move(get));
  }
  const std::string content_ = std::string(300'000, 'a') + "end";
  const base::ByteRange whole_{0, content_.size()};
  const std::string right_ = base::Base64Crc32c(base::Crc32c(0, BytesOf(content_)));
  std::string into_;
  std::uint64_t reported_ = 0;
};

TEST_F(S3DownloadTest, AWholeObjectIsVerifiedBeforeAnybodyHearsOfIt) {
  ASSERT_TRUE(Get(right_, whole_).ok());
  EXPECT_EQ(into_, content_);
  EXPECT_EQ(reported_, 0u);
  EXPECT_EQ(ClassOf(Get("AAAAAA==", whole_)), ErrorClass::kCorrupt);
  EXPECT_EQ(reported_, 0u);
}

TEST_F(S3DownloadTest, SumsThatSayNothingOfTheseBytesDoNotCount) {
  for (const char* other : {"", "AAAAAA==-2", "nonsense"}) {
    EXPECT_TRUE(Get(other, whole_).ok()) << other;
    EXPECT_EQ(reported_, whole_.length) << other;
  }
  for (const base::ByteRange part : {base::ByteRange{0, 10}, base::ByteRange{1, 300'002}}) {
    EXPECT_TRUE(Get("AAAAAA==", part).ok());
    EXPECT_EQ(reported_, part.length);
  }
}

TEST_F(S3StoreTest, AnUploadPutTogetherWronglyIsNoticed) {
  std::string sum;
  const auto store = MakeStore([&](const SentRequest&) {
    return FakeAnswer{200,
                      "<CompleteMultipartUploadResult><ETag>e</ETag><ChecksumCRC32C>" + sum +
                          "</ChecksumCRC32C></CompleteMultipartUploadResult>",
                      {}};
  });
  const std::vector<PartInfo> parts = {{1, "e1", 4, base::Crc32c(0, BytesOf("1234"))},
                                       {2, "e2", 5, base::Crc32c(0, BytesOf("56789"))}};
  sum = "4waSgw==";
  EXPECT_TRUE(store->CompleteMultipart("k", "id", parts, {}).ok());
  sum = "4waShA==";
  EXPECT_EQ(ClassOf(store->CompleteMultipart("k", "id", parts, {})), ErrorClass::kCorrupt);
}

TEST_F(S3StoreTest, WhatIsRememberedIsKnownWithoutAWrite) {
  std::optional<std::string> note;
  const auto make = [&] {
    return S3Store(MakeSession([](const SentRequest&) {
                     return FakeAnswer{500, "", {}};
                   }),
                   "", {}, StoreMemory{[&note] { return note; }, nullptr});
  };
  S3Store nothing = make();
  EXPECT_TRUE(nothing.Discover().ok());
  EXPECT_FALSE(nothing.capabilities().found_out);
  EXPECT_TRUE(transport_->sent().empty());

  note = FormatTraits(AwsTraits());
  S3Store everything = make();
  EXPECT_TRUE(everything.Discover().ok());
  EXPECT_TRUE(everything.capabilities().found_out);
  EXPECT_TRUE(everything.capabilities().put_if_absent);
  EXPECT_TRUE(transport_->sent().empty());
}

TEST_F(S3StoreTest, WhatNoProbeFindsOutIsInTheTable) {
  const auto at = [&](const std::string& endpoint, const std::string& bucket) {
    const S3Store store(MakeSession([](const SentRequest&) { return FakeAnswer{}; }, endpoint,
                                    {"AK", base::Secret("SK"), {}, "test"}, NoOthers, bucket),
                        "", {});
    return store.capabilities();
  };
  EXPECT_TRUE(at("https://0123.r2.cloudflarestorage.com", "bucket").parts_equal);
  EXPECT_FALSE(at("http://s3:1", "bucket").parts_equal);
  EXPECT_FALSE(at("http://s3:1", "train--use1-az4--x-s3").list_sorted);
  EXPECT_TRUE(at("http://s3:1", "bucket").list_sorted);
}

// Swift compares with another ETag than the one it tells.
TEST_F(S3StoreTest, AConditionOnASourceIsNotLeftToAServerThatGetsItWrong) {
  for (const bool believed : {true, false}) {
    S3Traits traits = AwsTraits();
    traits.copy_source_if_match = traits.part_copy_source_if_match = believed;
    FakeS3 server(traits);
    const auto store = MakeStore(
        [&](const SentRequest& request) {
          const bool told = request.headers.Find("x-amz-copy-source-if-match") != nullptr;
          EXPECT_EQ(told, believed && request.headers.Find("x-amz-copy-source") != nullptr);
          return server(request);
        },
        traits);
    const auto source = Put(*store, "k", "x", {});
    ASSERT_TRUE(source.ok());
    EXPECT_TRUE(store->Copy({"k", source->etag, "copy", {}, {}}).ok());
    EXPECT_EQ(ClassOf(store->Copy({"k", "other", "copy", {}, {}})), ErrorClass::kConflict);
    const std::string id = store->CreateMultipart("parts", {}).value();
    EXPECT_TRUE(store->UploadPartCopy("parts", id, 1, "k", source->etag, {0, 1}).ok());
    EXPECT_EQ(ClassOf(store->UploadPartCopy("parts", id, 1, "k", "other", {0, 1})),
              ErrorClass::kConflict);
  }
}

TEST_F(S3StoreTest, WithoutCopiesOfPartsALargeObjectIsCopiedAtOnce) {
  S3Traits traits = AwsTraits();
  for (const bool parts : {true, false}) {
    traits.part_copy = parts;
    const auto store = MakeStore(
        [](const SentRequest& request) {
          if (request.method == "HEAD") {
            return FakeAnswer{200, "", {{"ETag", "\"e\""}, {"Content-Length", "6000000000"}}};
          }
          return FakeAnswer{200, "<CopyObjectResult><ETag>f</ETag></CopyObjectResult>", {}};
        },
        traits);
    EXPECT_EQ(store->capabilities().server_copy, parts);
    const auto head = store->Copy({"a", "", "b", {}, {}});
    EXPECT_EQ(head.ok(), !parts);
    EXPECT_EQ(!head.ok() && MeansOnlyInParts(head.error()), parts);
  }
}

TEST_F(S3StoreTest, GenerationsAreTheEtagsOfGoogle) {
  S3Store store(MakeSession(
                    [](const SentRequest& request) {
                      if (request.method == "HEAD") {
                        return FakeAnswer{200,
                                          "",
                                          {{"x-goog-generation", "42"},
                                           {"Content-Length", "9"},
                                           {"x-goog-hash", "crc32c=4waSgw=="}}};
                      }
                      if (request.method == "POST") {
                        return FakeAnswer{200,
                                          "<CompleteMultipartUploadResult><ETag>\"md5-1\"</ETag>"
                                          "</CompleteMultipartUploadResult>",
                                          {}};
                      }
                      return FakeAnswer{200,
                                        "<ListBucketResult><Contents><Key>k</Key><Generation>41"
                                        "</Generation><ETag>\"md5\"</ETag></Contents>"
                                        "</ListBucketResult>",
                                        {}};
                    },
                    "https://storage.googleapis.com"),
                "", AwsTraits());
  const auto page = store.List({});
  ASSERT_TRUE(page.ok()) << page.error().ToString();
  EXPECT_EQ(page->objects.at(0).etag, "41");
  const std::uint32_t sum = base::Crc32c(0, BytesOf("123456789"));
  const auto made = store.CompleteMultipart("k", "id", {{1, "p", 9, sum}}, {});
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  EXPECT_EQ(made->etag, "42");
}

}  // namespace
}  // namespace objclient
