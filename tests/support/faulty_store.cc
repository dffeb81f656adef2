#include "tests/support/faulty_store.h"

#include <algorithm>

namespace testing_support {

using objclient::Callback;
using objclient::GetRequest;
using objclient::ObjectHead;
using objclient::ObjectKey;
using objclient::PartInfo;

FaultyStore::FaultyStore(std::unique_ptr<objclient::ObjectStore> inner, Plan plan)
    : inner_(std::move(inner)), plan_(std::move(plan)), executor_({.name = "faults"}) {}

template <typename Function>
auto FaultyStore::Control(Verb verb, const ObjectKey& key, const Function& call)
    -> decltype(call()) {
  const auto fault = plan_(verb, key);
  if (!fault) return call();
  if (fault->takes_effect) static_cast<void>(call());
  return fault->error;
}

template <typename T, typename Start>
void FaultyStore::Bulk(Verb verb, const ObjectKey& key, Callback<T> done, const Start& start) {
  const auto fault = plan_(verb, key);
  if (!fault) return start(std::move(done));
  if (fault->takes_effect) {
    return start([done = std::move(done), error = fault->error](base::Result<T>) { done(error); });
  }
  executor_.Submit([done = std::move(done), error = fault->error] { done(error); });
}

void FaultyStore::Get(GetRequest request, Callback<ObjectHead> done) {
  const auto fault = plan_(Verb::kGet, request.key);
  if (!fault) return inner_->Get(std::move(request), std::move(done));
  if (fault->delivered == 0) {
    return executor_.Submit([done = std::move(done), error = fault->error] { done(error); });
  }
  std::uint64_t left = fault->delivered;
  GetRequest part = request;
  part.range.length = left;
  part.into.clear();
  for (const auto& piece : request.into) {
    const std::uint64_t cut = std::min<std::uint64_t>(left, piece.size());
    if (cut > 0) part.into.push_back(piece.first(cut));
    left -= cut;
  }
  inner_->Get(std::move(part),
              [done = std::move(done), error = fault->error](base::Result<ObjectHead> result) {
                done(result.ok() ? error : result.error());
              });
}

void FaultyStore::Put(objclient::PutRequest request, Callback<ObjectHead> done) {
  Bulk<ObjectHead>(Verb::kPut, request.key, std::move(done),
                   [&](Callback<ObjectHead> answered) { inner_->Put(request, answered); });
}

void FaultyStore::UploadPart(objclient::PartRequest request, Callback<PartInfo> done) {
  Bulk<PartInfo>(Verb::kUploadPart, request.key, std::move(done),
                 [&](Callback<PartInfo> answered) { inner_->UploadPart(request, answered); });
}

base::Result<ObjectHead> FaultyStore::Head(const ObjectKey& key) {
  return Control(Verb::kHead, key, [&] { return inner_->Head(key); });
}

base::Result<ObjectHead> FaultyStore::Copy(const objclient::CopyRequest& request) {
  return Control(Verb::kCopy, request.target, [&] { return inner_->Copy(request); });
}

base::Result<ObjectHead> FaultyStore::Move(const objclient::CopyRequest& request) {
  return Control(Verb::kMove, request.target, [&] { return inner_->Move(request); });
}

base::Status FaultyStore::Delete(const ObjectKey& key, const std::string& if_match) {
  return Control(Verb::kDelete, key, [&] { return inner_->Delete(key, if_match); });
}

base::Result<std::vector<std::pair<ObjectKey, base::Error>>> FaultyStore::DeleteMany(
    const std::vector<objclient::DeleteRequest>& requests) {
  return Control(Verb::kDeleteMany, "", [&] { return inner_->DeleteMany(requests); });
}

base::Result<objclient::ListPage> FaultyStore::List(const objclient::ListRequest& request) {
  return Control(Verb::kList, request.prefix, [&] { return inner_->List(request); });
}

base::Result<std::string> FaultyStore::CreateMultipart(const ObjectKey& key,
                                                       const objclient::Metadata& metadata) {
  return Control(Verb::kCreateMultipart, key,
                 [&] { return inner_->CreateMultipart(key, metadata); });
}

base::Result<PartInfo> FaultyStore::UploadPartCopy(const ObjectKey& key,
                                                   const std::string& upload_id,
                                                   std::uint32_t number, const ObjectKey& source,
                                                   const std::string& source_if_match,
                                                   base::ByteRange range) {
  return Control(Verb::kUploadPartCopy, key, [&] {
    return inner_->UploadPartCopy(key, upload_id, number, source, source_if_match, range);
  });
}

base::Result<ObjectHead> FaultyStore::CompleteMultipart(
    const ObjectKey& key, const std::string& upload_id, const std::vector<PartInfo>& parts,
    const objclient::Precondition& precondition) {
  return Control(Verb::kCompleteMultipart, key,
                 [&] { return inner_->CompleteMultipart(key, upload_id, parts, precondition); });
}

base::Status FaultyStore::AbortMultipart(const ObjectKey& key, const std::string& upload_id) {
  return Control(Verb::kAbortMultipart, key,
                 [&] { return inner_->AbortMultipart(key, upload_id); });
}

base::Result<std::vector<PartInfo>> FaultyStore::ListParts(const ObjectKey& key,
                                                           const std::string& upload_id) {
  return Control(Verb::kListParts, key, [&] { return inner_->ListParts(key, upload_id); });
}

base::Result<std::vector<objclient::UploadInfo>> FaultyStore::ListUploads(const ObjectKey& prefix) {
  return Control(Verb::kListUploads, prefix, [&] { return inner_->ListUploads(prefix); });
}

}  // namespace testing_support
