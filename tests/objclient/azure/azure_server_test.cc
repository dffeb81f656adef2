// AzureStore against a real server. What every store must do is in the conformance suite; here is
// what is special about Azure: secrets of every kind, checksums, large copies, names.
#include "tests/objclient/azure/azure_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "base/digest/digest.h"
#include "objclient/auth/azure_shared_key.h"
#include "objclient/auth/azure_token_credentials.h"
#include "objclient/azure/azure_store.h"
#include "objclient/copy_in_parts.h"
#include "objclient/http/curl_transport.h"
#include "tests/support/fake_clock.h"

namespace objclient {
namespace {

using base::ErrorClass;
using Variables = std::map<std::string, std::string>;

class AzureServerTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = FindAzureServer("azure-test-");
    if (!server_) GTEST_SKIP() << kNoAzureServer;
    options_.endpoint = server_->endpoint;
    store_ = Open({{"AZURE_STORAGE_KEY", server_->key}});
  }

  void TearDown() override {
    if (store_ == nullptr) return;
    const auto page = store_->List({});
    ASSERT_TRUE(page.ok()) << page.error().ToString();
    for (const auto& object : page->objects) EXPECT_TRUE(store_->Delete(object.key, "").ok());
  }

  std::unique_ptr<ObjectStore> Open(const Variables& variables) {
    const Environment environment = [variables](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    auto store = OpenAzureStore(server_->url, options_, environment, base::SystemClock(), metrics_);
    EXPECT_TRUE(store.ok()) << store.error().ToString();
    return store.ok() ? std::move(*store) : nullptr;
  }

  static base::Result<ObjectHead> Put(ObjectStore& store, const std::string& key,
                                      std::span<const std::byte> bytes) {
    PutRequest request;
    request.key = key;
    request.body.pieces = {bytes};
    return PutAndWait(store, request);
  }

  std::unique_ptr<AzureSession> Session() {
    return SessionOn(*server_, CurlTransport::Open(CurlTransport::Options(), metrics_).value());
  }

  std::optional<AzureServer> server_;
  StoreOptions options_;
  base::Metrics metrics_;
  const std::vector<std::byte> bytes_ = std::vector<std::byte>(1000, std::byte{7});
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(AzureServerTest, AConnectionStringBringsKeyAndEndpoint) {
  options_.endpoint.clear();
  const auto store =
      Open({{"AZURE_STORAGE_CONNECTION_STRING",
             "AccountName=" + server_->url.account + ";AccountKey=" + server_->key +
                 ";BlobEndpoint=" + server_->endpoint + "/" + server_->url.account}});
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(Put(*store, "k", bytes_).ok());
  EXPECT_TRUE(store_->Head("k").ok());
}

TEST_F(AzureServerTest, ASignatureForOneBlobOpensThatBlobAlone) {
  ASSERT_TRUE(Put(*store_, "one", bytes_).ok());
  ASSERT_TRUE(Put(*store_, "other", bytes_).ok());
  const std::int64_t in_an_hour = base::SystemClock().WallNs() / 1'000'000'000 + 3600;
  const std::string sas =
      ReadOnlySas({"", server_->url.bucket, server_->url.prefix + "one"}, server_->url.account,
                  base::Base64Decode(server_->key).value(), in_an_hour);
  const auto reader = Open({{"AZURE_STORAGE_SAS_TOKEN", sas}});
  ASSERT_NE(reader, nullptr);
  const auto head = reader->Head("one");
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->size, bytes_.size());
  EXPECT_EQ(reader->Head("other").error().error_class(), ErrorClass::kAuth);
  EXPECT_EQ(Put(*reader, "one", bytes_).error().errno_value(), EACCES);
  const std::string expired =
      ReadOnlySas({"", server_->url.bucket, server_->url.prefix + "one"}, server_->url.account,
                  base::Base64Decode(server_->key).value(), in_an_hour - 7200);
  EXPECT_EQ(Open({{"AZURE_STORAGE_SAS_TOKEN", expired}})->Head("one").error().error_class(),
            ErrorClass::kAuth);
}

TEST_F(AzureServerTest, WrongKeysAndContainersSaySo) {
  const auto wrong = Open({{"AZURE_STORAGE_KEY", "d3Jvbmc="}})->List({});
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().errno_value(), EACCES);
  EXPECT_NE(wrong.error().message().find("AZURE_STORAGE_KEY"), std::string::npos);
  EXPECT_EQ(wrong.error().message().find("d3Jvbmc"), std::string::npos);
  server_->url.bucket = "no-such-container";
  const auto store = Open({{"AZURE_STORAGE_KEY", server_->key}});
  EXPECT_EQ(store->List({}).error().error_class(), ErrorClass::kNotFound);
  EXPECT_FALSE(store->Delete("k", "").ok()) << "a container that is missing is no deleted key";
}

