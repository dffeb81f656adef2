// LocalUploads: the multipart uploads of a LocalStore, by id: those of this process and, loaded
// when first asked for, those a former one left. Owned by LocalStore; any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "objclient/local/local_upload.h"

namespace objclient {

class LocalUploads {
 public:
  // `tree` must outlive this.
  explicit LocalUploads(LocalTree& tree) : tree_(tree) {}

  base::Result<std::string> Create(const ObjectKey& key, const Metadata& metadata,
                                   std::int64_t now_ns) EXCLUDES(mutex_);
  // kNotFound when there is no such upload of this key.
  base::Result<std::shared_ptr<LocalUpload>> Find(const ObjectKey& key,
                                                  const std::string& upload_id) EXCLUDES(mutex_);
  base::Result<ObjectHead> Complete(const ObjectKey& key, const std::string& upload_id,
                                    const std::vector<PartInfo>& parts,
                                    const Precondition& precondition) EXCLUDES(mutex_);
  base::Status Abort(const ObjectKey& key, const std::string& upload_id) EXCLUDES(mutex_);
  // Sorted by key.
  base::Result<std::vector<UploadInfo>> List(const ObjectKey& prefix) EXCLUDES(mutex_);
  // Removes what was completed or aborted but not cleared away when a process died.
  void Sweep(std::int64_t now_ns) const;

 private:
  base::Result<std::shared_ptr<LocalUpload>> FindId(const std::string& upload_id) EXCLUDES(mutex_);
  base::Result<std::vector<std::string>> ListIds() const;

  LocalTree& tree_;
  base::Mutex mutex_;
  // shared_ptr: a call goes on with an upload that another one removes.
  std::map<std::string, std::shared_ptr<LocalUpload>> uploads_ GUARDED_BY(mutex_);
};

}  // namespace objclient
