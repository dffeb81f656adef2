#include "objclient/rest/ranged_get.h"

#include <gtest/gtest.h>

#include "tests/objclient/rest/fake_transport.h"

namespace objclient {
namespace {

using base::ErrorClass;

ObjectHead ReadHead(const std::string& key, const HttpHeaders& headers) {
  return ReadObjectHead(key, headers, "x-meta-");
}

class RangedGetTest : public testing::Test {
 protected:
  GetRequest Request(base::ByteRange range, const std::string& if_match = "") {
    memory_.assign(range.length, '.');
    const auto bytes = std::as_writable_bytes(std::span(memory_));
    const std::size_t half = bytes.size() / 2;
    return {"k",
            range,
            if_match,
            {bytes.first(half), bytes.subspan(half)},
            [this](std::uint64_t count) { progress_.push_back(count); }};
  }
  static HttpResponse Partial(const std::string& content_range) {
    HttpResponse response;
    response.status = 206;
    response.headers.Add("content-range", content_range);
    response.headers.Add("etag", "\"e\"");
    return response;
  }
  std::string memory_;
  std::vector<std::uint64_t> progress_;
  const base::Result<HttpAnswer> good_ = HttpAnswer{};
  const base::Result<HttpAnswer> broken_ = base::Error(ErrorClass::kUnavailable, "broken");
};

TEST_F(RangedGetTest, AsksForTheMemoryWhenTheAnswerIsRight) {
  int asked = 0;
  GetRequest request = Request({10, 6}, "e");
  request.claim = [&] { return ++asked > 1; };
  RangedGet late(request, ReadHead);
  EXPECT_FALSE(late.Start(Partial("bytes 11-15/100")));
  EXPECT_EQ(asked, 0);
  RangedGet loser(request, ReadHead);
  EXPECT_FALSE(loser.Start(Partial("bytes 10-15/100")));
  EXPECT_EQ(loser.Finish(broken_).error().error_class(), ErrorClass::kCancelled);
  RangedGet winner(request, ReadHead);
  EXPECT_TRUE(winner.Start(Partial("bytes 10-15/100")));
}

TEST_F(RangedGetTest, AWholeObjectOfUnannouncedLength) {
  GetRequest request = Request({0, 6});
  HttpResponse response;
  response.status = 200;
  EXPECT_FALSE(RangedGet(request, ReadHead).Start(response)) << "it may be any range";
  request.object_size = 6;
  RangedGet get(request, ReadHead);
  ASSERT_TRUE(get.Start(response));
  EXPECT_TRUE(get.Take(BytesOf("abcdef")));
  EXPECT_EQ(get.Finish(good_)->size, 6u);
}

TEST_F(RangedGetTest, FillsThePiecesInOrder) {
  RangedGet get(Request({10, 6}), ReadHead);
  ASSERT_TRUE(get.Start(Partial("bytes 10-15/100")));
  EXPECT_TRUE(get.Take(BytesOf("ab")));
  EXPECT_TRUE(get.Take(BytesOf("cdef")));
  const auto head = get.Finish(good_);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->size, 100u);
  EXPECT_EQ(head->etag, "e");
  EXPECT_EQ(memory_, "abcdef");
  EXPECT_EQ(progress_, (std::vector<std::uint64_t>{3, 6}));  // at the end of each piece
}

TEST_F(RangedGetTest, ProgressCountsWhatCameBeforeTheBreak) {
  RangedGet get(Request({0, 6}), ReadHead);
  ASSERT_TRUE(get.Start(Partial("bytes 0-5/6")));
  EXPECT_TRUE(get.Take(BytesOf("abcd")));
  EXPECT_EQ(get.Finish(broken_).error().error_class(), ErrorClass::kUnavailable);
  EXPECT_EQ(progress_.back(), 4u);
}

TEST_F(RangedGetTest, TooFewBytesAreUnavailableTooManyCorrupt) {
  RangedGet few(Request({0, 6}), ReadHead);
  ASSERT_TRUE(few.Start(Partial("bytes 0-5/6")));
  EXPECT_TRUE(few.Take(BytesOf("abc")));
  EXPECT_EQ(few.Finish(good_).error().error_class(), ErrorClass::kUnavailable);

  RangedGet many(Request({0, 6}), ReadHead);
  ASSERT_TRUE(many.Start(Partial("bytes 0-5/6")));
  EXPECT_FALSE(many.Take(BytesOf("abcdefg")));
  EXPECT_EQ(many.Finish(broken_).error().error_class(), ErrorClass::kCorrupt);
}

TEST_F(RangedGetTest, AnotherObjectsBytesAreRefused) {
  RangedGet get(Request({0, 6}, "other"), ReadHead);
  EXPECT_FALSE(get.Start(Partial("bytes 0-5/6")));
  EXPECT_EQ(get.Finish(broken_).error().error_class(), ErrorClass::kConflict);
}

TEST_F(RangedGetTest, AnotherRangeIsRefused) {
  for (const char* range : {"bytes 0-4/6", "bytes 1-6/10", "nonsense", ""}) {
    RangedGet get(Request({0, 6}), ReadHead);
    EXPECT_FALSE(get.Start(Partial(range))) << range;
    EXPECT_FALSE(get.Finish(broken_).ok());
  }
}

TEST_F(RangedGetTest, AWholeAnswerCountsOnlyWhenTheRangeIsTheWhole) {
  HttpResponse whole;
  whole.status = 200;
  whole.headers.Add("content-length", "6");
  EXPECT_TRUE(RangedGet(Request({0, 6}), ReadHead).Start(whole));
  EXPECT_FALSE(RangedGet(Request({0, 5}), ReadHead).Start(whole));
  EXPECT_FALSE(RangedGet(Request({1, 5}), ReadHead).Start(whole));
}

}  // namespace
}  // namespace objclient
