// S3Store against a real server. What every store must do is in the conformance suite; here is what
// is special about S3: odd keys on the wire, conditions, checksums, clocks, wrong keys and buckets.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <future>
#include <numeric>
#include <thread>

#include "base/digest/digest.h"
#include "objclient/copy_in_parts.h"
#include "objclient/s3/s3_store.h"
#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

using base::ErrorClass;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text));
}

// A clock that is wrong by a fixed time.
class ShiftedClock : public base::Clock {
 public:
  explicit ShiftedClock(std::chrono::nanoseconds shift) : shift_(shift) {}
  std::int64_t WallNs() const override { return base::SystemClock().WallNs() + shift_.count(); }
  std::int64_t MonotonicNs() const override { return base::SystemClock().MonotonicNs(); }
  void Sleep(std::chrono::nanoseconds duration) override { base::SystemClock().Sleep(duration); }

 private:
  const std::chrono::nanoseconds shift_;
};

class S3ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* url = std::getenv("CAIRNFS_TEST_URL");
    const char* endpoint = std::getenv("CAIRNFS_TEST_ENDPOINT");
    if (url == nullptr || endpoint == nullptr || !std::string_view(url).starts_with("s3://")) {
      GTEST_SKIP() << "no server: eval \"$(tests/support/stores/s3 up)\"";
    }
    url_.kind = BucketUrl::Kind::kS3;
    const std::string rest = std::string(url).substr(5);
    url_.bucket = rest.substr(0, rest.find('/'));
    url_.prefix = "s3-test-" + base::RandomHex(6) + "/";
    options_.endpoint = endpoint;
    store_ = Open();
  }

  void TearDown() override {
    if (store_ == nullptr) return;
    for (const auto& key : Keys()) EXPECT_TRUE(store_->Delete(key, "").ok()) << key;
    const auto uploads = store_->ListUploads("");
    ASSERT_TRUE(uploads.ok()) << uploads.error().ToString();
    for (const auto& upload : *uploads) {
      EXPECT_TRUE(store_->AbortMultipart(upload.key, upload.upload_id).ok());
    }
  }

  std::unique_ptr<ObjectStore> Open() { return Open(ProcessEnvironment(), base::SystemClock()); }
  std::unique_ptr<ObjectStore> Open(const Environment& environment, base::Clock& clock) {
    auto store = OpenS3Store(url_, options_, environment, clock, metrics_);
    EXPECT_TRUE(store.ok()) << store.error().ToString();
    return store.ok() ? std::move(*store) : nullptr;
  }

  std::vector<std::string> Keys() {
    std::vector<std::string> keys;
    ListRequest request;
    request.limit = 7;  // several pages even for few keys
    do {
      auto page = store_->List(request);
      EXPECT_TRUE(page.ok()) << page.error().ToString();
      if (!page.ok()) break;
      for (const auto& object : page->objects) keys.push_back(object.key);
      request.continuation = page->continuation;
    } while (!request.continuation.empty());
    return keys;
  }

  base::Result<ObjectHead> Put(const std::string& key, std::string_view content,
                               const Precondition& precondition = {}) {
    return PutAndWait(*store_, {key, {{Bytes(content)}, {}}, {}, precondition});
  }

  base::Result<std::string> Get(const std::string& key, base::ByteRange range,
                                const std::string& if_match = "", std::uint64_t object_size = 0) {
    std::string content(range.length, '\0');
    GetRequest request{key, range, if_match, {std::as_writable_bytes(std::span(content))}, {}};
    request.object_size = object_size;
    TRY_ASSIGN([[maybe_unused]] auto head, GetAndWait(*store_, std::move(request)));
    return content;
  }

  BucketUrl url_;
  StoreOptions options_;
  base::Metrics metrics_;
  std::unique_ptr<ObjectStore> store_;
};

#define ASSERT_OK(expression)                                \
  do {                                                       \
    const auto& checked = (expression);                      \
    ASSERT_TRUE(checked.ok()) << checked.error().ToString(); \
  } while (false)

template <typename R>
ErrorClass ClassOf(const R& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorClass::kBug : result.error().error_class();
}

