// A blob that is patched on a real server: what travels, what is there afterwards, and what becomes
// of it when somebody else writes at the same time.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/digest/digest.h"
#include "base/mutex.h"
#include "objclient/azure/azure_store.h"
#include "objclient/http/curl_transport.h"
#include "tests/objclient/azure/azure_server.h"

namespace objclient {
namespace {

using base::ErrorClass;

struct Seen {
  std::string request;  // "PUT comp=block"
  std::uint64_t body_bytes = 0;
};

// Passes everything on and remembers it.
class WatchedTransport : public HttpTransport {
 public:
  explicit WatchedTransport(std::unique_ptr<HttpTransport> inner) : inner_(std::move(inner)) {}

  void Send(HttpRequest request, HttpHandler handler) override {
    Seen seen;
    for (const auto& piece : request.body) seen.body_bytes += piece.size();
    const std::size_t query = request.url.find('?');
    seen.request = request.method;
    if (query != std::string::npos) {
      seen.request += " " + request.url.substr(query + 1, request.url.find('&') - query - 1);
    }
    if (request.headers.Find("x-ms-copy-source") != nullptr) seen.request += " from a URL";
    {
      base::MutexLock lock(mutex_);
      seen_.push_back(std::move(seen));
    }
    inner_->Send(std::move(request), std::move(handler));
  }

  // What was sent since the last time.
  std::vector<Seen> Take() EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return std::exchange(seen_, {});
  }

 private:
  base::Mutex mutex_;
  std::vector<Seen> seen_ GUARDED_BY(mutex_);
  const std::unique_ptr<HttpTransport> inner_;  // last: it is still sending
};

std::size_t Count(const std::vector<Seen>& seen, const std::string& request) {
  return static_cast<std::size_t>(std::count_if(
      seen.begin(), seen.end(), [&](const Seen& one) { return one.request == request; }));
}

std::uint64_t BodyBytes(const std::vector<Seen>& seen) {
  std::uint64_t bytes = 0;
  for (const Seen& one : seen) bytes += one.body_bytes;
  return bytes;
}

class AzurePatchTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto server = FindAzureServer("azure-patch-");
    if (!server) GTEST_SKIP() << kNoAzureServer;
    auto transport = std::make_unique<WatchedTransport>(
        CurlTransport::Open(CurlTransport::Options(), metrics_).value());
    transport_ = transport.get();
    auto session = SessionOn(*server, std::move(transport));
    session_ = session.get();
    prefix_ = server->url.prefix;
    store_ = std::make_unique<AzureStore>(std::move(session), prefix_, base::SystemClock());
  }

  // `parts` of `part_bytes`, and `rest` bytes.
  void Fill(std::uint64_t parts, std::uint64_t part_bytes = 64 * base::kKiB,
            std::uint64_t rest = 0) {
    part_bytes_ = part_bytes;
    content_.resize(parts * part_bytes + rest);
    for (std::size_t i = 0; i < content_.size(); ++i) {
      content_[i] = static_cast<std::byte>((i * 31 >> 3) + (i >> 16) * 7);
    }
  }

  void TearDown() override {
    if (store_ == nullptr) return;
    const auto page = store_->List({});
    ASSERT_TRUE(page.ok()) << page.error().ToString();
    for (const auto& object : page->objects) EXPECT_TRUE(store_->Delete(object.key, "").ok());
  }

  base::ByteRange PartRange(std::uint64_t part) const {
    const std::uint64_t offset = part * part_bytes_;
    return {offset, std::min(part_bytes_, content_.size() - offset)};
  }

  base::Result<PartInfo> Send(const std::string& id, std::uint64_t part) {
    const base::ByteRange range = PartRange(part);
    PartRequest request;
    request.key = "k";
    request.upload_id = id;
    request.number = static_cast<std::uint32_t>(part + 1);
    request.body.pieces = {std::span(content_).subspan(range.offset, range.length)};
    return UploadPartAndWait(*store_, request);
  }

  // Writes content_ over the blob's version `etag`; only the parts in `changed` differ from it.
  base::Result<ObjectHead> Patch(const std::string& etag, const std::vector<std::uint64_t>& changed,
                                 const Precondition& precondition) {
    TRY_ASSIGN(const std::string id, store_->CreateMultipart("k", {{"m", "1"}}));
    std::vector<PartInfo> parts;
    for (std::uint64_t part = 0; part * part_bytes_ < content_.size(); ++part) {
      const bool is_new = std::find(changed.begin(), changed.end(), part) != changed.end();
      const auto number = static_cast<std::uint32_t>(part + 1);
      TRY_ASSIGN(PartInfo info,
                 is_new ? Send(id, part)
                        : store_->UploadPartCopy("k", id, number, "k", etag, PartRange(part)));
      parts.push_back(std::move(info));
    }
    return store_->CompleteMultipart("k", id, parts, precondition);
  }

  // The blob in blocks of part_bytes_.
  base::Result<ObjectHead> WriteAll() {
    std::vector<std::uint64_t> all;
    for (std::uint64_t part = 0; part * part_bytes_ < content_.size(); ++part) all.push_back(part);
    return Patch("", all, {});
  }

  void Change(std::uint64_t part) { content_[part * part_bytes_ + 5] ^= std::byte{0xFF}; }

  void ExpectContent(const ObjectHead& head) {
    EXPECT_EQ(head.size, content_.size());
    std::vector<std::byte> read(content_.size());
    GetRequest get;
    get.key = "k";
    get.range = {0, read.size()};
    get.if_match = head.etag;
    get.into = {read};
    const auto got = GetAndWait(*store_, get);
    ASSERT_TRUE(got.ok()) << got.error().ToString();
    EXPECT_EQ(got->size, content_.size());
    EXPECT_TRUE(read == content_) << "other bytes";
    EXPECT_EQ(store_->Head("k")->metadata, (Metadata{{"m", "1"}}));
  }

  base::Metrics metrics_;
  std::string prefix_;
  WatchedTransport* transport_ = nullptr;  // owned by the session
  AzureSession* session_ = nullptr;        // owned by the store
  std::unique_ptr<AzureStore> store_;
  std::uint64_t part_bytes_ = 0;
  std::vector<std::byte> content_;
};

