#include "tests/conformance/store_conformance.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"
#include "base/digest/digest.h"
#include "objclient/local/local_store.h"
#include "objclient/memory/memory_store.h"
#include "objclient/open_store.h"
#include "objclient/retrying_store.h"
#include "tests/support/faulty_store.h"

namespace conformance {
namespace {

using testing_support::Fault;
using testing_support::FaultyStore;
using testing_support::Verb;

std::unique_ptr<OpenedStore> OpenMemory() {
  auto opened = std::make_unique<OpenedStore>();
  opened->store = std::make_unique<objclient::MemoryStore>(base::SystemClock());
  return opened;
}

std::unique_ptr<OpenedStore> OpenLocal() {
  auto opened = std::make_unique<OpenedStore>();
  opened->directory = std::make_unique<testing_support::TempDir>();
  auto store = objclient::LocalStore::Open(opened->directory->path(), base::SystemClock());
  EXPECT_TRUE(store.ok()) << store.error().ToString();
  if (store.ok()) opened->store = std::move(store).value();
  return opened;
}

// Every second request fails: before it is made or, where doing it twice does no harm, after it
// took effect.
FaultyStore::Plan EverySecond() {
  auto count = std::make_shared<std::atomic<unsigned>>(0);
  return [count](Verb verb, const std::string&) -> std::optional<Fault> {
    const unsigned turn = count->fetch_add(1);
    if (turn % 2 == 0) return std::nullopt;
    Fault fault{
        base::Error(turn % 4 == 1 ? base::ErrorClass::kUnavailable : base::ErrorClass::kThrottled,
                    "planned fault")};
    fault.takes_effect = verb == Verb::kUploadPart || verb == Verb::kAbortMultipart ||
                         verb == Verb::kDeleteMany || verb == Verb::kList;
    return fault;
  };
}

std::unique_ptr<OpenedStore> OpenFaulty() {
  auto opened = std::make_unique<OpenedStore>();
  auto faulty = std::make_unique<FaultyStore>(
      std::make_unique<objclient::MemoryStore>(base::SystemClock()), EverySecond());
  objclient::RetryPolicy policy;
  policy.attempts = 20;
  policy.first_delay = std::chrono::microseconds(1);
  policy.time_limit = std::chrono::hours(1);
  opened->store = std::make_unique<objclient::RetryingStore>(
      std::move(faulty), policy,
      objclient::RetryingStore::Environment{base::SystemClock(), [] { return 0.5; }, {}},
      opened->metrics);
  return opened;
}

// The server that the variables <variables>_URL and, where it needs one, <variables>_ENDPOINT name.
std::unique_ptr<OpenedStore> OpenServer(const std::string& variables) {
  auto opened = std::make_unique<OpenedStore>();
  const char* const text = std::getenv((variables + "_URL").c_str());
  if (text == nullptr) {
    opened->skip_reason = variables + "_URL is not set";
    return opened;
  }
  auto url = objclient::ParseBucketUrl(text);
  EXPECT_TRUE(url.ok()) << url.error().ToString();
  if (!url.ok()) return opened;
  url->prefix += "conformance-" + base::RandomHex(8) + "/";
  objclient::StoreOptions options;
  if (const char* const endpoint = std::getenv((variables + "_ENDPOINT").c_str())) {
    options.endpoint = endpoint;
  }
  auto store = objclient::OpenStore(*url, options, base::SystemClock(), opened->metrics);
  EXPECT_TRUE(store.ok()) << store.error().ToString();
  if (store.ok()) opened->store = std::move(store).value();
  return opened;
}

std::string KindName(const testing::TestParamInfo<StoreKind>& info) { return info.param.name; }

}  // namespace

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreConformance);

void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

Bytes Pattern(std::size_t size, unsigned seed) {
  Bytes bytes(size);
  std::uint64_t state = 0x9e3779b97f4a7c15u * (seed + 1);
  // By words: byte by byte this was most of the suite's time in a sanitizer.
  for (std::size_t at = 0; at < size; at += sizeof state) {
    state = (state ^ (state >> 29)) * 0xbf58476d1ce4e5b9u + at;
    std::memcpy(bytes.data() + at, &state, std::min(sizeof state, size - at));
  }
  return bytes;
}

std::vector<StoreKind> InProcessKinds() {
  return {{.name = "Memory", .open = OpenMemory},
          {.name = "Local", .open = OpenLocal, .holds_key_below_key = false},
          {.name = "RetryingFaulty", .open = OpenFaulty}};
}