TEST_F(S3ServerTest, KeysOfAllKindsComeBackAsTheyWere) {
  const std::vector<std::string> keys = {"plain",
                                         "a/b/c",
                                         "with blank",
                                         "plus+and&amp=?#%25",
                                         "snow\xE2\x98\x83/man",
                                         "a//b",
                                         "dot/.",
                                         "dot/../up",
                                         "'quotes\"<>",
                                         "tilde~star*",
                                         std::string(900, 'k'),
                                         "new\nline",
                                         "trail/"};
  for (const auto& key : keys) {
    ASSERT_OK(Put(key, "content of " + key));
    const auto head = store_->Head(key);
    ASSERT_OK(head);
    EXPECT_EQ(head->size, key.size() + 11);
  }
  auto expected = keys;
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(Keys(), expected);
  for (const auto& key : keys) {
    EXPECT_EQ(Get(key, {0, key.size() + 11}).value(), "content of " + key);
  }
  std::vector<DeleteRequest> doomed;
  for (const auto& key : keys) doomed.push_back({key, ""});
  const auto refused = store_->DeleteMany(doomed);
  ASSERT_OK(refused);
  for (const auto& [key, error] : *refused) ADD_FAILURE() << key << error.ToString();
  EXPECT_TRUE(Keys().empty());
}

TEST_F(S3ServerTest, ListsDirectoriesPageByPage) {
  for (int i = 0; i < 12; ++i) {
    ASSERT_OK(Put("dir/sub " + std::to_string(i) + "/file", "x"));
    ASSERT_OK(Put("dir/file" + std::to_string(i), "x"));
  }
  ListRequest request{"dir/", "/", "", 5};
  std::size_t objects = 0;
  std::size_t prefixes = 0;
  do {
    const auto page = store_->List(request);
    ASSERT_OK(page);
    objects += page->objects.size();
    prefixes += page->prefixes.size();
    EXPECT_LE(page->objects.size() + page->prefixes.size(), 5u);
    for (const auto& prefix : page->prefixes) EXPECT_TRUE(prefix.starts_with("dir/sub ")) << prefix;
    request.continuation = page->continuation;
  } while (!request.continuation.empty());
  EXPECT_EQ(objects, 12u);
  EXPECT_EQ(prefixes, 12u);
}

TEST_F(S3ServerTest, RangesLandInPiecesAndProgressGrows) {
  std::string content(3 << 20, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31 + i / 251);
  ASSERT_OK(Put("big", content));
  std::string into(2 << 20, '\0');
  const auto bytes = std::as_writable_bytes(std::span(into));
  std::vector<std::uint64_t> seen;
  GetRequest request{
      "big",
      {12345, into.size()},
      "",
      {bytes.first(1000), bytes.subspan(1000, 1 << 20), bytes.subspan((1 << 20) + 1000)},
      [&](std::uint64_t count) { seen.push_back(count); }};
  const auto head = GetAndWait(*store_, std::move(request));
  ASSERT_OK(head);
  EXPECT_EQ(head->size, content.size());
  EXPECT_EQ(into, content.substr(12345, into.size()));
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back(), into.size());
  EXPECT_LT(seen.size(), 40u);  // not one for every 16 KiB
}

TEST_F(S3ServerTest, GetOfAnotherVersionIsAConflict) {
  const auto first = Put("key", "one");
  ASSERT_OK(first);
  ASSERT_OK(Put("key", "two"));
  EXPECT_EQ(ClassOf(Get("key", {0, 3}, first->etag)), ErrorClass::kConflict);
  EXPECT_EQ(ClassOf(Get("absent", {0, 3})), ErrorClass::kNotFound);
}

TEST_F(S3ServerTest, MetadataTravels) {
  const Metadata metadata = {{"cairnfs-upload", "token 1"}, {"other", "value"}};
  ASSERT_OK(PutAndWait(*store_, {"key", {{Bytes("x")}, {}}, metadata, {}}));
  EXPECT_EQ(store_->Head("key").value().metadata, metadata);
  const PutRequest bad{"key", {{Bytes("x")}, {}}, {{"name", "line\r\nx-amz-acl: public"}}, {}};
  EXPECT_EQ(ClassOf(PutAndWait(*store_, bad)), ErrorClass::kInvalid);
}