// As a mount cuts its files.
TEST_F(AzurePatchTest, OneChangedBlockOf100MiBIsOneBlockSent) {
  Fill(12, 8 * base::kMiB, 4 * base::kMiB);
  const auto first = WriteAll();
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  transport_->Take();
  Change(6);
  const auto patched = Patch(first->etag, {6}, {false, first->etag});
  ASSERT_TRUE(patched.ok()) << patched.error().ToString();
  const auto seen = transport_->Take();
  EXPECT_EQ(seen.size(), 3u);
  EXPECT_EQ(Count(seen, "GET comp=blocklist"), 1u);
  EXPECT_EQ(Count(seen, "PUT comp=block"), 1u);
  EXPECT_EQ(Count(seen, "PUT comp=blocklist"), 1u);
  EXPECT_GE(BodyBytes(seen), part_bytes_);
  EXPECT_LT(BodyBytes(seen), part_bytes_ + 4096);
  ExpectContent(*patched);
}

TEST_F(AzurePatchTest, BlocksOfSeveralUploadsAreNamed) {
  Fill(5);
  const auto first = WriteAll();
  ASSERT_TRUE(first.ok());
  Change(1);
  const auto second = Patch(first->etag, {1}, {false, first->etag});
  ASSERT_TRUE(second.ok()) << second.error().ToString();
  Change(3);
  transport_->Take();
  const auto third = Patch(second->etag, {3}, {false, second->etag});
  ASSERT_TRUE(third.ok()) << third.error().ToString();
  EXPECT_EQ(transport_->Take().size(), 3u);
  ExpectContent(*third);
}

