// MemoryStore: a complete ObjectStore in this process's memory: the reference of the conformance
// suite, what unit tests of the upper floors run on, and mem:// of the command line. Content dies
// with it.
//
// Any thread; callbacks run on two threads of its own. Bytes are copied outside the lock: an object
// is immutable once it is in the map.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "objclient/object_store.h"

namespace objclient {

class MemoryStore : public ObjectStore {
 public:
  // `clock` must outlive the store; it dates the objects.
  explicit MemoryStore(base::Clock& clock);
  ~MemoryStore() override = default;

  Capabilities capabilities() const override;
  void Get(GetRequest request, Callback<ObjectHead> done) override;
  void Put(PutRequest request, Callback<ObjectHead> done) override;
  void UploadPart(PartRequest request, Callback<PartInfo> done) override;
  base::Result<ObjectHead> Head(const ObjectKey& key) override EXCLUDES(mutex_);
  base::Result<ObjectHead> Copy(const CopyRequest& request) override EXCLUDES(mutex_);
  base::Status Delete(const ObjectKey& key, const std::string& if_match) override EXCLUDES(mutex_);
  base::Result<std::vector<std::pair<ObjectKey, base::Error>>> DeleteMany(
      const std::vector<DeleteRequest>& requests) override EXCLUDES(mutex_);
  base::Result<ListPage> List(const ListRequest& request) override EXCLUDES(mutex_);
  base::Result<std::string> CreateMultipart(const ObjectKey& key, const Metadata& metadata) override
      EXCLUDES(mutex_);
  base::Result<PartInfo> UploadPartCopy(const ObjectKey& key, const std::string& upload_id,
                                        std::uint32_t number, const ObjectKey& source,
                                        const std::string& source_if_match,
                                        base::ByteRange range) override EXCLUDES(mutex_);
  base::Result<ObjectHead> CompleteMultipart(const ObjectKey& key, const std::string& upload_id,
                                             const std::vector<PartInfo>& parts,
                                             const Precondition& precondition) override
      EXCLUDES(mutex_);
  base::Status AbortMultipart(const ObjectKey& key, const std::string& upload_id) override
      EXCLUDES(mutex_);
  base::Result<std::vector<PartInfo>> ListParts(const ObjectKey& key,
                                                const std::string& upload_id) override
      EXCLUDES(mutex_);
  base::Result<std::vector<UploadInfo>> ListUploads(const ObjectKey& prefix) override
      EXCLUDES(mutex_);

 private:
  // shared_ptr: a reader keeps the bytes of an object that is replaced while it copies them.
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;
  struct Object {
    ObjectHead head;
    Bytes bytes;
  };
  struct Part {
    PartInfo part;
    Bytes bytes;
  };
  struct Upload {
    UploadInfo about;
    Metadata metadata;
    std::map<std::uint32_t, Part> parts;
  };

  base::Result<ObjectHead> Read(const GetRequest& request) EXCLUDES(mutex_);
  base::Result<Object> Find(const ObjectKey& key, const std::string& if_match) EXCLUDES(mutex_);
  base::Result<ObjectHead> Store(const ObjectKey& key, Bytes bytes, const Metadata& metadata,
                                 const Precondition& precondition) EXCLUDES(mutex_);
  base::Result<ObjectHead> StoreLocked(const ObjectKey& key, Bytes bytes, const Metadata& metadata,
                                       const Precondition& precondition) REQUIRES(mutex_);
  base::Status DeleteLocked(const ObjectKey& key, const std::string& if_match) REQUIRES(mutex_);
  base::Status CheckLocked(const ObjectKey& key, const Precondition& precondition) const
      REQUIRES(mutex_);
  base::Result<PartInfo> StorePart(const ObjectKey& key, const std::string& upload_id,
                                   PartInfo part, Bytes bytes) EXCLUDES(mutex_);
  base::Result<Upload*> FindUpload(const ObjectKey& key, const std::string& upload_id)
      REQUIRES(mutex_);
  std::string NextToken() REQUIRES(mutex_);

  base::Clock& clock_;
  base::Mutex mutex_;
  std::map<ObjectKey, Object> objects_ GUARDED_BY(mutex_);
  std::map<std::string, Upload> uploads_ GUARDED_BY(mutex_);
  std::uint64_t tokens_ GUARDED_BY(mutex_) = 0;
  base::Executor executor_;  // last: its destructor runs what is queued, on the members above
};

}  // namespace objclient