TEST_F(S3ServerTest, PutConditionsHold) {
  const auto first = Put("key", "one", {true, ""});
  ASSERT_OK(first);
  EXPECT_EQ(ClassOf(Put("key", "two", {true, ""})), ErrorClass::kConflict);
  const auto second = Put("key", "second", {false, first->etag});
  ASSERT_OK(second);
  EXPECT_EQ(ClassOf(Put("key", "third", {false, first->etag})), ErrorClass::kConflict);
  EXPECT_EQ(ClassOf(Put("absent", "x", {false, first->etag})), ErrorClass::kConflict);
  EXPECT_EQ(Get("key", {0, 6}).value(), "second");
}

TEST_F(S3ServerTest, OneOfManyWritersWins) {
  ASSERT_OK(Put("probe", "done"));
  if (!store_->capabilities().put_if_absent) GTEST_SKIP() << "not atomic on this server";
  std::atomic<int> winners = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { winners += Put("raced", "x", {true, ""}).ok() ? 1 : 0; });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
}

TEST_F(S3ServerTest, MultipartWithPartsFromUsAndFromTheServer) {
  const std::string old_content(6 << 20, 'o');
  const auto source = Put("source", old_content);
  ASSERT_OK(source);
  const auto id = store_->CreateMultipart("target", {{"cairnfs-upload", "t"}});
  ASSERT_OK(id);
  const std::string fresh(5 << 20, 'f');
  const auto first = UploadPartAndWait(*store_, {"target", *id, 1, {{Bytes(fresh)}, {}}});
  ASSERT_OK(first);
  const auto copied =
      store_->UploadPartCopy("target", *id, 2, "source", source->etag, {100, 5 << 20});
  ASSERT_OK(copied);
  EXPECT_EQ(ClassOf(store_->UploadPartCopy("target", *id, 3, "source", "0123", {0, 5 << 20})),
            ErrorClass::kConflict);
  const auto last = UploadPartAndWait(*store_, {"target", *id, 3, {{Bytes("end")}, {}}});
  ASSERT_OK(last);
  const auto listed = store_->ListParts("target", *id);
  ASSERT_OK(listed);
  ASSERT_EQ(listed->size(), 3u);
  EXPECT_EQ((*listed)[1].etag, copied->etag);
  EXPECT_EQ((*listed)[2].size, 3u);
  const auto uploads = store_->ListUploads("tar");
  ASSERT_OK(uploads);
  ASSERT_EQ(uploads->size(), 1u);
  EXPECT_EQ(uploads->front().upload_id, *id);
  EXPECT_EQ(uploads->front().key, "target");

  const auto whole = store_->CompleteMultipart("target", *id, {*first, *copied, *last}, {true, ""});
  ASSERT_OK(whole);
  const auto head = store_->Head("target");
  ASSERT_OK(head);
  EXPECT_EQ(head->size, (10u << 20) + 3);
  EXPECT_EQ(whole->size, head->size);
  EXPECT_EQ(whole->etag, head->etag);
  EXPECT_EQ(head->metadata.at("cairnfs-upload"), "t");
  EXPECT_EQ(Get("target", {(5 << 20) - 1, 2}).value(), "fo");
  EXPECT_EQ(Get("target", {(10u << 20) - 1, 4}).value(), "oend");
}

TEST_F(S3ServerTest, CompleteUnderAConditionThatFails) {
  const auto before = Put("key", "stays");
  ASSERT_OK(before);
  for (const Precondition& condition : {Precondition{true, ""}, Precondition{false, "0123"}}) {
    const auto id = store_->CreateMultipart("key", {});
    ASSERT_OK(id);
    const auto part = UploadPartAndWait(*store_, {"key", *id, 1, {{Bytes("new")}, {}}});
    ASSERT_OK(part);
    EXPECT_EQ(ClassOf(store_->CompleteMultipart("key", *id, {*part}, condition)),
              ErrorClass::kConflict);
    EXPECT_TRUE(store_->AbortMultipart("key", *id).ok());
  }
  EXPECT_EQ(Get("key", {0, 5}).value(), "stays");
  const auto id = store_->CreateMultipart("key", {});
  ASSERT_OK(id);
  const auto part = UploadPartAndWait(*store_, {"key", *id, 1, {{Bytes("fresh")}, {}}});
  ASSERT_OK(part);
  EXPECT_TRUE(store_->CompleteMultipart("key", *id, {*part}, {false, before->etag}).ok());
  EXPECT_EQ(Get("key", {0, 5}).value(), "fresh");
}

