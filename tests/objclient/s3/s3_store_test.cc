// S3Store: what it knows of its server, conditions, uploads and lists.
#include "objclient/s3/s3_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest/digest.h"
#include "objclient/s3/s3_checksum.h"
#include "tests/objclient/s3/s3_store_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class S3StoreTest : public S3StoreFixture {};

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

TEST_F(S3StoreTest, ACompletionWithoutAnEtagIsLookedUp) {
  std::string size = "9";
  std::string sum = "4waSgw==";
  std::string etag = "e-1";
  const auto store = MakeStore([&](const SentRequest& request) {
    if (request.method != "HEAD") return FakeAnswer{200, "<CompleteMultipartUploadResult/>", {}};
    return FakeAnswer{
        200,
        "",
        {{"ETag", '"' + etag + '"'}, {"Content-Length", size}, {"x-amz-checksum-crc32c", sum}}};
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

  // As radosgw 16 does, which keeps no sums.
  sum = "";
  size = "9";
  const std::vector<PartInfo> copied = {{1, FakeS3::EtagOf("123456789"), 9, {}}};
  EXPECT_EQ(ClassOf(store->CompleteMultipart("k", "id", copied, {})), ErrorClass::kConflict);
  etag = EtagOfWhole(copied);
  const auto same = store->CompleteMultipart("k", "id", copied, {});
  ASSERT_TRUE(same.ok()) << same.error().ToString();
  EXPECT_EQ(same->etag, etag);
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
