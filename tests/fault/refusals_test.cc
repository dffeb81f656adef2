// The store, or something before it, answers with an error or not at all.
#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "tests/fault/store_faults.h"

namespace fault {
namespace {

using base::ErrorClass;
using objclient::HttpHeaders;
using objclient::ListRequest;

HttpHeaders One(const std::string& name, const std::string& value) {
  HttpHeaders headers;
  headers.Add(name, value);
  return headers;
}

std::string HttpDate(std::time_t time) {
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&time));
  return text;
}

// A fault that befalls the first try of every request of every verb, and what it is called.
struct Trouble {
  const char* name;
  FaultProxy::Fault (*make)(const Dialect& dialect);
};

void PrintTo(const Trouble& trouble, std::ostream* out) { *out << trouble.name; }

class EveryVerb : public StoreFaults, public testing::WithParamInterface<Trouble> {
 protected:
  void CopiesAndLists(const std::string& key, const std::string& content);
  void Multipart(const std::string& key, const std::string& small);
  void Deletes(const std::string& one, const std::string& other);
};

void EveryVerb::CopiesAndLists(const std::string& key, const std::string& content) {
  const auto head = Do([&] { return store_->Head(key); });
  ASSERT_OK(head);
  ExpectRead(Get(key, {0, content.size()}, head->etag), content);
  objclient::CopyRequest copy;
  copy.source = key;
  copy.source_if_match = head->etag;
  copy.target = "copy";
  ASSERT_OK(Do([&] { return store_->Copy(copy); }));
  ExpectStored("copy", content);
  const auto page = Do([&] { return store_->List({}); });
  ASSERT_OK(page);
  ASSERT_EQ(page->objects.size(), 3u);
  EXPECT_EQ(page->objects[0].key, "copy");
}

void EveryVerb::Multipart(const std::string& key, const std::string& small) {
  const std::string content = Content(5u << 20, 7);
  const auto upload = Upload("big", content);
  auto parts = upload.parts;
  ASSERT_EQ(parts.size(), 1u);
  const auto copied = Do([&] {
    return store_->UploadPartCopy("big", upload.upload_id, 2, key, "", {0, small.size()});
  });
  ASSERT_OK(copied);
  parts.push_back(*copied);
  const auto listed = Do([&] { return store_->ListParts("big", upload.upload_id); });
  ASSERT_OK(listed);
  EXPECT_EQ(listed->size(), 2u);
  const auto uploads = Do([&] { return store_->ListUploads("big"); });
  ASSERT_OK(uploads);
  EXPECT_EQ(uploads->size(), 1u);
  ASSERT_OK(Do([&] { return store_->CompleteMultipart("big", upload.upload_id, parts, {}); }));
  ExpectStored("big", content + small);
  const auto abandoned = Do([&] { return store_->CreateMultipart("never", {}); });
  ASSERT_OK(abandoned);
  ASSERT_OK(Do([&] { return store_->AbortMultipart("never", *abandoned); }));
}

void EveryVerb::Deletes(const std::string& one, const std::string& other) {
  ASSERT_OK(Do([&] { return store_->Delete(one, ""); }));
  ExpectGone(one);
  const auto refused = Do([&] { return store_->DeleteMany({{other, ""}, {"big", ""}}); });
  ASSERT_OK(refused);
  EXPECT_TRUE(refused->empty());
  ExpectGone(other);
  ExpectGone("big");
}