TEST_F(S3ServerTest, CopyKeepsOrReplacesMetadataAndHonoursConditions) {
  ASSERT_OK(PutAndWait(*store_, {"from", {{Bytes("content")}, {}}, {{"a", "1"}}, {}}));
  const auto source = store_->Head("from").value();
  const auto kept = store_->Copy({"from", source.etag, "to +/copy", {true, ""}, {}});
  ASSERT_OK(kept);
  EXPECT_EQ(kept->size, 7u);
  const auto head = store_->Head("to +/copy").value();
  EXPECT_EQ(head.etag, kept->etag);
  EXPECT_EQ(head.metadata, (Metadata{{"a", "1"}}));
  EXPECT_EQ(head.mtime_ns, kept->mtime_ns);
  EXPECT_EQ(ClassOf(store_->Copy({"from", "", "to +/copy", {true, ""}, {}})),
            ErrorClass::kConflict);
  EXPECT_EQ(ClassOf(store_->Copy({"from", "0123", "elsewhere", {}, {}})), ErrorClass::kConflict);
  EXPECT_EQ(ClassOf(store_->Copy({"absent", "", "elsewhere", {}, {}})), ErrorClass::kNotFound);
  ASSERT_OK(store_->Copy({"from", "", "to +/copy", {false, head.etag}, Metadata{{"b", "2"}}}));
  EXPECT_EQ(store_->Head("to +/copy").value().metadata, (Metadata{{"b", "2"}}));
}

TEST_F(S3ServerTest, DeleteConditions) {
  const auto head = Put("key", "x");
  ASSERT_OK(head);
  EXPECT_EQ(ClassOf(store_->Delete("key", "0123")), ErrorClass::kConflict);
  EXPECT_TRUE(store_->Head("key").ok());
  EXPECT_TRUE(store_->Delete("key", head->etag).ok());
  EXPECT_TRUE(store_->Delete("key", head->etag).ok());
  EXPECT_TRUE(store_->Delete("key", "").ok());
  EXPECT_EQ(ClassOf(store_->Delete("", "")), ErrorClass::kInvalid);  // would be the bucket
}

TEST_F(S3ServerTest, AWrongChecksumIsRefused) {
  ASSERT_OK(Put("probe", "done"));
  if (!store_->capabilities().checksum_crc32c) GTEST_SKIP() << "this server verifies none";
  const std::string content = "some content";
  const std::uint32_t right = base::Crc32c(0, Bytes(content));
  EXPECT_TRUE(PutAndWait(*store_, {"key", {{Bytes(content)}, right}, {}, {}}).ok());
  EXPECT_EQ(ClassOf(PutAndWait(*store_, {"key", {{Bytes(content)}, right ^ 1}, {}, {}})),
            ErrorClass::kCorrupt);
}

// The answers of the server are compared with what was sent, so that they are there and right.
TEST_F(S3ServerTest, SumsOfTheServerAreThoseOfTheBytes) {
  const std::string content(6'000'000, 'x');
  ASSERT_OK(Put("whole", content));
  std::string read(content.size(), '\0');
  std::uint64_t reported = 0;
  GetRequest get{"whole", {0, read.size()}, "", {std::as_writable_bytes(std::span(read))}, {}};
  get.progress = [&](std::uint64_t bytes) { reported = bytes; };
  get.object_size = read.size();
  ASSERT_OK(GetAndWait(*store_, std::move(get)));
  EXPECT_EQ(read, content);
  // Held back until verified, where the server has a sum.
  EXPECT_EQ(reported, store_->capabilities().checksum_crc32c ? 0 : read.size());
  const auto id = store_->CreateMultipart("parts", {});
  ASSERT_OK(id);
  std::vector<PartInfo> parts;
  for (std::uint32_t number = 1; number <= 2; ++number) {
    const auto part = UploadPartAndWait(*store_, {"parts", *id, number, {{Bytes(content)}, {}}});
    ASSERT_OK(part);
    parts.push_back(*part);
  }
  ASSERT_OK(store_->CompleteMultipart("parts", *id, parts, {}));
  EXPECT_EQ(Get("parts", {0, 12'000'000}).value(), content + content);
}

