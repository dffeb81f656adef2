// Against the vectors that AWS publishes: the signature version 4 test suite and the examples of
// the S3 documentation.
#include "objclient/auth/sigv4.h"

#include <gtest/gtest.h>

#include "base/digest/digest.h"

namespace objclient {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string SignatureOf(const std::string& authorization) {
  return authorization.substr(authorization.rfind('=') + 1);
}

// --- the test suite: service "service", an empty body ---

struct Vector {
  std::string name;
  std::string method;
  std::string path;
  Pairs query;
  Pairs extra_headers;
  std::string signature;
};

class SuiteTest : public testing::TestWithParam<Vector> {};

TEST_P(SuiteTest, Matches) {
  const Vector& vector = GetParam();
  SigV4Request request;
  request.method = vector.method;
  request.path = vector.path;
  request.query = vector.query;
  request.headers = vector.extra_headers;
  request.headers.emplace_back("Host", "example.amazonaws.com");
  request.headers.emplace_back("X-Amz-Date", "20150830T123600Z");
  request.payload_hash = base::HexLower(base::Sha256(""));
  const Credentials credentials{
      "AKIDEXAMPLE", base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {}, "test"};
  const auto signed_request =
      SignV4(request, credentials, {"us-east-1", "service", "20150830T123600Z"});
  EXPECT_EQ(SignatureOf(signed_request.authorization), vector.signature)
      << signed_request.canonical_request;
}

const std::string kUnreserved =
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

INSTANTIATE_TEST_SUITE_P(
    Aws, SuiteTest,
    testing::Values(
        Vector{"get_vanilla",
               "GET",
               "/",
               {},
               {},
               "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        Vector{"get_vanilla_empty_query_key",
               "GET",
               "/",
               {{"Param1", "value1"}},
               {},
               "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        Vector{"get_vanilla_query_order_key_case",
               "GET",
               "/",
               {{"Param2", "value2"}, {"Param1", "value1"}},
               {},
               "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        Vector{"get_vanilla_query_unreserved",
               "GET",
               "/",
               {{kUnreserved, kUnreserved}},
               {},
               "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
        Vector{"get_unreserved",
               "GET",
               "/" + kUnreserved,
               {},
               {},
               "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        Vector{"get_utf8",
               "GET",
               "/%E1%88%B4",
               {},
               {},
               "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        Vector{"get_header_value_trim",
               "GET",
               "/",
               {},
               {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
               "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        Vector{"get_header_key_duplicate",
               "GET",
               "/",
               {},
               {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
               "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        Vector{"post_vanilla",
               "POST",
               "/",
               {},
               {},
               "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"}),
    [](const auto& test) { return test.param.name; });

// --- the examples of the S3 documentation ---

class S3ExampleTest : public testing::Test {
 protected:
  SigV4Signature Sign(SigV4Request request) {
    request.headers.emplace_back("host", "examplebucket.s3.amazonaws.com");
    request.headers.emplace_back("x-amz-content-sha256", request.payload_hash);
    request.headers.emplace_back("x-amz-date", "20130524T000000Z");
    const Credentials credentials{
        "AKIAIOSFODNN7EXAMPLE", base::Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {}, ""};
    return SignV4(request, credentials, {"us-east-1", "s3", "20130524T000000Z"});
  }
  const std::string empty_hash_ = base::HexLower(base::Sha256(""));
};

TEST_F(S3ExampleTest, GetObject) {
  const auto result = Sign({"GET", "/test.txt", {}, {{"range", "bytes=0-9"}}, empty_hash_});
  EXPECT_EQ(result.canonical_request,
            "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\n"
            "x-amz-content-sha256:" +
                empty_hash_ +
                "\nx-amz-date:20130524T000000Z\n\n"
                "host;range;x-amz-content-sha256;x-amz-date\n" +
                empty_hash_);
  EXPECT_EQ(result.authorization,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(S3ExampleTest, PutObject) {
  const auto result = Sign(
      {"PUT",
       "/test%24file.text",
       {},
       {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       base::HexLower(base::Sha256("Welcome to Amazon S3."))});
  EXPECT_EQ(SignatureOf(result.authorization),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(S3ExampleTest, GetBucketLifecycle) {
  const auto result = Sign({"GET", "/", {{"lifecycle", ""}}, {}, empty_hash_});
  EXPECT_EQ(SignatureOf(result.authorization),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(S3ExampleTest, ListObjects) {
  const auto result = Sign({"GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, empty_hash_});
  EXPECT_EQ(SignatureOf(result.authorization),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_F(S3ExampleTest, TheSecretIsNowhereInTheResult) {
  const auto result = Sign({"GET", "/test.txt", {}, {}, empty_hash_});
  for (const auto& text : {result.canonical_request, result.string_to_sign, result.authorization}) {
    EXPECT_EQ(text.find("wJalrXUtnFEMI"), std::string::npos);
  }
}

// Against a signature that Python's hmac made.
TEST(SignV4, GooglesFamilyIsTheSameUnderAnotherName) {
  SigV4Request request;
  request.method = "GET";
  request.path = "/bucket/key";
  request.headers = {{"host", "storage.googleapis.com"},
                     {"x-goog-date", "20231114T221320Z"},
                     {"x-goog-content-sha256", std::string(kUnsignedPayload)}};
  request.payload_hash = kUnsignedPayload;
  const Credentials credentials{"GOOG1E", base::Secret("secret"), {}, "test"};
  const auto result =
      SignV4(request, credentials, {"auto", "storage", "20231114T221320Z", "GOOG4"});
  EXPECT_EQ(result.authorization,
            "GOOG4-HMAC-SHA256 Credential=GOOG1E/20231114/auto/storage/goog4_request, "
            "SignedHeaders=host;x-goog-content-sha256;x-goog-date, "
            "Signature=04eaf310d8bab5d23073e24ff33fe1e19d05a90af83c6c4744b2a5e064046c3b");
}

}  // namespace
}  // namespace objclient
