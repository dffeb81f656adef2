// LocalUpload: one multipart upload in the directory `.cairnfs/uploads/<id>`:
//   upload         boot id, time, key and metadata, written once
//   parts          one line a finished part, the last line of a number counts
//   data           parts at their final offsets (see PartPlacement); becomes the object by rename
//   part-<n>-<x>   parts whose offset could not be told, or that replace another
// Parts are not synced one by one, Complete syncs all; so an upload survives its process, but its
// parts do not survive a reboot: the boot id tells, and they are then forgotten.
//
// Shared by LocalUploads and the calls under way (shared_ptr); any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"
#include "objclient/local/local_tree.h"
#include "objclient/local/part_placement.h"
#include "objclient/object.h"

namespace objclient {

class LocalUpload {
 public:
  // Writes a part's bytes to a file from an offset on.
  using PartWriter = std::function<base::Status(int fd, std::uint64_t offset)>;

  // Makes the directory and the files of a new upload.
  static base::Result<std::shared_ptr<LocalUpload>> Create(const LocalTree& tree,
                                                           const UploadInfo& about,
                                                           const Metadata& metadata);
  // Finds an upload of a former process; kNotFound when there is none.
  static base::Result<std::shared_ptr<LocalUpload>> Load(const LocalTree& tree,
                                                         const std::string& upload_id);

  const UploadInfo& about() const { return about_; }
  base::Result<PartInfo> WritePart(const PartInfo& part, const PartWriter& write) EXCLUDES(mutex_);
  std::vector<PartInfo> Parts() EXCLUDES(mutex_);
  // Puts the listed parts together and publishes them under the key. When it fails the parts are
  // kept and it may be called again.
  base::Result<ObjectHead> Complete(LocalTree& tree, const std::vector<PartInfo>& parts,
                                    const Precondition& precondition) EXCLUDES(mutex_);
  // True after a sync failed: nobody knows which parts are on the disk, and a second sync would not
  // say. The upload is of no use any more.
  bool lost() EXCLUDES(mutex_);
  // Removes the directory. Calls under way fail or write to files that nobody sees.
  base::Status Remove(const LocalTree& tree) const;

 private:
  struct Part {
    PartInfo info;
    std::uint64_t offset = 0;
    std::string file;  // empty: in `data`
  };
  using PartMap = std::map<std::uint32_t, Part>;

  explicit LocalUpload(UploadInfo about) : about_(std::move(about)) {}
  base::Status OpenFiles(const LocalTree& tree, int extra_flags);
  base::Status LoadParts() EXCLUDES(mutex_);
  base::Result<Part> WriteBytes(const PartInfo& part, const PartWriter& write) EXCLUDES(mutex_);
  base::Status Record(const Part& part) EXCLUDES(mutex_);
  base::Result<base::UniqueFd> NewPartFile(std::string& name) const;
  base::Result<std::uint64_t> Assemble(const std::vector<PartInfo>& parts) EXCLUDES(mutex_);
  base::Status MoveAside(Part part) EXCLUDES(mutex_);
  base::Status CopyIn(const Part& part, std::uint64_t offset) const;
  base::Result<ObjectHead> AssembleAndPublish(LocalTree& tree, const std::vector<PartInfo>& parts,
                                              const Precondition& precondition) EXCLUDES(mutex_);
  std::string Directory() const;

  // Constant after Create or Load.
  UploadInfo about_;
  Metadata metadata_;
  base::UniqueFd directory_, data_, log_;

  base::Mutex mutex_;
  base::CondVar idle_;
  PartMap parts_ GUARDED_BY(mutex_);
  PartPlacement placement_ GUARDED_BY(mutex_);
  std::uint32_t writing_ GUARDED_BY(mutex_) = 0;  // parts under way
  bool completing_ GUARDED_BY(mutex_) = false;    // no new part may start
  bool lost_ GUARDED_BY(mutex_) = false;
};

}  // namespace objclient
