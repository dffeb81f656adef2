#include "tests/fault/store_faults.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/digest/digest.h"

namespace fault {

using objclient::ObjectHead;

namespace {

constexpr std::size_t kPartBytes = 5u << 20;

// Prints the sums and fails the run when anything was lost.
class Report : public testing::Environment {
 public:
  Tally tally;

  void TearDown() override {
    std::printf("fault table: operations=%zu faults=%zu verified_bytes=%zu losses=%zu\n",
                tally.operations.load(), tally.faults.load(), tally.verified_bytes.load(),
                tally.losses.load());
    EXPECT_EQ(tally.losses.load(), 0u);
  }
};

// gtest owns it.
Report* const kReport = static_cast<Report*>(testing::AddGlobalTestEnvironment(new Report));

std::span<const std::byte> Bytes(const std::string& text) {
  return std::as_bytes(std::span<const char>(text));
}

base::Result<std::string> Read(objclient::ObjectStore& store, const std::string& key,
                               base::ByteRange range, const std::string& if_match,
                               std::uint64_t object_size) {
  std::string content(range.length, '\0');
  objclient::GetRequest request;
  request.key = key;
  request.range = range;
  request.if_match = if_match;
  request.object_size = object_size;
  request.into = {std::as_writable_bytes(std::span(content))};
  TRY_ASSIGN([[maybe_unused]] const ObjectHead head, GetAndWait(store, std::move(request)));
  return content;
}

objclient::PutRequest PutOf(const std::string& key, const std::string& content) {
  objclient::PutRequest request;
  request.key = key;
  request.body.pieces = {Bytes(content)};
  return request;
}

}  // namespace

Tally& StoreFaults::tally() { return kReport->tally; }

std::string Content(std::size_t size, unsigned seed) {
  std::string content(size, '\0');
  std::uint64_t state = 0x9e3779b97f4a7c15u * (seed + 1);
  for (std::size_t at = 0; at < size; at += sizeof state) {
    state = (state ^ (state >> 29)) * 0xbf58476d1ce4e5b9u + at;
    std::memcpy(content.data() + at, &state, std::min(sizeof state, size - at));
  }
  return content;
}

bool StoreFaults::on_azure() {
  const char* const store = std::getenv("CAIRNFS_TEST_FAULTS_ON");
  return store != nullptr && std::string_view(store) == "azure";
}

void StoreFaults::SetUp() {
  const char* const url = std::getenv((dialect_.variables + "_URL").c_str());
  const char* const endpoint = std::getenv((dialect_.variables + "_ENDPOINT").c_str());
  if (url == nullptr || endpoint == nullptr) {
    GTEST_SKIP() << dialect_.variables << "_URL is not set";
  }
  const auto parsed = objclient::ParseBucketUrl(url);
  ASSERT_OK(parsed);
  url_ = *parsed;
  url_.prefix += "faults-" + base::RandomHex(6) + "/";
  server_ = endpoint;
  options_.retry_time_limit = std::chrono::milliseconds(15'000);
  options_.connect_timeout = std::chrono::milliseconds(2000);
  // Longer than a server takes that has nothing but a share of a processor.
  options_.stall_timeout = std::chrono::milliseconds(5000);
  proxy_ = std::make_unique<FaultProxy>(server_);
  direct_ = Open(server_);
  Reopen(options_.retry_time_limit);
}

void StoreFaults::TearDown() {
  if (proxy_ != nullptr) tally().faults += proxy_->injected();
  if (direct_ == nullptr) return;
  const auto uploads = direct_->ListUploads("");
  ASSERT_OK(uploads);
  for (const auto& upload : *uploads) {
    ASSERT_OK(direct_->AbortMultipart(upload.key, upload.upload_id));
  }
  objclient::ListRequest request;
  do {
    const auto page = direct_->List(request);
    ASSERT_OK(page);
    std::vector<objclient::DeleteRequest> doomed;
    for (const auto& object : page->objects) doomed.push_back({object.key, ""});
    const auto refused = direct_->DeleteMany(doomed);
    ASSERT_OK(refused);
    EXPECT_TRUE(refused->empty());
    request.continuation = page->continuation;
  } while (!request.continuation.empty());
}

base::Result<std::unique_ptr<objclient::ObjectStore>> StoreFaults::TryOpen(
    const std::string& endpoint) {
  objclient::StoreOptions options = options_;
  options.endpoint = endpoint;
  return OpenStore(url_, options, clock_, metrics_);
}

std::unique_ptr<objclient::ObjectStore> StoreFaults::Open(const std::string& endpoint) {
  auto store = TryOpen(endpoint);
  EXPECT_TRUE(store.ok()) << store.error().ToString();
  return store.ok() ? std::move(*store) : nullptr;
}

void StoreFaults::Reopen(std::chrono::milliseconds retry_time_limit) {
  options_.retry_time_limit = retry_time_limit;
  store_ = Open(proxy_->endpoint());
  ASSERT_NE(store_, nullptr);
  // With its first write the store finds out what the server can do: not what is tested here.
  ASSERT_OK(PutAndWait(*store_, PutOf("first", "x")));
}

base::Result<ObjectHead> StoreFaults::Put(const std::string& key, const std::string& content,
                                          const objclient::Precondition& precondition) {
  objclient::PutRequest request = PutOf(key, content);
  request.precondition = precondition;
  request.metadata = metadata_;
  return Do([&] { return PutAndWait(*store_, request); });
}

base::Result<std::string> StoreFaults::Get(const std::string& key, base::ByteRange range,
                                           const std::string& if_match, std::uint64_t object_size) {
  return Do([&] { return Read(*store_, key, range, if_match, object_size); });
}

StoreFaults::Parts StoreFaults::Upload(const std::string& key, const std::string& content) {
  const auto id = Do([&] { return store_->CreateMultipart(key, metadata_); });
  EXPECT_TRUE(id.ok()) << id.error().ToString();
  if (!id.ok()) return {};
  Parts upload{*id, {}};
  for (std::size_t at = 0; at < content.size(); at += kPartBytes) {
    objclient::PartRequest request;
    request.key = key;
    request.upload_id = *id;
    request.number = static_cast<std::uint32_t>(upload.parts.size() + 1);
    request.body.pieces = {Bytes(content).subspan(at, std::min(kPartBytes, content.size() - at))};
    auto part = Do([&] { return UploadPartAndWait(*store_, request); });
    EXPECT_TRUE(part.ok()) << part.error().ToString();
    if (part.ok()) upload.parts.push_back(std::move(*part));
  }
  return upload;
}

void StoreFaults::ExpectStored(const std::string& key, const std::string& content) {
  const auto head = direct_->Head(key);
  if (!head.ok()) return Lost(key + " is not there: " + head.error().ToString());
  if (head->size != content.size()) {
    return Lost(key + " has " + std::to_string(head->size) + " bytes instead of " +
                std::to_string(content.size()));
  }
  if (content.empty()) return;
  const auto read = Read(*direct_, key, {0, content.size()}, head->etag, 0);
  if (!read.ok()) return Lost(key + " cannot be read: " + read.error().ToString());
  if (*read != content) return Lost(key + " has other bytes");
  tally().verified_bytes += content.size();
}

void StoreFaults::ExpectGone(const std::string& key) {
  const auto head = direct_->Head(key);
  if (head.ok()) return Lost(key + " is still there");
  EXPECT_EQ(head.error().error_class(), base::ErrorClass::kNotFound) << head.error().ToString();
}

void StoreFaults::ExpectRead(const base::Result<std::string>& read, const std::string& content) {
  ASSERT_OK(read);
  if (*read != content) return Lost("a read answered other bytes");
  tally().verified_bytes += content.size();
}

void StoreFaults::Lost(const std::string& what) {
  ++tally().losses;
  ADD_FAILURE() << "lost: " << what;
}

std::string StoreFaults::Prepare(const std::string& key, const std::string& content) {
  const auto head = PutAndWait(*direct_, PutOf(key, content));
  EXPECT_TRUE(head.ok()) << head.error().ToString();
  return head.ok() ? head->etag : "";
}

}  // namespace fault