// The server itself refuses bytes that are not those of the checksum, in blobs and in blocks.
TEST_F(AzureServerTest, AWrongChecksumIsRefused) {
  const auto session = Session();
  const std::string key = server_->url.prefix + "k";
  const Body body{{bytes_}, {}};
  for (const bool block : {false, true}) {
    AzureRequest request =
        block ? BuildPutBlock(key, BlockId("0123456789abcdef", 1, PartEtag(1)), body)
              : BuildPutBlob(key, body);
    AddChecksum(request, base::Crc64Nvme(0, bytes_) ^ 1);
    const auto answer = session->Call(request);
    ASSERT_FALSE(answer.ok()) << block;
    EXPECT_EQ(answer.error().error_class(), ErrorClass::kCorrupt) << answer.error().ToString();
  }
  EXPECT_FALSE(store_->Head("k").ok());
}

TEST_F(AzureServerTest, ACopyInBlocksIsTheSame) {
  std::vector<std::byte> large(3 * base::kMiB + 5);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i * 31 >> 3);
  ASSERT_TRUE(Put(*store_, "from", large).ok());
  const auto source = store_->Head("from");
  ASSERT_TRUE(source.ok());
  const auto copied =
      CopyInParts(*store_, {"from", source->etag, "to", {true, ""}, {}}, base::kMiB);
  ASSERT_TRUE(copied.ok()) << copied.error().ToString();
  std::vector<std::byte> read(large.size());
  GetRequest get;
  get.key = "to";
  get.range = {0, read.size()};
  get.if_match = copied->etag;
  get.into = {read};
  ASSERT_TRUE(GetAndWait(*store_, get).ok());
  EXPECT_EQ(read, large);
}

TEST_F(AzureServerTest, BlocksThatNobodyCommittedDoNotTakeTheName) {
  for (const char* key : {"k", "empty"}) {
    const auto id = store_->CreateMultipart(key, {});
    ASSERT_TRUE(id.ok());
    PartRequest part{key, *id, 1, {{bytes_}, {}}};
    ASSERT_TRUE(UploadPartAndWait(*store_, part).ok());
    PutRequest request;
    request.key = key;
    if (std::string(key) == "k") request.body.pieces = {bytes_};
    request.metadata = {{"m", "1"}};
    request.precondition.if_absent = true;
    const auto head = PutAndWait(*store_, request);
    ASSERT_TRUE(head.ok()) << head.error().ToString();
    EXPECT_EQ(head->etag, store_->Head(key)->etag);
    EXPECT_EQ(store_->Head(key)->size, request.body.size());
    EXPECT_EQ(store_->Head(key)->metadata, request.metadata);
    EXPECT_EQ(PutAndWait(*store_, request).error().error_class(), ErrorClass::kConflict);
  }
}

// In the order in which the service sorts them, or it takes the signature for a wrong one.
TEST_F(AzureServerTest, MetadataOfEveryNameIsSigned) {
  PutRequest request;
  request.key = "k";
  request.metadata = {{"a-b", "1"}, {"a1", "2"}, {"a_b", "3"}, {"a_", "4"}, {"ab", "5"}};
  const auto head = PutAndWait(*store_, request);
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(store_->Head("k")->metadata, request.metadata);
}

TEST_F(AzureServerTest, ABatchSpeaksForEachOfItsKeys) {
  const auto kept = Put(*store_, "kept & <odd> ä", bytes_);
  ASSERT_TRUE(kept.ok() && Put(*store_, "a b+c%20d", bytes_).ok());
  const auto refused =
      store_->DeleteMany({{"a b+c%20d", ""}, {"never/was", ""}, {"kept & <odd> ä", "0xother"}});
  ASSERT_TRUE(refused.ok()) << refused.error().ToString();
  ASSERT_EQ(refused->size(), 1u);
  EXPECT_EQ(refused->front().first, "kept & <odd> ä");
  EXPECT_EQ(refused->front().second.error_class(), ErrorClass::kConflict);
  EXPECT_FALSE(store_->Head("a b+c%20d").ok());
  EXPECT_EQ(store_->Head("kept & <odd> ä")->etag, kept->etag);
}