TEST_F(S3ServerTest, ObjectsUnderAKeyOfOurs) {
  const char* endpoint = std::getenv("CAIRNFS_TEST_TLS_ENDPOINT");
  const char* authorities = std::getenv("CAIRNFS_TEST_CA_BUNDLE");
  if (endpoint == nullptr || authorities == nullptr) GTEST_SKIP() << "this server has no TLS";
  const auto plain = std::move(store_);
  const testing_support::TempDir directory;
  options_.endpoint = endpoint;
  options_.ca_bundle = authorities;
  options_.s3.sse_customer_key_file =
      directory.Write("key", "0123456789abcdef0123456789abcdef").string();
  store_ = Open();
  const std::string content(6'000'000, 'y');
  const auto put = Put("secret", content);
  ASSERT_OK(put);
  EXPECT_EQ(store_->Head("secret")->size, content.size());
  EXPECT_EQ(Get("secret", {0, content.size()}, "", content.size()).value(), content);
  EXPECT_EQ(Get("secret", {17, 100}).value(), content.substr(17, 100));
  EXPECT_FALSE(plain->Head("secret").ok()) << "the key is needed";

  const CopyRequest copy{"secret", put->etag, "copy", {true, ""}, {}};
  auto copied = store_->Copy(copy);
  if (!copied.ok() && MeansOnlyInParts(copied.error())) {
    copied = CopyInParts(*store_, copy, 5 << 20);
  }
  ASSERT_OK(copied);
  EXPECT_EQ(Get("copy", {0, content.size()}, copied->etag, content.size()).value(), content);

  const auto id = store_->CreateMultipart("parts", {});
  ASSERT_OK(id);
  const auto part = UploadPartAndWait(*store_, {"parts", *id, 1, {{Bytes(content)}, {}}});
  ASSERT_OK(part);
  ASSERT_OK(store_->CompleteMultipart("parts", *id, {*part}, {}));
  EXPECT_EQ(Get("parts", {0, content.size()}, "", content.size()).value(), content);
}

TEST_F(S3ServerTest, TheProbeLeavesNothingBehind) {
  ASSERT_OK(Put("key", "x"));
  EXPECT_EQ(Keys(), std::vector<std::string>{"key"});
  EXPECT_TRUE(store_->ListUploads("").value().empty());
}

TEST_F(S3ServerTest, AWrongClockIsCorrected) {
  for (const auto shift : {std::chrono::hours(-2), std::chrono::hours(3)}) {
    ShiftedClock clock(shift);
    const auto store = Open(ProcessEnvironment(), clock);
    EXPECT_TRUE(store->List({}).ok());
    EXPECT_EQ(ClassOf(store->Head("absent")), ErrorClass::kNotFound);
  }
}

TEST_F(S3ServerTest, WrongKeysAndBucketsSaySo) {
  const Environment real = ProcessEnvironment();
  const auto with = [&](const std::string& name, const std::string& value) -> Environment {
    return [=](const std::string& asked) -> std::optional<std::string> {
      return asked == name ? std::optional(value) : real(asked);
    };
  };
  auto wrong_secret = Open(with("AWS_SECRET_ACCESS_KEY", "no-such-secret"), base::SystemClock());
  auto listed = wrong_secret->List({});
  ASSERT_EQ(ClassOf(listed), ErrorClass::kAuth);
  EXPECT_EQ(listed.error().errno_value(), EACCES);
  // With its token service on, radosgw says no more than that access is denied.
  EXPECT_NE(listed.error().message().find("AWS_ACCESS_KEY_ID of the environment"),
            std::string::npos);
  EXPECT_EQ(listed.error().ToString().find("no-such-secret"), std::string::npos);
  EXPECT_FALSE(listed.error().request_id().empty());

  auto wrong_key = Open(with("AWS_ACCESS_KEY_ID", "NOSUCHKEY"), base::SystemClock());
  listed = wrong_key->List({});
  ASSERT_EQ(ClassOf(listed), ErrorClass::kAuth);
  EXPECT_NE(listed.error().message().find("AWS_ACCESS_KEY_ID"), std::string::npos);

  url_.bucket = "no-such-bucket-" + base::RandomHex(4);
  listed = Open()->List({});
  ASSERT_EQ(ClassOf(listed), ErrorClass::kNotFound);
  EXPECT_NE(listed.error().message().find("--endpoint"), std::string::npos);

  options_.endpoint = "http://127.0.0.1:9";
  EXPECT_EQ(ClassOf(Open()->List({})), ErrorClass::kUnavailable);
}

}  // namespace
}  // namespace objclient
