#include "tests/cache/flaky_store.h"

#include <gtest/gtest.h>

#include <utility>

namespace testing_support {
namespace {

std::optional<base::Error> Ask(const FlakyStore::Fault& fault, int call) {
  return fault ? fault(call) : std::nullopt;
}

}  // namespace

FlakyStore::FlakyStore(base::Clock& clock)
    : store_(clock), failing_({.name = "flaky", .threads = 1}) {
  can = store_.capabilities();
}

void FlakyStore::Hold() {
  const base::MutexLock lock(mutex_);
  held_ = true;
}

void FlakyStore::Release() {
  std::vector<std::function<void()>> waiting;
  {
    const base::MutexLock lock(mutex_);
    held_ = false;
    waiting.swap(waiting_);
  }
  for (const auto& send : waiting) send();
}

void FlakyStore::Start(std::function<void()> send) {
  {
    const base::MutexLock lock(mutex_);
    ++sends_;
    asked_.NotifyAll();
    if (held_) {
      waiting_.push_back(std::move(send));
      return;
    }
  }
  send();
}

void FlakyStore::WaitForSends(int count) {
  const base::MutexLock lock(mutex_);
  while (sends_ < count) asked_.Wait(mutex_);
}

std::map<std::uint32_t, int> FlakyStore::sent() {
  const base::MutexLock lock(mutex_);
  return sent_;
}

std::string FlakyStore::Content(const objclient::ObjectKey& key) {
  const auto head = store_.Head(key);
  if (!head.ok()) return "absent: " + head.error().message();
  std::string content(head->size, '\0');
  if (content.empty()) return content;
  const auto got =
      objclient::GetAndWait(store_, {.key = key,
                                     .range = {0, head->size},
                                     .if_match = {},
                                     .into = {std::as_writable_bytes(std::span(content))},
                                     .progress = nullptr});
  EXPECT_TRUE(got.ok());
  return content;
}

objclient::ObjectHead FlakyStore::PutOther(const objclient::ObjectKey& key,
                                           const std::string& content) {
  auto head =
      objclient::PutAndWait(store_, {.key = key,
                                     .body = {{std::as_bytes(std::span(content))}, std::nullopt},
                                     .metadata = {},
                                     .precondition = {}});
  EXPECT_TRUE(head.ok());
  return std::move(head).value();
}

void FlakyStore::Get(objclient::GetRequest request,
                     objclient::Callback<objclient::ObjectHead> done) {
  ++gets;
  store_.Get(std::move(request), std::move(done));
}

void FlakyStore::Put(objclient::PutRequest request,
                     objclient::Callback<objclient::ObjectHead> done) {
  const int call = ++puts;
  Start([this, call, request = std::move(request), done = std::move(done)] {
    if (auto error = Ask(put_fails, call)) {
      return failing_.Submit([done, error = *error] { done(error); });
    }
    store_.Put(request, [this, call, done](base::Result<objclient::ObjectHead> head) {
      const auto lost = Ask(put_lost, call);
      done(lost ? base::Result<objclient::ObjectHead>(*lost) : std::move(head));
    });
  });
}

void FlakyStore::UploadPart(objclient::PartRequest request,
                            objclient::Callback<objclient::PartInfo> done) {
  const int call = ++parts;
  {
    const base::MutexLock lock(mutex_);
    ++sent_[request.number];
  }
  Start([this, call, request = std::move(request), done = std::move(done)] {
    if (auto error = Ask(part_fails, call)) {
      return failing_.Submit([done, error = *error] { done(error); });
    }
    store_.UploadPart(request, done);
  });
}

base::Result<objclient::ObjectHead> FlakyStore::Head(const objclient::ObjectKey& key) {
  return store_.Head(key);
}

base::Result<objclient::ObjectHead> FlakyStore::Copy(const objclient::CopyRequest& request) {
  return store_.Copy(request);
}

base::Status FlakyStore::Delete(const objclient::ObjectKey& key, const std::string& if_match) {
  return store_.Delete(key, if_match);
}

base::Result<std::vector<std::pair<objclient::ObjectKey, base::Error>>> FlakyStore::DeleteMany(
    const std::vector<objclient::DeleteRequest>& requests) {
  return store_.DeleteMany(requests);
}

base::Result<objclient::ListPage> FlakyStore::List(const objclient::ListRequest& request) {
  return store_.List(request);
}

base::Result<std::string> FlakyStore::CreateMultipart(const objclient::ObjectKey& key,
                                                      const objclient::Metadata& metadata) {
  if (auto error = Ask(create_fails, ++creates)) return *error;
  return store_.CreateMultipart(key, metadata);
}

base::Result<objclient::PartInfo> FlakyStore::UploadPartCopy(
    const objclient::ObjectKey& key, const std::string& upload_id, std::uint32_t number,
    const objclient::ObjectKey& source, const std::string& source_if_match, base::ByteRange range) {
  ++copies;
  return store_.UploadPartCopy(key, upload_id, number, source, source_if_match, range);
}

base::Result<objclient::ObjectHead> FlakyStore::CompleteMultipart(
    const objclient::ObjectKey& key, const std::string& upload_id,
    const std::vector<objclient::PartInfo>& parts_to_join,
    const objclient::Precondition& precondition) {
  const int call = ++completes;
  if (before_complete) before_complete();
  if (auto error = Ask(complete_fails, call)) return *error;
  auto head =
      store_.CompleteMultipart(key, upload_id, parts_to_join,
                               can.complete_condition ? precondition : objclient::Precondition());
  if (auto error = Ask(complete_lost, call)) return *error;
  return head;
}

base::Status FlakyStore::AbortMultipart(const objclient::ObjectKey& key,
                                        const std::string& upload_id) {
  ++aborts;
  return store_.AbortMultipart(key, upload_id);
}

base::Result<std::vector<objclient::PartInfo>> FlakyStore::ListParts(
    const objclient::ObjectKey& key, const std::string& upload_id) {
  return store_.ListParts(key, upload_id);
}

base::Result<std::vector<objclient::UploadInfo>> FlakyStore::ListUploads(
    const objclient::ObjectKey& prefix) {
  return store_.ListUploads(prefix);
}

}  // namespace testing_support