TEST_F(AzurePatchTest, WhatIsAppendedIsSentWithTheLastBlock) {
  Fill(3, 64 * base::kKiB, 10'000);
  const auto first = WriteAll();
  ASSERT_TRUE(first.ok());
  transport_->Take();
  content_.resize(5 * part_bytes_, std::byte{7});
  const auto longer = Patch(first->etag, {3, 4}, {false, first->etag});
  ASSERT_TRUE(longer.ok()) << longer.error().ToString();
  const auto seen = transport_->Take();
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_LT(BodyBytes(seen), 2 * part_bytes_ + 4096);
  ExpectContent(*longer);
}

TEST_F(AzurePatchTest, ABlobThatSomebodyReplacedIsNotMixedIn) {
  Fill(3);
  const auto first = WriteAll();
  ASSERT_TRUE(first.ok());
  const auto id = store_->CreateMultipart("k", {{"m", "1"}});
  ASSERT_TRUE(id.ok());
  const auto kept = store_->UploadPartCopy("k", *id, 1, "k", first->etag, PartRange(0));
  ASSERT_TRUE(kept.ok()) << kept.error().ToString();
  Change(1);
  const auto theirs = Patch(first->etag, {1}, {false, first->etag});
  ASSERT_TRUE(theirs.ok());
  // The version that it was based on is gone: for the commit, and for what is still to be copied.
  EXPECT_EQ(
      store_->CompleteMultipart("k", *id, {*kept}, {false, first->etag}).error().error_class(),
      ErrorClass::kConflict);
  const auto late = store_->CreateMultipart("k", {});
  EXPECT_EQ(
      store_->UploadPartCopy("k", *late, 1, "k", first->etag, PartRange(0)).error().error_class(),
      ErrorClass::kConflict);
  ExpectContent(*theirs);
}

// Without a condition the ids alone see to it: the blocks they name are gone.
TEST_F(AzurePatchTest, BlocksThatAreNotThereAnyMoreAreNoPart) {
  Fill(2);
  const auto first = WriteAll();
  ASSERT_TRUE(first.ok());
  const auto id = store_->CreateMultipart("k", {});
  const auto kept = store_->UploadPartCopy("k", *id, 1, "k", first->etag, PartRange(0));
  ASSERT_TRUE(kept.ok());
  Change(0);
  Change(1);
  const auto theirs = WriteAll();
  ASSERT_TRUE(theirs.ok());
  EXPECT_EQ(store_->CompleteMultipart("k", *id, {*kept}, {}).error().error_class(),
            ErrorClass::kNotFound);
  ExpectContent(*theirs);
}

// Another tool's blob: its blocks, of ids of another length, stay out of our list.
TEST_F(AzurePatchTest, BlocksOfOtherToolsAreCopied) {
  Fill(2);
  std::vector<std::string> ids;
  for (std::uint64_t part = 0; part < 2; ++part) {
    ids.push_back(base::Base64(std::array<std::uint8_t, 3>{1, 2, static_cast<std::uint8_t>(part)}));
    const base::ByteRange range = PartRange(part);
    const Body body{{std::span(content_).subspan(range.offset, range.length)}, {}};
    ASSERT_TRUE(session_->Call(BuildPutBlock(prefix_ + "k", ids.back(), body)).ok());
  }
  ASSERT_TRUE(session_->Call(BuildPutBlockList(prefix_ + "k", ids)).ok());
  transport_->Take();
  Change(0);
  const std::string etag = store_->Head("k")->etag;
  const auto patched = Patch(etag, {0}, {false, etag});
  ASSERT_TRUE(patched.ok()) << patched.error().ToString();
  EXPECT_EQ(Count(transport_->Take(), "PUT comp=block from a URL"), 1u);
  ExpectContent(*patched);
  // Now they are ours.
  Change(0);
  ASSERT_TRUE(Patch(patched->etag, {0}, {false, patched->etag}).ok());
  EXPECT_EQ(Count(transport_->Take(), "PUT comp=block from a URL"), 0u);
}

// A blob that came in one request has no blocks.
TEST_F(AzurePatchTest, ABlobWithoutBlocksIsCopied) {
  Fill(2);
  PutRequest put;
  put.key = "k";
  put.body.pieces = {content_};
  const auto first = PutAndWait(*store_, put);
  ASSERT_TRUE(first.ok());
  transport_->Take();
  Change(0);
  const auto patched = Patch(first->etag, {0}, {false, first->etag});
  ASSERT_TRUE(patched.ok()) << patched.error().ToString();
  EXPECT_EQ(Count(transport_->Take(), "PUT comp=block from a URL"), 1u);
  ExpectContent(*patched);
}

// A copy brings its blocks along.
TEST_F(AzurePatchTest, ACopyOfTheWholeCanBePatched) {
  Fill(2);
  const auto first = WriteAll();
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(store_->Copy({"k", first->etag, "moved", {}, {}}).ok());
  ASSERT_TRUE(store_->Copy({"moved", "", "k", {}, Metadata{{"m", "1"}}}).ok());
  transport_->Take();
  Change(0);
  const std::string etag = store_->Head("k")->etag;
  const auto patched = Patch(etag, {0}, {false, etag});
  ASSERT_TRUE(patched.ok()) << patched.error().ToString();
  EXPECT_EQ(Count(transport_->Take(), "PUT comp=block from a URL"), 0u);
  ExpectContent(*patched);
}

}  // namespace
}  // namespace objclient
