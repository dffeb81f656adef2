// AzureUploads: the multipart uploads that are open in this process. Azure knows none: it keeps
// blocks beside a blob, under ids that we choose, until a list of them is committed or a week is
// over. So an upload, with its metadata and the blocks that count, is kept here, in memory, and
// ends with the process; the service removes what it left behind.
//
// Owned by AzureStore; any thread.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "objclient/azure/azure_blocks.h"
#include "objclient/object.h"

namespace objclient {

class AzureUploads {
 public:
  // Of a list that is committed. A part may be several blocks, as long as there is one left for
  // every part.
  static constexpr std::size_t kBlocksMax = 50'000;
  static constexpr std::uint32_t kPartsMax = 10'000;
  // What to commit an upload with.
  struct Commitment {
    Metadata metadata;
    std::vector<std::string> block_ids;
  };
  using BlocksResult = base::Result<std::shared_ptr<const CommittedBlocks>>;

  // `clock` must outlive it.
  explicit AzureUploads(base::Clock& clock) : clock_(clock) {}

  std::string Create(const ObjectKey& key, const Metadata& metadata) EXCLUDES(mutex_);
  // kNotFound unless `id` is an open upload to `key`; so do all below.
  base::Status Check(const ObjectKey& key, const std::string& id) const EXCLUDES(mutex_);
  // A block is there: it takes the place of an earlier one of the same number.
  base::Status Add(const ObjectKey& key, const std::string& id, PartInfo part, std::string block_id)
      EXCLUDES(mutex_);
  // The same of blocks that are committed already. False where the list would grow too long.
  base::Result<bool> AddCommitted(const ObjectKey& key, const std::string& id, PartInfo part,
                                  std::vector<std::string> block_ids) EXCLUDES(mutex_);
  // The committed blocks of the upload's blob in its version `etag`. Whoever comes first asks, for
  // all others; after an error the next one asks again. Blocks; `ask` is called without locks.
  BlocksResult Committed(const ObjectKey& key, const std::string& id, const std::string& etag,
                         const std::function<BlocksResult()>& ask) EXCLUDES(mutex_);
  // kInvalid when `parts` are not those that were added last.
  base::Result<Commitment> Match(const ObjectKey& key, const std::string& id,
                                 const std::vector<PartInfo>& parts) const EXCLUDES(mutex_);
  base::Result<std::vector<PartInfo>> Parts(const ObjectKey& key, const std::string& id) const
      EXCLUDES(mutex_);
  // Committed or given up.
  void Remove(const ObjectKey& key, const std::string& id) EXCLUDES(mutex_);
  // By key, then by age.
  std::vector<UploadInfo> List(const ObjectKey& prefix) const EXCLUDES(mutex_);

 private:
  struct Part {
    PartInfo info;
    std::vector<std::string> block_ids;
  };
  struct Upload {
    ObjectKey key;
    Metadata metadata;
    std::int64_t initiated_ns = 0;
    std::map<std::uint32_t, Part> parts = {};
    std::size_t blocks = 0;                                              // of all parts
    std::map<std::string, std::shared_future<BlocksResult>> asked = {};  // by etag

    void Place(Part part);
  };
  base::Result<const Upload*> Find(const ObjectKey& key, const std::string& id) const
      REQUIRES(mutex_);
  base::Result<Upload*> Find(const ObjectKey& key, const std::string& id) REQUIRES(mutex_);

  base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::map<std::string, Upload> uploads_ GUARDED_BY(mutex_);  // by id
};

}  // namespace objclient