std::vector<StoreKind> ServerKinds() {
  return {{.name = "S3",
           .open = [] { return OpenServer("CAIRNFS_TEST"); },
           .etag_is_unique = false,
           .completes_some_parts = false},
          {.name = "Azure", .open = [] { return OpenServer("CAIRNFS_TEST_AZURE"); }}};
}

void StoreConformance::SetUp() {
  opened_ = GetParam().open();
  if (!opened_->skip_reason.empty()) GTEST_SKIP() << opened_->skip_reason;
  ASSERT_NE(opened_->store, nullptr);
}

void StoreConformance::TearDown() {
  if (!opened_ || !opened_->store) return;
  const auto uploads = store().ListUploads("");
  ASSERT_TRUE(uploads.ok()) << uploads.error().ToString();
  for (const auto& upload : *uploads) {
    EXPECT_TRUE(store().AbortMultipart(upload.key, upload.upload_id).ok());
  }
  const auto failed = DeleteKeys(ListAll(""));
  EXPECT_TRUE(failed.ok() && failed->empty());
}

base::Result<std::vector<std::pair<std::string, base::Error>>> StoreConformance::DeleteKeys(
    const std::vector<std::string>& keys) {
  std::vector<objclient::DeleteRequest> requests;
  for (const std::string& key : keys) requests.push_back({key, ""});
  return store().DeleteMany(requests);
}

base::Result<objclient::ObjectHead> StoreConformance::Put(
    const std::string& key, const Bytes& bytes, const objclient::Precondition& precondition,
    const objclient::Metadata& metadata) {
  objclient::PutRequest request;
  request.key = key;
  request.body.pieces = {bytes};
  request.precondition = precondition;
  request.metadata = metadata;
  return objclient::PutAndWait(store(), request);
}

base::Result<Bytes> StoreConformance::Get(const std::string& key, base::ByteRange range,
                                          const std::string& if_match) {
  Bytes bytes(range.length);
  objclient::GetRequest request;
  request.key = key;
  request.range = range;
  request.if_match = if_match;
  request.into = {bytes};
  const auto head = objclient::GetAndWait(store(), request);
  if (!head.ok()) return head.error();
  return bytes;
}

base::Result<objclient::PartInfo> StoreConformance::Part(const std::string& key,
                                                         const std::string& upload_id,
                                                         std::uint32_t number, const Bytes& bytes) {
  objclient::PartRequest request;
  request.key = key;
  request.upload_id = upload_id;
  request.number = number;
  request.body.pieces = {bytes};
  request.body.crc32c = base::Crc32c(0, bytes);
  return objclient::UploadPartAndWait(store(), request);
}

Bytes StoreConformance::Content(const std::string& key) {
  const auto head = store().Head(key);
  EXPECT_TRUE(head.ok()) << head.error().ToString();
  if (!head.ok() || head->size == 0) return {};
  auto bytes = Get(key, {0, head->size}, head->etag);
  EXPECT_TRUE(bytes.ok()) << bytes.error().ToString();
  return bytes.ok() ? std::move(bytes).value() : Bytes{};
}

std::vector<std::string> StoreConformance::ListAll(const std::string& prefix,
                                                   const std::string& delimiter,
                                                   std::uint32_t limit) {
  std::vector<std::string> keys;
  objclient::ListRequest request{prefix, delimiter, "", limit};
  for (pages_ = 0; pages_ < 10000;) {
    const auto page = store().List(request);
    EXPECT_TRUE(page.ok()) << page.error().ToString();
    if (!page.ok()) return keys;
    ++pages_;
    EXPECT_LE(page->objects.size() + page->prefixes.size(), limit);
    for (const auto& object : page->objects) keys.push_back(object.key);
    for (const auto& common : page->prefixes) keys.push_back(common);
    request.continuation = page->continuation;
    if (request.continuation.empty()) return keys;
  }
  ADD_FAILURE() << "the listing does not end";
  return keys;
}

INSTANTIATE_TEST_SUITE_P(InProcess, StoreConformance, testing::ValuesIn(InProcessKinds()),
                         KindName);
INSTANTIATE_TEST_SUITE_P(Server, StoreConformance, testing::ValuesIn(ServerKinds()), KindName);

}  // namespace conformance
