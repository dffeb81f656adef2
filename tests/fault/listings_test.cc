// Listings and other documents that are not what they should be, and keys of every kind.
#include <algorithm>
#include <cerrno>
#include <deque>
#include <future>
#include <set>

#include "tests/fault/store_faults.h"

namespace fault {
namespace {

using base::ErrorClass;
using objclient::ListPage;
using objclient::ListRequest;

// Every page, until the end or an error.
base::Result<std::vector<std::string>> ListAll(objclient::ObjectStore& store, std::uint32_t limit) {
  constexpr int kPagesMax = 1000;
  std::vector<std::string> keys;
  ListRequest request;
  request.limit = limit;
  for (int page_number = 0; page_number < kPagesMax; ++page_number) {
    TRY_ASSIGN(const ListPage page, store.List(request));
    for (const auto& object : page.objects) keys.push_back(object.key);
    request.continuation = page.continuation;
    if (request.continuation.empty()) return keys;
  }
  return base::Error(ErrorClass::kBug, "the listing does not end");
}

class Documents : public StoreFaults {
 protected:
  void SetUp() override {
    StoreFaults::SetUp();
    if (IsSkipped()) return;
    for (int i = 0; i < 20; ++i) {
      keys_.push_back("key" + std::to_string(100 + i));
      Prepare(keys_.back(), Content(10, 1));
    }
    keys_.insert(keys_.begin(), "first");
  }

  base::Result<std::vector<std::string>> List(std::uint32_t limit = 1000) {
    return Do([&] { return ListAll(*store_, limit); });
  }

  // What may come instead of a listing.
  std::vector<std::string> Garbage() const {
    std::vector<std::string> garbage = {
        "", "Bad gateway", "<html><body>Please log in</body></html>", std::string("\0\1\2\xFF", 4)};
    garbage.insert(garbage.end(), dialect_.no_listings.begin(), dialect_.no_listings.end());
    return garbage;
  }

