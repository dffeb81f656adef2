// AzureStore: ObjectStore over one container of Azure Blob, with a prefix. What S3 calls a
// multipart upload is a list of blocks here (azure_uploads.h). Without retries.
//
// Owned by RetryingStore; any thread. Callbacks run on the HTTP transport's threads, those of
// requests that fail before they are sent, or that take more than one request, on an executor's.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/mutex.h"
#include "objclient/auth/environment.h"
#include "objclient/azure/azure_namespace.h"
#include "objclient/azure/azure_session.h"
#include "objclient/azure/azure_uploads.h"
#include "objclient/object_store.h"
#include "objclient/open_store.h"

namespace objclient {

class AzureStore : public ObjectStore {
 public:
  // `prefix`: "" or ends in '/'. `clock` must outlive the store.
  AzureStore(std::unique_ptr<AzureSession> session, std::string prefix, base::Clock& clock,
             StoreMemory memory = {});
  ~AzureStore() override;

  Capabilities capabilities() const override;
  base::Status Discover() override;
  void Get(GetRequest request, Callback<ObjectHead> done) override;
  void Put(PutRequest request, Callback<ObjectHead> done) override;
  void UploadPart(PartRequest request, Callback<PartInfo> done) override;
  base::Result<ObjectHead> Head(const ObjectKey& key) override;
  base::Result<ObjectHead> Copy(const CopyRequest& request) override;
  base::Result<ObjectHead> Move(const CopyRequest& request) override;
  base::Status Delete(const ObjectKey& key, const std::string& if_match) override;
  base::Result<std::vector<std::pair<ObjectKey, base::Error>>> DeleteMany(
      const std::vector<DeleteRequest>& requests) override;
  base::Result<ListPage> List(const ListRequest& request) override;
  base::Result<std::string> CreateMultipart(const ObjectKey& key,
                                            const Metadata& metadata) override;
  base::Result<PartInfo> UploadPartCopy(const ObjectKey& key, const std::string& upload_id,
                                        std::uint32_t number, const ObjectKey& source,
                                        const std::string& source_if_match,
                                        base::ByteRange range) override;
  base::Result<ObjectHead> CompleteMultipart(const ObjectKey& key, const std::string& upload_id,
                                             const std::vector<PartInfo>& parts,
                                             const Precondition& precondition) override;
  base::Status AbortMultipart(const ObjectKey& key, const std::string& upload_id) override;
  base::Result<std::vector<PartInfo>> ListParts(const ObjectKey& key,
                                                const std::string& upload_id) override;
  // Those of this process.
  base::Result<std::vector<UploadInfo>> ListUploads(const ObjectKey& prefix) override;

 private:
  using Refused = std::vector<std::pair<ObjectKey, base::Error>>;

  std::string Whole(const ObjectKey& key) const { return prefix_ + key; }
  // kInvalid for keys that no blob can have.
  static base::Status CheckKey(const ObjectKey& key) { return CheckBlobName(key); }
  bool is_hierarchical() const { return name_space_.load() == NameSpace::kHierarchical; }
  // HEAD, of directories as well.
  base::Result<ObjectHead> Look(const ObjectKey& key);
  base::Status DeleteBlob(const ObjectKey& key, const std::string& if_match);
  // `key` ends in '/'.
  base::Status DeleteDirectory(const ObjectKey& key);
  void DeleteDirectories(std::vector<ObjectKey> keys, Refused& refused);
  // A refused condition on a key that is gone; Azure says no more than that it does not hold.
  base::Result<bool> IsGone(const ObjectKey& key, const base::Error& refusal);
  // Sends a bulk request. What fails before it is sent is answered from another thread.
  template <typename T>
  void SendOr(Callback<T> done, const std::function<base::Status()>& send);
  base::Status SendPut(const PutRequest& request, Callback<ObjectHead> done);
  // A name under which there are blocks and nothing committed counts as taken for Put Blob, and as
  // free for a list of blocks. `refusal`: what Put Blob said. Blocks.
  base::Result<ObjectHead> PutBesideBlocks(const PutRequest& request, const base::Error& refusal);
  base::Status SendPart(const PartRequest& request, Callback<PartInfo> done);
  // A part that is whole blocks of what is committed already: nothing is sent or copied. False
  // where it is not.
  base::Result<bool> ReuseBlocks(const ObjectKey& key, const std::string& upload_id,
                                 const PartInfo& part, const std::string& etag,
                                 base::ByteRange range);
  AzureUploads::BlocksResult AskForBlocks(const ObjectKey& key, const std::string& etag);
  base::Result<ObjectHead> CopyWhole(const CopyRequest& request, const ObjectHead& source);
  // kUnsupported from accounts that have no batches.
  base::Status DeleteBatch(const std::vector<DeleteRequest>& batch, Refused& refused);

  // For the transport's threads; false when the store ends or has no room for more.
  bool TrySubmit(std::function<void()> task) EXCLUDES(mutex_);

  const std::string prefix_;                              // constant after construction
  const StoreMemory memory_;                              // constant after construction
  std::atomic<NameSpace> name_space_ = NameSpace::kFlat;  // atomic: set by Discover
  std::atomic<bool> may_move_ = true;                     // atomic: until a move is forbidden
  AzureUploads uploads_;
  base::Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  // Its answers use everything above until it has ended.
  const std::unique_ptr<AzureSession> session_;
  base::Executor executor_;  // last: its tasks use everything above
};

// Requests to the container of an az:// URL; makes none. Endpoint and credentials that `options`
// leave open come from `environment`.
base::Result<std::unique_ptr<AzureSession>> OpenAzureSession(const BucketUrl& url,
                                                             const StoreOptions& options,
                                                             const Environment& environment,
                                                             base::Clock& clock,
                                                             base::Metrics& metrics);

// The store of an az:// URL over such a session, without retries; makes no request.
base::Result<std::unique_ptr<ObjectStore>> OpenAzureStore(const BucketUrl& url,
                                                          const StoreOptions& options,
                                                          const Environment& environment,
                                                          base::Clock& clock,
                                                          base::Metrics& metrics);

// The endpoint that the options name, else AZURE_STORAGE_BLOB_ENDPOINT, else that of
// AZURE_STORAGE_CONNECTION_STRING where it is not the cloud's own; empty = the cloud's own.
std::string FindAzureEndpoint(const BucketUrl& url, const StoreOptions& options,
                              const Environment& environment);

}  // namespace objclient
