// FaultyStore: a store that fails as a test plans it: before a request is made, after it took
// effect (the answer is lost), or in the midst of a Get. Decorates any other store. Owned by the
// test or a RetryingStore; any thread. Answers of failed bulk verbs come from a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "objclient/object_store.h"

namespace testing_support {

enum class Verb : std::uint8_t {
  kGet,
  kPut,
  kUploadPart,
  kHead,
  kCopy,
  kMove,
  kDelete,
  kDeleteMany,
  kList,
  kCreateMultipart,
  kUploadPartCopy,
  kCompleteMultipart,
  kAbortMultipart,
  kListParts,
  kListUploads,
};

struct Fault {
  base::Error error;
  bool takes_effect = false;    // the request is made, its answer dropped
  std::uint64_t delivered = 0;  // Get: bytes of the range that arrive before the error
};

class FaultyStore final : public objclient::ObjectStore {
 public:
  // Asked before every request, from any thread; nothing = the request goes through.
  using Plan = std::function<std::optional<Fault>(Verb verb, const objclient::ObjectKey& key)>;
  FaultyStore(std::unique_ptr<objclient::ObjectStore> inner, Plan plan);

  objclient::Capabilities capabilities() const override { return inner_->capabilities(); }
  void Get(objclient::GetRequest request, objclient::Callback<objclient::ObjectHead> done) override;
  void Put(objclient::PutRequest request, objclient::Callback<objclient::ObjectHead> done) override;
  void UploadPart(objclient::PartRequest request,
                  objclient::Callback<objclient::PartInfo> done) override;
  base::Result<objclient::ObjectHead> Head(const objclient::ObjectKey& key) override;
  base::Result<objclient::ObjectHead> Copy(const objclient::CopyRequest& request) override;
  base::Result<objclient::ObjectHead> Move(const objclient::CopyRequest& request) override;
  base::Status Delete(const objclient::ObjectKey& key, const std::string& if_match) override;
  base::Result<std::vector<std::pair<objclient::ObjectKey, base::Error>>> DeleteMany(
      const std::vector<objclient::DeleteRequest>& requests) override;
  base::Result<objclient::ListPage> List(const objclient::ListRequest& request) override;
  base::Result<std::string> CreateMultipart(const objclient::ObjectKey& key,
                                            const objclient::Metadata& metadata) override;
  base::Result<objclient::PartInfo> UploadPartCopy(const objclient::ObjectKey& key,
                                                   const std::string& upload_id,
                                                   std::uint32_t number,
                                                   const objclient::ObjectKey& source,
                                                   const std::string& source_if_match,
                                                   base::ByteRange range) override;
  base::Result<objclient::ObjectHead> CompleteMultipart(
      const objclient::ObjectKey& key, const std::string& upload_id,
      const std::vector<objclient::PartInfo>& parts,
      const objclient::Precondition& precondition) override;
  base::Status AbortMultipart(const objclient::ObjectKey& key,
                              const std::string& upload_id) override;
  base::Result<std::vector<objclient::PartInfo>> ListParts(const objclient::ObjectKey& key,
                                                           const std::string& upload_id) override;
  base::Result<std::vector<objclient::UploadInfo>> ListUploads(
      const objclient::ObjectKey& prefix) override;

 private:
  template <typename Function>
  auto Control(Verb verb, const objclient::ObjectKey& key, const Function& call)
      -> decltype(call());
  template <typename T, typename Start>
  void Bulk(Verb verb, const objclient::ObjectKey& key, objclient::Callback<T> done,
            const Start& start);

  std::unique_ptr<objclient::ObjectStore> inner_;
  const Plan plan_;
  base::Executor executor_;
};

}  // namespace testing_support