  std::vector<std::string> keys_;  // sorted
};

// Right, or an error that says so; and right the next time.
TEST_F(Documents, GarbageOnceInsteadOfAListing) {
  for (const std::string& garbage : Garbage()) {
    proxy_->Clear();
    proxy_->Inject(ChangeReply(dialect_.listings, [&](Reply& reply) { reply.body = garbage; }));
    const auto first = List();
    if (first.ok()) {
      EXPECT_EQ(*first, keys_);
    } else {
      ExpectError(first, ErrorClass::kCorrupt, EIO);
    }
    const auto keys = List();
    ASSERT_OK(keys);
    EXPECT_EQ(*keys, keys_);
  }
  EXPECT_EQ(proxy_->injected(), Garbage().size());
}

TEST_F(Documents, GarbageForEverInsteadOfAListing) {
  for (const std::string& garbage : Garbage()) {
    proxy_->Clear();
    proxy_->Inject(Times(
        kAlways, ChangeReply(dialect_.listings, [&](Reply& reply) { reply.body = garbage; })));
    ExpectError(List(), ErrorClass::kCorrupt, EIO);
  }
}

// Makes the next answer that is a document unreadable, and then makes the request again.
TEST_F(Documents, GarbageInsteadOfOtherAnswers) {
  if (on_azure()) GTEST_SKIP() << "other verbs have documents there: azure_faults_test.cc";
  const Hits documents = [](const Asked& asked) {
    return asked.method == "POST" || !asked.headers.Value("x-amz-copy-source").empty();
  };
  const auto twice = [&](const auto& operation) {
    proxy_->Inject(ChangeReply(documents, [](Reply& reply) { reply.body = "<a><b>"; }));
    const auto result = Do(operation);
    if (!result.ok()) ExpectError(result, ErrorClass::kCorrupt, EIO);
    return result.ok() ? result : Do(operation);
  };
  const auto id = twice([&] { return store_->CreateMultipart("big", {}); });
  ASSERT_OK(id);
  const std::string content = Content(6u << 20, 3);
  const auto upload = Upload("big", content);
  proxy_->Inject(ChangeReply(documents, [](Reply& reply) { reply.body = "<a><b>"; }));
  const auto whole =
      Do([&] { return store_->CompleteMultipart("big", upload.upload_id, upload.parts, {}); });
  ExpectStored("big", content);
  if (!whole.ok()) ExpectError(whole, ErrorClass::kCorrupt, EIO);
  objclient::CopyRequest copy;
  copy.source = "big";
  copy.target = "copy";
  ASSERT_OK(twice([&] { return store_->Copy(copy); }));
  ExpectStored("copy", content);
  ASSERT_OK(twice([&] { return store_->DeleteMany({{"big", ""}, {"copy", ""}}); }));
  ExpectGone("big");
  ExpectGone("copy");
  EXPECT_EQ(proxy_->injected(), 4u);
}

TEST_F(Documents, AnswerWithoutEnd) {
  proxy_->Inject(Times(kAlways, ChangeReply(dialect_.listings, [](Reply& reply) {
                         reply.body = "<ListBucketResult>" + std::string(40u << 20, ' ');
                       })));
  ExpectError(List(), ErrorClass::kCorrupt, EIO);
}

// The same page is answered for every token.
TEST_F(Documents, ListingThatStartsAgain) {
  std::string page;
  proxy_->Inject(Times(kAlways, ChangeReply(dialect_.listings, [&](Reply& reply) {
                         if (page.empty()) page = reply.body;
                         reply.body = page;
                       })));
  ExpectError(List(5), ErrorClass::kCorrupt, EIO);
}

// Replaces the first of `what`.
void Replace(std::string& text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
}

TEST_F(Documents, ListingThatRepeatsKeys) {
  const std::string end = "</" + dialect_.key_tag + ">";
  proxy_->Inject(Times(kAlways, ChangeReply(dialect_.listings, [&](Reply& reply) {
                         Replace(reply.body, "key105" + end, "key104" + end);
                       })));
  ExpectError(List(), ErrorClass::kCorrupt, EIO);
}

// Nobody can see this at once; the next listing has the key again, and nothing was done to it.
TEST_F(Documents, ListingThatSkipsAKey) {
  proxy_->Inject(ChangeReply(dialect_.listings, [&](Reply& reply) {
    const std::string end = "</" + dialect_.object_tag + ">";
    const auto from = reply.body.find("<" + dialect_.object_tag + ">");
    const auto to = reply.body.find(end) + end.size();
    if (from != std::string::npos) reply.body.erase(from, to - from);
  }));
  const auto short_one = List();
  ASSERT_OK(short_one);
  EXPECT_EQ(short_one->size(), keys_.size() - 1);
  const auto keys = List();
  ASSERT_OK(keys);
  EXPECT_EQ(*keys, keys_);
}

TEST_F(Documents, FaultsBetweenThePages) {
  proxy_->Inject(Times(kAlways, Break(Both(dialect_.listings, dialect_.first_tries), End::kReset)));
  const auto keys = List(3);
  ASSERT_OK(keys);
  EXPECT_EQ(*keys, keys_);
  EXPECT_GE(proxy_->injected(), 7u);
}

// --- keys ---

// Keys with every character that a key may hold there, some of them next to each other; some as
// long as stores allow, all valid UTF-8.
std::vector<std::string> OddKeys(std::size_t longest, const Dialect& dialect) {
  static const std::vector<std::string> kPieces = [] {
    std::vector<std::string> pieces;
    for (char c = 1; c < 127; ++c) pieces.emplace_back(1, c);
    for (const char* text : {"\x7F", "\xC2\x80", "\xC3\xA9", "e\xCC\x81", "\xE2\x82\xAC",
                             "\xE2\x80\xA8", "\xEF\xBB\xBF", "\xF0\x9F\x98\x80", "%2F", "%00", "%",
                             "+", "&amp;", "]]>", "..", "//", "/./", "/../", "\r\n"}) {
      pieces.emplace_back(text);
    }
    return pieces;
  }();
  std::set<std::string> keys;
  for (std::size_t i = 0; keys.size() < dialect.odd_keys; ++i) {
    std::string key = std::to_string(i % 10) + kPieces[i % kPieces.size()] + std::to_string(i) +
                      kPieces[(i / kPieces.size() + i) % kPieces.size()];
    if (i % 7 == 0) key += kPieces[i % 11];
    if (i % 50 == 0) key += std::string(longest - key.size(), 'l');
    if (dialect.takes_key(key)) keys.insert(std::move(key));
  }
  return {keys.begin(), keys.end()};
}

class Keys : public StoreFaults {
 protected:
  // Many at a time; answers the keys that failed.
  void PutAll(const std::vector<std::string>& keys);
  static std::string ContentOf(const std::string& key) { return key + " has this"; }
};

void Keys::PutAll(const std::vector<std::string>& keys) {
  constexpr std::size_t kInFlight = 32;
  std::deque<std::future<base::Status>> flying;
  std::deque<std::string> contents;
  const auto land = [&] {
    const base::Status status = flying.front().get();
    EXPECT_TRUE(status.ok()) << status.error().ToString();
    flying.pop_front();
    contents.pop_front();
  };
  for (const std::string& key : keys) {
    if (flying.size() == kInFlight) land();
    contents.push_back(ContentOf(key));
    objclient::PutRequest request;
    request.key = key;
    request.body.pieces = {std::as_bytes(std::span<const char>(contents.back()))};
    auto promise = std::make_shared<std::promise<base::Status>>();
    flying.push_back(promise->get_future());
    store_->Put(std::move(request), [promise](const base::Result<objclient::ObjectHead>& head) {
      promise->set_value(head.ok() ? base::Ok() : base::Status(head.error()));
    });
    ++tally().operations;
  }
  while (!flying.empty()) land();
}

TEST_F(Keys, ThousandsOfOddOnesSomeOf1024Bytes) {
  Reopen(std::chrono::minutes(1));  // this is about names, not about time
  const std::size_t longest = 1024 - url_.prefix.size();
  const auto keys = OddKeys(longest, dialect_);
  const auto one_in_fifty = [seen = std::size_t{0}](const Asked&) mutable {
    return ++seen % 50 == 0;
  };
  proxy_->Inject(Times(kAlways, dialect_.Refuse(one_in_fifty, 503, dialect_.busy_code)));
  PutAll(keys);
  const auto listed = Do([&] { return ListAll(*store_, 1000); });
  ASSERT_OK(listed);
  auto expected = keys;
  expected.emplace_back("first");
  std::sort(expected.begin(), expected.end());
  if (*listed != expected) Lost("the listing is not what was put");
  for (std::size_t i = 0; i < keys.size(); i += 25) {
    const std::string content = ContentOf(keys[i]);
    ExpectRead(Get(keys[i], {0, content.size()}), content);
  }
  constexpr std::size_t kBatch = 250;  // in one request, on every store
  for (std::size_t at = 0; at < keys.size(); at += kBatch) {
    std::vector<objclient::DeleteRequest> doomed;
    for (std::size_t i = at; i < std::min(at + kBatch, keys.size()); ++i) {
      doomed.push_back({keys[i], ""});
    }
    const auto refused = Do([&] { return store_->DeleteMany(doomed); });
    ASSERT_OK(refused);
    for (const auto& [key, error] : *refused) ADD_FAILURE() << error.ToString();
  }
  EXPECT_EQ(ListAll(*direct_, 1000).value(), std::vector<std::string>{"first"});
  EXPECT_GE(proxy_->injected(), keys.size() / 50);
}

TEST_F(Keys, OneByteMoreThan1024IsEnametoolong) {
  if (on_azure()) GTEST_SKIP() << "Azurite takes longer ones";
  const std::string key(1025 - url_.prefix.size(), 'k');
  ExpectError(Put(key, "content"), ErrorClass::kInvalid, ENAMETOOLONG);
}

}  // namespace
}  // namespace fault
