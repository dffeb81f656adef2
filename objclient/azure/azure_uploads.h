// AzureUploads: the multipart uploads that are open in this process. Azure knows none: it keeps
// blocks beside a blob, under ids that we choose, until a list of them is committed or a week is
// over. So an upload, with its metadata and the blocks that count, is kept here, in memory, and
// ends with the process; the service removes what it left behind.
//
// Owned by AzureStore; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "objclient/object.h"

namespace objclient {

class AzureUploads {
 public:
  // `clock` must outlive it.
  explicit AzureUploads(base::Clock& clock) : clock_(clock) {}

  std::string Create(const ObjectKey& key, const Metadata& metadata) EXCLUDES(mutex_);
  // kNotFound unless `id` is an open upload to `key`; so do all below.
  base::Status Check(const ObjectKey& key, const std::string& id) const EXCLUDES(mutex_);
  // A block is there: it takes the place of an earlier one of the same number.
  base::Status Add(const ObjectKey& key, const std::string& id, PartInfo part) EXCLUDES(mutex_);
  // The metadata to commit with. kInvalid when `parts` are not those that were added last.
  base::Result<Metadata> Match(const ObjectKey& key, const std::string& id,
                               const std::vector<PartInfo>& parts) const EXCLUDES(mutex_);
  base::Result<std::vector<PartInfo>> Parts(const ObjectKey& key, const std::string& id) const
      EXCLUDES(mutex_);
  // Committed or given up.
  void Remove(const ObjectKey& key, const std::string& id) EXCLUDES(mutex_);
  // By key, then by age.
  std::vector<UploadInfo> List(const ObjectKey& prefix) const EXCLUDES(mutex_);

 private:
  struct Upload {
    ObjectKey key;
    Metadata metadata;
    std::int64_t initiated_ns = 0;
    std::map<std::uint32_t, PartInfo> parts;
  };
  base::Result<const Upload*> Find(const ObjectKey& key, const std::string& id) const
      REQUIRES(mutex_);

  base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::map<std::string, Upload> uploads_ GUARDED_BY(mutex_);  // by id
};

// The id of a block, as it goes onto the wire (base64 of equally many bytes for every block).
// `etag` is the part's: it says which bytes they are, so that a list names bytes and not just
// numbers, and a late copy of an earlier attempt is never committed.
std::string BlockId(const std::string& upload_id, std::uint32_t number, const std::string& etag);
// The etag of a part with that CRC-64.
std::string PartEtag(std::uint64_t crc64);

}  // namespace objclient
