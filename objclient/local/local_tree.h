// LocalTree: object keys as paths below one directory. It opens, publishes and removes; it never
// leaves the directory (open_beneath.h: a symbolic link in the tree is no object). A key that ends
// in '/' is a directory: an object where it carries our mark or is empty. `.cairnfs/tmp` and
// `.cairnfs/uploads` are the store's own and hidden.
//
// Owned by LocalStore; any thread. A striped lock by key makes "check, then rename" one step inside
// this process; nothing else is done under it.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"
#include "objclient/object.h"

namespace objclient {

struct OpenedObject {
  base::UniqueFd fd;
  struct stat status {};
  ObjectHead head;
};

struct TreeEntry {
  std::string name;  // directories end in '/'
  bool directory() const { return name.back() == '/'; }
};

class LocalTree {
 public:
  static constexpr char kTempDirectory[] = ".cairnfs/tmp";
  static constexpr char kUploadDirectory[] = ".cairnfs/uploads";

  // kNotFound, kInvalid (no directory) or kAuth; the message names the directory.
  static base::Result<std::unique_ptr<LocalTree>> Open(const std::string& directory);

  // kInvalid for a key that no file can have or that is the store's own; says why.
  static base::Status CheckKey(const ObjectKey& key);

  // See open_beneath.h; `path` "" is the root itself.
  base::Result<base::UniqueFd> OpenBeneath(const std::string& path, int flags) const;
  // Makes what is missing of `path`, durably, and opens it.
  base::Result<base::UniqueFd> EnsureDirectory(const std::string& path) const;
  // The object of a key, file or directory, for reading.
  base::Result<OpenedObject> OpenObject(const ObjectKey& key) const;

  // Gives the file `name` of `from_directory` the key, replacing what is there. The file is synced
  // by the caller; the rename is synced here.
  base::Status Publish(int from_directory, const std::string& name, const ObjectKey& key,
                       const Precondition& precondition);
  // Makes the directory of a key that ends in '/' an object. Returns its head.
  base::Result<ObjectHead> PublishDirectory(const ObjectKey& key, const Metadata& metadata,
                                            const Precondition& precondition);
  // Removes the object and the directories it leaves empty. Returns the directory to sync (see
  // SyncRemoved); none when there was nothing to remove.
  base::Result<base::UniqueFd> Remove(const ObjectKey& key, const std::string& if_match);
  static base::Status SyncRemoved(int directory);

  // Entries of the directory `path` ("" or ending in '/') that can be objects or hold some, sorted
  // as their keys sort.
  static base::Result<std::vector<TreeEntry>> ReadDirectory(int fd, const std::string& path);
  // True when the directory is an object of its own, given what ReadDirectory said.
  static bool IsObject(int fd, const std::string& path, bool empty);

 private:
  explicit LocalTree(base::UniqueFd root) : root_(std::move(root)) {}

  base::Mutex& LockOf(const ObjectKey& key);
  base::Result<base::UniqueFd> OpenParent(const ObjectKey& key, bool make) const;
  base::Status CheckPrecondition(const ObjectKey& key, const Precondition& precondition) const;
  base::Status Rename(int from_directory, const std::string& name, int directory,
                      const ObjectKey& key, const Precondition& precondition);
  base::Status RemoveDirectoryObject(const ObjectKey& key, int parent, const std::string& if_match);
  base::UniqueFd Prune(const ObjectKey& key, base::UniqueFd parent);

  const base::UniqueFd root_;
  std::array<base::Mutex, 64> locks_;  // by hash of the key
};

}  // namespace objclient
