// Bytes on their way: cut off, late, changed, or of something else.
#include <cerrno>
#include <chrono>

#include "tests/fault/store_faults.h"

namespace fault {
namespace {

using base::ErrorClass;

constexpr std::size_t kSize = 4u << 20;
constexpr std::size_t kCut = 1'000'000;

class Transfers : public StoreFaults {
 protected:
  void SetUp() override {
    StoreFaults::SetUp();
    if (!IsSkipped()) etag_ = Prepare("key", content_);
  }

  // The whole object, and a piece of it.
  void ExpectReadsWork() {
    ExpectRead(Get("key", {0, kSize}, etag_), content_);
    ExpectRead(Get("key", {100'000, 2u << 20}, etag_), content_.substr(100'000, 2u << 20));
  }

  static Hits Reads() { return Both(Method("GET"), Target("/key")); }
  static Hits Writes() { return Both(Method("PUT"), Target("/key")); }

  const std::string content_ = Content(kSize, 1);
  std::string etag_;
};

TEST_F(Transfers, ResetMidBody) {
  proxy_->Inject(Times(3, CutBody(Reads(), kCut, End::kReset)));
  ExpectReadsWork();
  EXPECT_EQ(proxy_->injected(), 3u);
}

TEST_F(Transfers, ClosedMidBody) {
  proxy_->Inject(Times(3, CutBody(Reads(), kCut, End::kClose)));
  ExpectReadsWork();
  EXPECT_EQ(proxy_->injected(), 3u);
}

TEST_F(Transfers, ClosedMidBodyForEver) {
  Reopen(kShort);
  proxy_->Inject(Times(kAlways, CutBody(Reads(), 0, End::kClose)));
  ExpectError(Get("key", {0, kSize}, etag_), ErrorClass::kUnavailable, EIO);
}

// The length header is true, for the piece that comes.
TEST_F(Transfers, TruncatedBodyWithItsRightLength) {
  proxy_->Inject(Times(2, ChangeReply(Reads(), [](Reply& reply) { reply.body.resize(kCut); })));
  ExpectReadsWork();
  EXPECT_EQ(proxy_->injected(), 2u);
}

TEST_F(Transfers, TruncatedBodyForEver) {
  Reopen(kShort);
  proxy_->Inject(Times(kAlways, ChangeReply(Reads(), [](Reply& reply) { reply.body.resize(0); })));
  ExpectError(Get("key", {0, kSize}, etag_), ErrorClass::kUnavailable, EIO);
}

TEST_F(Transfers, BodyLongerThanAskedFor) {
  proxy_->Inject(ChangeReply(Reads(), [](Reply& reply) { reply.body += "more"; }));
  const auto read = Get("key", {100'000, 2u << 20}, etag_);
  if (read.ok()) {
    ExpectRead(read, content_.substr(100'000, 2u << 20));
  } else {
    EXPECT_EQ(read.error().errno_value(), EIO) << read.error().ToString();
  }
  EXPECT_EQ(proxy_->injected(), 1u);
}

TEST_F(Transfers, SlowFirstByte) {
  proxy_->Inject(Times(2, Delay(Reads(), std::chrono::milliseconds(600))));
  ExpectReadsWork();
  EXPECT_EQ(proxy_->injected(), 2u);
}

TEST_F(Transfers, FirstByteThatNeverComes) {
  proxy_->Inject(Break(Reads(), End::kStall));
  ExpectReadsWork();
  EXPECT_EQ(proxy_->injected(), 1u);
}

TEST_F(Transfers, StallMidBody) {
  proxy_->Inject(CutBody(Reads(), kCut, End::kStall));
  ExpectReadsWork();
  EXPECT_EQ(proxy_->injected(), 1u);
}

TEST_F(Transfers, StallForEver) {
  Reopen(kShort);
  proxy_->Inject(Times(kAlways, Break(Reads(), End::kStall)));
  ExpectError(Get("key", {0, kSize}, etag_), ErrorClass::kTimeout, ETIMEDOUT);
}

TEST_F(Transfers, UploadBrokenMidBody) {
  proxy_->Inject(Times(2, BreakUpload(Writes())));
  const std::string other = Content(3'000'000, 2);
  ASSERT_OK(Put("key", other));
  ExpectStored("key", other);
  EXPECT_EQ(proxy_->injected(), 2u);
}

TEST_F(Transfers, UploadThatGetsNoAnswer) {
  proxy_->Inject(Break(Writes(), End::kStall));
  const std::string other = Content(3'000'000, 2);
  ASSERT_OK(Put("key", other));
  ExpectStored("key", other);
  EXPECT_EQ(proxy_->injected(), 1u);
}

void FlipRequest(Asked& asked) { FlipBit(asked.body); }

TEST_F(Transfers, FlippedBitOnTheWayUp) {
  if (!store_->capabilities().checksum_crc32c) GTEST_SKIP() << "this server verifies none";
  const std::string other = Content(3'000'000, 2);
  proxy_->Inject(ChangeRequest(Writes(), FlipRequest));
  ASSERT_OK(Put("key", other));
  ExpectStored("key", other);
  EXPECT_EQ(proxy_->injected(), 1u);
}

TEST_F(Transfers, FlippedBitsOnTheWayUpForEver) {
  if (!store_->capabilities().checksum_crc32c) GTEST_SKIP() << "this server verifies none";
  proxy_->Inject(Times(kAlways, ChangeRequest(Writes(), FlipRequest)));
  ExpectError(Put("key", Content(3'000'000, 2)), ErrorClass::kCorrupt, EIO);
  ExpectStored("key", content_);
}

TEST_F(Transfers, FlippedBitInAPart) {
  if (!store_->capabilities().checksum_crc32c) GTEST_SKIP() << "this server verifies none";
  const std::string big = Content(11u << 20, 3);
  proxy_->Inject(ChangeRequest(dialect_.part(2), FlipRequest));
  const auto upload = Upload("big", big);
  ASSERT_OK(
      Do([&] { return store_->CompleteMultipart("big", upload.upload_id, upload.parts, {}); }));
  ExpectStored("big", big);
  EXPECT_EQ(proxy_->injected(), 1u);
}

void FlipReply(Reply& reply) { FlipBit(reply.body); }

TEST_F(Transfers, FlippedBitOnTheWayDown) {
  if (!dialect_.keeps_whole_checksums || !store_->capabilities().checksum_crc32c) {
    GTEST_SKIP() << "this server keeps none";
  }
  proxy_->Inject(ChangeReply(Reads(), FlipReply));
  ExpectRead(Get("key", {0, kSize}, etag_, kSize), content_);
  EXPECT_EQ(proxy_->injected(), 1u);
}

TEST_F(Transfers, FlippedBitsOnTheWayDownForEver) {
  if (!dialect_.keeps_whole_checksums || !store_->capabilities().checksum_crc32c) {
    GTEST_SKIP() << "this server keeps none";
  }
  proxy_->Inject(Times(kAlways, ChangeReply(Reads(), FlipReply)));
  ExpectError(Get("key", {0, kSize}, etag_, kSize), ErrorClass::kCorrupt, EIO);
}

// What came is a piece of another place, and says so.
void Shift(Reply& reply) {
  SetHeader(
      reply.headers, "Content-Range",
      "bytes 1000-" + std::to_string(1000 + reply.body.size() - 1) + "/" + std::to_string(kSize));
}

TEST_F(Transfers, WrongRange) {
  proxy_->Inject(ChangeReply(Reads(), Shift));
  const auto read = Get("key", {100'000, 2u << 20}, etag_);
  if (read.ok()) {
    ExpectRead(read, content_.substr(100'000, 2u << 20));
  } else {
    ExpectError(read, ErrorClass::kCorrupt, EIO);
  }
  ExpectReadsWork();
  EXPECT_EQ(proxy_->injected(), 1u);
}

TEST_F(Transfers, WrongRangeForEver) {
  proxy_->Inject(Times(kAlways, ChangeReply(Reads(), Shift)));
  ExpectError(Get("key", {100'000, 2u << 20}, etag_), ErrorClass::kCorrupt, EIO);
}

TEST_F(Transfers, WholeObjectInsteadOfARange) {
  proxy_->Inject(Times(kAlways, ChangeReply(Reads(), [&](Reply& reply) {
                         reply.status = 200;
                         reply.body = content_;
                         SetHeader(reply.headers, "Content-Range", "");
                       })));
  ExpectError(Get("key", {100'000, 2u << 20}, etag_), ErrorClass::kUnsupported, ENOTSUP);
  ExpectRead(Get("key", {0, kSize}, etag_), content_);
}

void OtherEtag(Reply& reply) {
  SetHeader(reply.headers, "ETag", "\"00000000000000000000000000000000\"");
}

TEST_F(Transfers, WrongEtagOfARead) {
  proxy_->Inject(Times(kAlways, ChangeReply(Reads(), OtherEtag)));
  ExpectError(Get("key", {0, kSize}, etag_), ErrorClass::kConflict, ESTALE);
}

// What was stored is right, what we believe of it is not: the next read must notice.
TEST_F(Transfers, WrongEtagOfAWrite) {
  proxy_->Inject(ChangeReply(Writes(), OtherEtag));
  const std::string other = Content(1'000'000, 2);
  const auto head = Put("key", other);
  ExpectStored("key", other);
  if (head.ok()) {
    ExpectError(Get("key", {0, other.size()}, head->etag), ErrorClass::kConflict, ESTALE);
  }
}

TEST_F(Transfers, ReplacedBetweenTwoPieces) {
  // The rest after a broken read is of a new version: nobody gets half of each.
  const std::string other = Content(kSize, 9);
  proxy_->Inject({.hits = Reads(), .act = [&](const Asked& asked, const auto& upstream) {
                    std::string text = Serialize(upstream(asked));
                    text.resize(text.size() / 2);
                    Prepare("key", other);
                    return objclient::ScriptedAnswer{.bytes = text, .reset = true};
                  }});
  ExpectError(Get("key", {0, kSize}, etag_), ErrorClass::kConflict, ESTALE);
}

}  // namespace
}  // namespace fault
