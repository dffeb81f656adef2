// The blocking verbs of RetryingStore.
#include <algorithm>
#include <utility>

#include "objclient/copy_in_parts.h"
#include "objclient/retrying_store.h"

namespace objclient {

template <typename Function>
auto RetryingStore::Blocking(const Function& send, bool resends_corrupt) -> decltype(send()) {
  Attempts attempts = Begin(resends_corrupt);
  while (true) {
    CountAttempt(attempts);
    auto result = send();
    if (result.ok()) {
      Answered(attempts);
      return result;
    }
    auto wait = Decide(attempts, result.error());
    do {
      if (!wait) return Final(attempts, result.error());
      Pause(*wait);
      wait = TakeToken(attempts);
    } while (!wait || wait->count() > 0);
  }
}

base::Status RetryingStore::Discover() {
  return Blocking([&] { return inner_->Discover(); });
}

base::Result<ObjectHead> RetryingStore::Head(const ObjectKey& key) {
  return Blocking([&] { return inner_->Head(key); });
}

base::Result<ObjectHead> RetryingStore::Copy(const CopyRequest& request) {
  auto copied = Blocking([&] { return inner_->Copy(request); });
  if (copied.ok() || !MeansOnlyInParts(copied.error())) return copied;
  // Each part has its own attempts.
  return CopyInParts(*this, request, capabilities().copy_part_size);
}

base::Result<ObjectHead> RetryingStore::Move(const CopyRequest& request) {
  return Blocking([&] { return inner_->Move(request); });
}

base::Status RetryingStore::Delete(const ObjectKey& key, const std::string& if_match) {
  return Blocking([&] { return inner_->Delete(key, if_match); });
}

base::Result<std::vector<std::pair<ObjectKey, base::Error>>> RetryingStore::DeleteMany(
    const std::vector<DeleteRequest>& requests) {
  auto refused = Blocking([&] { return inner_->DeleteMany(requests); });
  if (!refused.ok()) return refused;
  // Keys that were refused for a reason that may pass are tried again, each alone, until one of
  // them has been for as long as it may: all of them would take a thousand times as long.
  bool passing = true;
  std::erase_if(*refused, [&](std::pair<ObjectKey, base::Error>& one) {
    if (!passing || !base::IsRetryable(one.second)) return false;
    const auto request = std::find_if(requests.begin(), requests.end(),
                                      [&](const auto& asked) { return asked.key == one.first; });
    if (request == requests.end()) return false;
    const base::Status again = Delete(request->key, request->if_match);
    if (again.ok()) return true;
    one.second = again.error();
    passing = !base::IsRetryable(again.error());
    return false;
  });
  return refused;
}

base::Result<ListPage> RetryingStore::List(const ListRequest& request) {
  return Blocking([&] { return inner_->List(request); }, true);
}

base::Result<std::string> RetryingStore::CreateMultipart(const ObjectKey& key,
                                                         const Metadata& metadata) {
  return Blocking([&] { return inner_->CreateMultipart(key, metadata); });
}

base::Result<PartInfo> RetryingStore::UploadPartCopy(const ObjectKey& key,
                                                     const std::string& upload_id,
                                                     std::uint32_t number, const ObjectKey& source,
                                                     const std::string& source_if_match,
                                                     base::ByteRange range) {
  return Blocking([&] {
    return inner_->UploadPartCopy(key, upload_id, number, source, source_if_match, range);
  });
}

base::Result<ObjectHead> RetryingStore::CompleteMultipart(const ObjectKey& key,
                                                          const std::string& upload_id,
                                                          const std::vector<PartInfo>& parts,
                                                          const Precondition& precondition) {
  return Blocking([&] { return inner_->CompleteMultipart(key, upload_id, parts, precondition); });
}

base::Status RetryingStore::AbortMultipart(const ObjectKey& key, const std::string& upload_id) {
  return Blocking([&] { return inner_->AbortMultipart(key, upload_id); });
}

base::Result<std::vector<PartInfo>> RetryingStore::ListParts(const ObjectKey& key,
                                                             const std::string& upload_id) {
  return Blocking([&] { return inner_->ListParts(key, upload_id); }, true);
}

base::Result<std::vector<UploadInfo>> RetryingStore::ListUploads(const ObjectKey& prefix) {
  return Blocking([&] { return inner_->ListUploads(prefix); }, true);
}

}  // namespace objclient
