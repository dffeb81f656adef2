// LocalStore: a directory as a bucket (file:///directory): the object's key is its path, any other
// program may read and write the files. Writes are crash-safe: a temporary file is synced, renamed
// to its name, and the directory synced, so a name never shows half an object and an answered write
// survives a power loss. Preconditions hold against all writers of this process, If-None-Match:*
// against every writer.
//
// What a folder cannot hold is kInvalid (names like "a//b" or over 255 bytes) or kExists ("a" while
// there is "a/b"). Symbolic links and special files are no objects. A copy that keeps its metadata
// is a second link of the same file (objects are never changed in place); other copies go through
// copy_file_range.
//
// Owned by the mount; any thread. Callbacks run on the store's own threads, four for reads and four
// for writes, so that a sync never delays a read.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "objclient/local/local_list.h"
#include "objclient/local/local_tree.h"
#include "objclient/local/local_uploads.h"
#include "objclient/object_store.h"

namespace objclient {

class LocalStore final : public ObjectStore {
 public:
  // The directory must exist. Sweeps what a killed process left in it. `clock` must outlive the
  // store.
  static base::Result<std::unique_ptr<LocalStore>> Open(const std::string& directory,
                                                        base::Clock& clock);
  ~LocalStore() override = default;

  Capabilities capabilities() const override;
  void Get(GetRequest request, Callback<ObjectHead> done) override;
  void Put(PutRequest request, Callback<ObjectHead> done) override;
  void UploadPart(PartRequest request, Callback<PartInfo> done) override;
  base::Result<ObjectHead> Head(const ObjectKey& key) override;
  base::Result<ObjectHead> Copy(const CopyRequest& request) override;
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
  base::Result<std::vector<UploadInfo>> ListUploads(const ObjectKey& prefix) override;

 private:
  LocalStore(std::unique_ptr<LocalTree> tree, base::Clock& clock);

  base::Result<ObjectHead> Read(const GetRequest& request);
  base::Result<ObjectHead> Write(const PutRequest& request);
  base::Result<PartInfo> WritePart(const PartRequest& request);
  base::Result<OpenedObject> OpenSource(const ObjectKey& key, const std::string& if_match);
  base::Result<ObjectHead> CopyObject(const CopyRequest& request);
  base::Result<PartInfo> CopyPart(const ObjectKey& key, const std::string& upload_id,
                                  std::uint32_t number, const ObjectKey& source,
                                  const std::string& source_if_match, base::ByteRange range);

  const std::unique_ptr<LocalTree> tree_;
  base::Clock& clock_;
  LocalLister lister_;
  LocalUploads uploads_;
  base::Executor readers_, writers_;  // last: their destructors run what is queued
};

}  // namespace objclient
