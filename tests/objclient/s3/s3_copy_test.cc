// S3Store: copies of objects and of parts.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "objclient/copy_in_parts.h"
#include "objclient/s3/s3_store.h"
#include "tests/objclient/s3/s3_store_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class S3CopyTest : public S3StoreFixture {};

TEST_F(S3CopyTest, ASourceThatChangesDuringAPartCopyIsNoticed) {
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

TEST_F(S3CopyTest, CopiesAboveTheLimitGoInParts) {
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

// As it may be at Google, where the ETag in the document is no generation.
TEST_F(S3CopyTest, ACopyWithoutAGenerationIsLookedUp) {
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

// Swift compares with another ETag than the one it tells.
TEST_F(S3CopyTest, AConditionOnASourceIsNotLeftToAServerThatGetsItWrong) {
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

TEST_F(S3CopyTest, WithoutCopiesOfPartsALargeObjectIsCopiedAtOnce) {
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

}  // namespace
}  // namespace objclient