TEST_P(EveryVerb, ComesThroughOnceItIsTriedAgain) {
  proxy_->Inject(Times(kAlways, GetParam().make(dialect_)));
  const std::string content = Content(200'000, 1);
  ASSERT_OK(Put("one", content));
  ExpectStored("one", content);
  ASSERT_NO_FATAL_FAILURE(CopiesAndLists("one", content));
  ASSERT_NO_FATAL_FAILURE(Multipart("one", content));
  ASSERT_NO_FATAL_FAILURE(Deletes("one", "copy"));
  EXPECT_GE(proxy_->injected(), dialect_.requests_of_every_verb);
}

INSTANTIATE_TEST_SUITE_P(
    Fault, EveryVerb,
    testing::Values(
        Trouble{"Busy503",
                [](const Dialect& dialect) {
                  return dialect.Refuse(dialect.first_tries, 503, dialect.busy_code);
                }},
        Trouble{"TooMany429",
                [](const Dialect& dialect) {
                  return dialect.Refuse(dialect.first_tries, 429, "TooManyRequests");
                }},
        Trouble{"Internal500",
                [](const Dialect& dialect) {
                  return dialect.Refuse(dialect.first_tries, 500, "InternalError");
                }},
        Trouble{
            "BadGateway502",
            [](const Dialect& dialect) { return dialect.Refuse(dialect.first_tries, 502, ""); }},
        Trouble{
            "GatewayTimeout504",
            [](const Dialect& dialect) { return dialect.Refuse(dialect.first_tries, 504, ""); }},
        Trouble{"ResetBeforeTheAnswer",
                [](const Dialect& dialect) { return Break(dialect.first_tries, End::kReset); }},
        Trouble{"ClosedWithoutAnswer",
                [](const Dialect& dialect) { return Break(dialect.first_tries, End::kClose); }},
        Trouble{"ResetDuringTheRequest",
                [](const Dialect& dialect) { return BreakUpload(dialect.first_tries); }}),
    [](const testing::TestParamInfo<Trouble>& trouble) { return trouble.param.name; });

TEST_F(StoreFaults, Busy503ForEver) {
  Reopen(kShort);
  const std::string content = Content(1000, 1);
  Prepare("key", content);
  proxy_->Inject(Times(kAlways, dialect_.Refuse(Everything(), 503, dialect_.busy_code)));
  ExpectError(Get("key", {0, 1000}), ErrorClass::kThrottled, EAGAIN);
  ExpectError(Put("key", "other"), ErrorClass::kThrottled, EAGAIN);
  ExpectStored("key", content);
}

TEST_F(StoreFaults, Internal500ForEver) {
  Reopen(kShort);
  const std::string content = Content(1000, 1);
  Prepare("key", content);
  proxy_->Inject(Times(kAlways, dialect_.Refuse(Everything(), 500, "InternalError")));
  ExpectError(Get("key", {0, 1000}), ErrorClass::kUnavailable, EIO);
  ExpectError(Do([&] { return store_->List({}); }), ErrorClass::kUnavailable, EIO);
  ExpectError(Put("key", "other"), ErrorClass::kUnavailable, EIO);
  ExpectStored("key", content);
}

TEST_F(StoreFaults, RetryAfterIsKept) {
  proxy_->Inject(dialect_.Refuse(Method("PUT"), 503, dialect_.busy_code, One("Retry-After", "2")));
  const std::string content = Content(1000, 1);
  ASSERT_OK(Put("key", content));
  EXPECT_GE(took(), std::chrono::seconds(2));
  ExpectStored("key", content);
}

// As a real store does: it refuses what was signed for another time than its own.
FaultProxy::Fault RefuseWrongTimes(const Dialect& dialect) {
  const Hits wrong = [dialect](const Asked& asked) {
    std::tm signed_at{};
    const std::string stamp = asked.headers.Value(dialect.date_header);
    if (strptime(stamp.c_str(), dialect.date_format.c_str(), &signed_at) == nullptr) return true;
    return std::llabs(timegm(&signed_at) - std::time(nullptr)) > 900;
  };
  return Times(kAlways, dialect.Refuse(wrong, 403, dialect.wrong_time_code,
                                       One("Date", HttpDate(std::time(nullptr)))));
}

TEST_F(StoreFaults, Skewed403IsCorrectedOnce) {
  for (const auto error : {std::chrono::hours(-5), std::chrono::hours(30)}) {
    clock_.SetError(error);
    const std::size_t before = proxy_->injected();
    proxy_->Clear();
    proxy_->Inject(RefuseWrongTimes(dialect_));
    store_ = Open(proxy_->endpoint());
    ASSERT_NE(store_, nullptr);
    const std::string content = Content(1000, 1);
    ASSERT_OK(Put("key", content));
    ExpectRead(Get("key", {0, 1000}), content);
    EXPECT_EQ(proxy_->injected() - before, 1u) << "the store refused more than once";
  }
}

TEST_F(StoreFaults, Skewed403ThatNoCorrectionMends) {
  proxy_->Inject(
      Times(kAlways, dialect_.Refuse(Everything(), 403, dialect_.wrong_time_code,
                                     One("Date", HttpDate(std::time(nullptr) + 20'000)))));
  ExpectError(Get("key", {0, 1000}), ErrorClass::kAuth, EACCES);
  EXPECT_LE(proxy_->injected(), 3u);
}

// Credentials from a file that somebody renews, instead of those in the environment.
class ExpiredCredentials : public StoreFaults {
 protected:
  void SetUp() override {
    if (on_azure()) GTEST_SKIP() << "no file of credentials there: azure_faults_test.cc";
    StoreFaults::SetUp();
    if (IsSkipped()) return;
    real_id_ = std::getenv("AWS_ACCESS_KEY_ID");
    real_secret_ = std::getenv("AWS_SECRET_ACCESS_KEY");
    Write("OLDKEY", "old-secret");
    setenv("AWS_SHARED_CREDENTIALS_FILE", file_.c_str(), 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    // While they are good, the old ones see an empty bucket.
    Reply empty;
    empty.body = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
    proxy_->Inject({.hits = OfOldKey(),
                    .times = kAlways,
                    .act = [empty](const Asked&, const FaultProxy::Upstream&) {
                      return objclient::ScriptedAnswer{.bytes = Serialize(empty)};
                    }});
    store_ = Open(proxy_->endpoint());
    ASSERT_NE(store_, nullptr);
    proxy_->Clear();
    clock_.Pass(std::chrono::hours(1));
    clock_.SetError(std::chrono::nanoseconds(0));
  }

  void TearDown() override {
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    if (!real_id_.empty()) {
      setenv("AWS_ACCESS_KEY_ID", real_id_.c_str(), 1);
      setenv("AWS_SECRET_ACCESS_KEY", real_secret_.c_str(), 1);
    }
    std::remove(file_.c_str());
    StoreFaults::TearDown();
  }

  static Hits OfOldKey() {
    return [](const Asked& asked) {
      return asked.headers.Value("authorization").find("Credential=OLDKEY/") != std::string::npos;
    };
  }

  void Write(const std::string& id, const std::string& secret) {
    std::FILE* file = std::fopen(file_.c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fprintf(file, "[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n", id.c_str(),
                 secret.c_str());
    ASSERT_EQ(std::fclose(file), 0);
  }

  std::string real_id_;
  std::string real_secret_;
  const std::string file_ = testing::TempDir() + "/credentials-" + std::to_string(getpid());
};

TEST_F(ExpiredCredentials, Expired403WithNewOnesInTheFile) {
  proxy_->Inject(Times(kAlways, Refuse(OfOldKey(), 403, "ExpiredToken")));
  Write(real_id_, real_secret_);
  const std::string content = Content(1000, 1);
  ASSERT_OK(Put("key", content));
  ExpectStored("key", content);
  EXPECT_GE(proxy_->injected(), 1u);
}

TEST_F(ExpiredCredentials, Expired403ForEver) {
  proxy_->Inject(Times(kAlways, Refuse(OfOldKey(), 403, "ExpiredToken")));
  const auto refused = Get("key", {0, 1000});
  ExpectError(refused, ErrorClass::kAuth, EACCES);
  EXPECT_NE(refused.error().message().find("expired"), std::string::npos);
  EXPECT_EQ(refused.error().ToString().find("old-secret"), std::string::npos);
}

TEST_F(StoreFaults, QuotaExceededIsEdquot) {
  if (on_azure()) GTEST_SKIP() << "no quota there";
  const std::string content = Content(1000, 1);
  Prepare("key", content);
  proxy_->Inject(Times(kAlways, Refuse(Method("PUT"), 403, "QuotaExceeded")));
  ExpectError(Put("key", "other"), ErrorClass::kNoSpace, EDQUOT);
  EXPECT_EQ(proxy_->injected(), 1u) << "trying again makes no room";
  ExpectStored("key", content);
}

TEST_F(StoreFaults, FullStoreIsEnospc) {
  const std::string content = Content(1000, 1);
  Prepare("key", content);
  const auto upload = Upload("key", content);
  proxy_->Inject(Times(kAlways, dialect_.Refuse(Method("PUT"), 507, "InsufficientCapacity")));
  ExpectError(Put("key", "other"), ErrorClass::kNoSpace, ENOSPC);
  proxy_->Inject(Times(kAlways, dialect_.Refuse(dialect_.completions, 507, "")));
  ExpectError(
      Do([&] { return store_->CompleteMultipart("key", upload.upload_id, upload.parts, {}); }),
      ErrorClass::kNoSpace, ENOSPC);
  ExpectStored("key", content);
}

TEST_F(StoreFaults, RedirectLoop) {
  const std::string content = Content(1000, 1);
  Prepare("key", content);
  for (const int status : {301, 302, 307, 308}) {
    proxy_->Clear();
    proxy_->Inject(
        Times(kAlways, dialect_.Refuse(Everything(), status, "TemporaryRedirect",
                                       One("Location", proxy_->endpoint() + "/cairnfs/key"))));
    const std::size_t before = proxy_->injected();
    ExpectError(Get("key", {0, 1000}), ErrorClass::kInvalid, EINVAL);
    EXPECT_LE(proxy_->injected() - before, 3u);
  }
  ExpectStored("key", content);
}

TEST_F(StoreFaults, RedirectBetweenRegionsForEver) {
  if (on_azure()) GTEST_SKIP() << "no regions there";
  std::size_t asked = 0;
  proxy_->Inject({.hits = Everything(), .times = kAlways, .act = [&](const Asked&, const auto&) {
                    const std::string region = ++asked % 2 == 0 ? "here" : "there";
                    Reply reply;
                    reply.status = 301;
                    reply.headers = One("x-amz-bucket-region", region);
                    return objclient::ScriptedAnswer{.bytes = Serialize(reply)};
                  }});
  ExpectError(Do([&] { return store_->Head("key"); }), ErrorClass::kInvalid, EINVAL);
  EXPECT_LE(asked, 3u);
}

TEST_F(StoreFaults, DnsFailure) {
  const auto store = Do([&] { return TryOpen("http://no-such-host.invalid:9000"); });
  ExpectError(store, ErrorClass::kUnavailable, EIO);
  EXPECT_NE(store.error().message().find("no-such-host.invalid"), std::string::npos);
}

TEST_F(StoreFaults, NobodyListens) {
  Reopen(kShort);
  const std::string endpoint = proxy_->endpoint();
  tally().faults += proxy_->injected();
  proxy_.reset();
  ExpectError(Get("key", {0, 1000}), ErrorClass::kUnavailable, EIO);
  ++tally().faults;
}

TEST_F(StoreFaults, CertificateNotTrusted) {
  if (on_azure()) GTEST_SKIP() << "AzureTlsTest does it: that server has no container";
  const char* endpoint = std::getenv("CAIRNFS_TEST_TLS_ENDPOINT");
  const char* authority = std::getenv("CAIRNFS_TEST_CA_BUNDLE");
  if (endpoint == nullptr || authority == nullptr) GTEST_SKIP() << "the server answers no TLS";
  unsetenv("AWS_CA_BUNDLE");
  const auto refused = Do([&] { return TryOpen(endpoint); });
  ++tally().faults;
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find("AWS_CA_BUNDLE"), std::string::npos);
  setenv("AWS_CA_BUNDLE", authority, 1);
  store_ = Open(endpoint);
  unsetenv("AWS_CA_BUNDLE");
  ASSERT_NE(store_, nullptr);
  const std::string content = Content(3'000'000, 1);
  ASSERT_OK(Put("key", content));
  ExpectRead(Get("key", {0, content.size()}), content);
  ExpectStored("key", content);
}

}  // namespace
}  // namespace fault
