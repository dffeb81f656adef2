#include "objclient/s3/s3_options.h"

#include <gtest/gtest.h>

#include "objclient/s3/s3_request.h"
#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

const std::string kSse = "x-amz-server-side-encryption";

// One request of each kind, with what `options` ask for.
struct Requests {
  explicit Requests(const S3Options& options) {
    const auto made = S3Headers::Make(options);
    EXPECT_TRUE(made.ok());
    if (!made.ok()) return;
    for (RestRequest* request : {&get, &put, &list, &create, &part, &copy, &complete, &erase}) {
      made->AddTo(*request);
    }
  }
  static S3Location Here() { return LocateBucket("http://s3:1", "us-east-1", "bucket").value(); }

  RestRequest get = BuildGet("k", {0, 1}, "");
  RestRequest put = BuildPut("k", {});
  RestRequest list = BuildList("p/", {});
  RestRequest create = BuildCreateMultipart("k", UploadChecksums::kNone);
  RestRequest part = BuildUploadPart("k", "id", 1, {});
  RestRequest copy = BuildCopy(Here(), {}, "a", "b");
  RestRequest complete = BuildComplete("k", "id", {}, UploadChecksums::kNone);
  RestRequest erase = BuildDelete("k");
};

bool Invalid(const S3Options& options) {
  const auto made = S3Headers::Make(options);
  return !made.ok() && made.error().error_class() == base::ErrorClass::kInvalid;
}

TEST(AddressingOf, OneOfThree) {
  S3Options options;
  EXPECT_EQ(AddressingOf(options)->style, S3Addressing::Style::kAuto);
  options.addressing = "path";
  options.dual_stack = true;
  EXPECT_EQ(AddressingOf(options)->style, S3Addressing::Style::kPath);
  EXPECT_TRUE(AddressingOf(options)->dual_stack);
  options.addressing = "virtual";
  EXPECT_EQ(AddressingOf(options)->style, S3Addressing::Style::kHost);
  options.addressing = "host";
  EXPECT_FALSE(AddressingOf(options).ok());
}

TEST(S3Headers, NothingAskedNothingSent) {
  const Requests sent{{}};
  EXPECT_EQ(sent.put.headers.all().size(), BuildPut("k", {}).headers.all().size());
  EXPECT_EQ(sent.get.headers.Find("x-amz-request-payer"), nullptr);
}

TEST(S3Headers, TheRequesterPaysForEveryRequest) {
  S3Options options;
  options.requester_pays = true;
  const Requests sent(options);
  for (const RestRequest* request : {&sent.get, &sent.put, &sent.list, &sent.erase, &sent.part}) {
    EXPECT_EQ(request->headers.Value("x-amz-request-payer"), "requester") << request->method;
  }
}

TEST(S3Headers, TheStorageClassIsDecidedWhereAnObjectIsMade) {
  S3Options options;
  options.storage_class = "STANDARD_IA";
  const Requests sent(options);
  for (const RestRequest* request : {&sent.put, &sent.create, &sent.copy}) {
    EXPECT_EQ(request->headers.Value("x-amz-storage-class"), "STANDARD_IA");
  }
  for (const RestRequest* request : {&sent.get, &sent.list, &sent.part, &sent.complete}) {
    EXPECT_EQ(request->headers.Find("x-amz-storage-class"), nullptr) << request->method;
  }
  for (const char* bad : {"GLACIER", "DEEP_ARCHIVE", "standard", "A B", "A\n"}) {
    options.storage_class = bad;
    EXPECT_TRUE(Invalid(options)) << bad;
  }
}

TEST(S3Headers, EncryptionByTheStore) {
  S3Options options;
  options.sse = "s3";
  EXPECT_EQ(Requests(options).put.headers.Value(kSse), "AES256");
  options.sse = "kms";
  EXPECT_EQ(Requests(options).create.headers.Value(kSse), "aws:kms");
  options.sse = "";
  options.sse_kms_key = "key-1";
  const Requests sent(options);
  EXPECT_EQ(sent.copy.headers.Value(kSse), "aws:kms");
  EXPECT_EQ(sent.copy.headers.Value(kSse + "-aws-kms-key-id"), "key-1");
  EXPECT_EQ(sent.part.headers.Find(kSse), nullptr);
  EXPECT_EQ(sent.get.headers.Find(kSse), nullptr);

  options.sse_kms_key = "two words";
  EXPECT_TRUE(Invalid(options));
  options.sse_kms_key = "key-1";
  options.sse = "s3";
  EXPECT_TRUE(Invalid(options));
  options.sse = "aes";
  EXPECT_TRUE(Invalid(options));
}

class CustomerKey : public testing::Test {
 protected:
  S3Options WithFile(const std::string& content) {
    S3Options options;
    options.sse_customer_key_file = directory_.Write("key", content).string();
    return options;
  }
  const testing_support::TempDir directory_;
};

TEST_F(CustomerKey, GoesWithEveryRequestForBytes) {
  const std::string customer = kSse + "-customer-";
  for (const char* content :
       {"0123456789abcdef0123456789abcdef", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"}) {
    const Requests sent(WithFile(content));
    for (const RestRequest* request :
         {&sent.get, &sent.put, &sent.create, &sent.part, &sent.copy, &sent.complete}) {
      EXPECT_EQ(request->headers.Value(customer + "algorithm"), "AES256");
      EXPECT_EQ(request->headers.Value(customer + "key"),
                "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
      EXPECT_EQ(request->headers.Value(customer + "key-MD5"), "hRasmdxgYDKV3nvbahU1MA==");
    }
    EXPECT_EQ(sent.list.headers.Find(customer + "key"), nullptr);
    EXPECT_EQ(sent.erase.headers.Find(customer + "key"), nullptr);
    EXPECT_EQ(sent.copy.headers.Value("x-amz-copy-source-server-side-encryption-customer-key"),
              "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    EXPECT_EQ(sent.put.headers.Find("x-amz-copy-source-server-side-encryption-customer-key"),
              nullptr);
  }
}

TEST_F(CustomerKey, IsWholeOrRefused) {
  for (const char* content :
       {"", "short", "MDEyMzQ1Njc4OQ==", "0123456789abcdef0123456789abcdef0"}) {
    EXPECT_TRUE(Invalid(WithFile(content))) << content;
  }
  S3Options options = WithFile("0123456789abcdef0123456789abcdef");
  options.sse = "kms";
  EXPECT_TRUE(Invalid(options));
  options = {};
  options.sse_customer_key_file = (directory_ / "absent").string();
  EXPECT_FALSE(S3Headers::Make(options).ok());
}

}  // namespace
}  // namespace objclient