// Over TLS, as the cloud is, and signed in with a token. The server checks all of a token but who
// made it.
class AzureTlsTest : public AzureServerTest {
 protected:
  void SetUp() override {
    AzureServerTest::SetUp();
    if (IsSkipped()) return;
    store_.reset();  // the other server's
    options_.endpoint = std::getenv("CAIRNFS_TEST_AZURE_TLS_ENDPOINT");
    ca_bundle_ = std::getenv("CAIRNFS_TEST_AZURE_CA_BUNDLE");
  }

  static AzureToken Token(std::int64_t seconds_left) {
    const std::int64_t now = base::SystemClock().WallNs() / 1'000'000'000;
    const std::string claims = fmt::format(
        R"({{"aud":"{}","iss":"https://sts.windows.net/1/","iat":{},"nbf":{},"exp":{}}})",
        "https://storage.azure.com", now - 3600, now - 3600, now + seconds_left);
    std::string token;
    for (const std::string& part : {std::string(R"({"typ":"JWT","alg":"RS256"})"), claims}) {
      token += base::Base64({reinterpret_cast<const std::uint8_t*>(part.data()), part.size()});
      while (token.ends_with('=')) token.pop_back();
      token += '.';
    }
    return {base::Secret(token + "c2lnbmVk"), "a test", std::nullopt};
  }

  std::unique_ptr<AzureSession> SessionWith(AzureToken token, const std::string& ca_bundle) {
    CurlTransport::Options http;
    http.ca_bundle = ca_bundle;
    auto credentials = std::make_unique<AzureTokenCredentials>(
        std::move(token),
        [this]() -> base::Result<AzureToken> {
          ++renewals_;
          return Token(3600);
        },
        token_clock_);
    return std::make_unique<AzureSession>(
        CurlTransport::Open(http, metrics_).value(),
        LocateContainer(options_.endpoint, server_->url.account, server_->url.bucket).value(),
        std::move(credentials), base::SystemClock());
  }

  static base::Status MakeContainer(AzureSession& session) {
    AzureRequest request{MakeRequest("PUT", ""), "", ""};
    request.query = {{"restype", "container"}};
    request.has_body = true;
    const auto made = session.Call(request);
    const bool there = made.ok() || made.error().error_class() == ErrorClass::kConflict;
    return there ? base::Ok() : base::Status(made.error());
  }

  std::string ca_bundle_;
  testing_support::FakeClock token_clock_;
  std::atomic<int> renewals_ = 0;
};

TEST_F(AzureTlsTest, ATokenOpensEveryVerb) {
  auto session = SessionWith(Token(3600), ca_bundle_);
  const base::Status made = MakeContainer(*session);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  AzureStore store(std::move(session), server_->url.prefix, base::SystemClock());
  const auto put = Put(store, "k", bytes_);
  ASSERT_TRUE(put.ok()) << put.error().ToString();
  const auto id = store.CreateMultipart("parts", {{"m", "1"}});
  ASSERT_TRUE(id.ok());
  PartRequest part;
  part.key = "parts";
  part.upload_id = *id;
  part.number = 1;
  part.body.pieces = {bytes_};
  const auto one = UploadPartAndWait(store, part);
  ASSERT_TRUE(one.ok()) << one.error().ToString();
  ASSERT_TRUE(store.CompleteMultipart("parts", *id, {*one}, {}).ok());
  const auto page = store.List({});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(store.Head("parts")->metadata, (Metadata{{"m", "1"}}));
  const auto refused = store.DeleteMany({{"k", put->etag}, {"parts", ""}});
  ASSERT_TRUE(refused.ok()) << refused.error().ToString();
  EXPECT_TRUE(refused->empty());
  EXPECT_TRUE(store.List({})->objects.empty());
  EXPECT_EQ(renewals_, 0);
}

TEST_F(AzureTlsTest, AnExpiredTokenIsReplaced) {
  const auto session = SessionWith(Token(-60), ca_bundle_);
  token_clock_.Advance(std::chrono::minutes(1));  // one that is new is not asked for again
  AzureRequest request = BuildListBlobs("", {});
  const auto first = session->Call(request);
  ASSERT_FALSE(first.ok());
  EXPECT_TRUE(base::IsRetryable(first.error())) << first.error().ToString();
  const base::Status second = MakeContainer(*session);
  EXPECT_TRUE(second.ok()) << second.error().ToString();
  EXPECT_EQ(renewals_, 1);
}

TEST_F(AzureTlsTest, AnUnknownAuthorityIsNotTrusted) {
  const auto session = SessionWith(Token(3600), "");
  const auto answer = session->Call(BuildHeadBlob("k"));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().error_class(), ErrorClass::kInvalid) << answer.error().ToString();
}

}  // namespace
}  // namespace objclient
