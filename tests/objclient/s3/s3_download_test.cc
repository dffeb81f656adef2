// S3Store: downloads, held against the sums that the store keeps.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "base/digest/digest.h"
#include "objclient/s3/s3_store.h"
#include "tests/objclient/s3/s3_store_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

// A server with one object and, of it, the checksum it was given.
class S3DownloadTest : public S3StoreFixture {
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

}  // namespace
}  // namespace objclient
