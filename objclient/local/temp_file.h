// TempFile: a file being written that no key names yet, in `.cairnfs/tmp` of the bucket; unlinked
// on destruction. It is flock()ed, so that a file which can be locked belongs to nobody any more:
// that is how the leftovers of a killed process are known. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "objclient/local/local_tree.h"

namespace objclient {

class TempFile {
 public:
  static base::Result<TempFile> Create(const LocalTree& tree);
  // Makes another name for an existing file instead of a new one (kUnsupported where the file
  // system or its settings refuse).
  static base::Result<TempFile> CreateLink(const LocalTree& tree, int existing);
  // Deletes the files of dead processes and those older than a day.
  static void Sweep(const LocalTree& tree, std::int64_t now_ns);

  TempFile(TempFile&& other) noexcept = default;
  TempFile& operator=(TempFile&&) = delete;
  ~TempFile();

  int directory() const { return directory_.get(); }
  int fd() const { return fd_.get(); }  // -1 for a link
  const std::string& name() const { return name_; }

 private:
  TempFile(base::UniqueFd directory, base::UniqueFd fd, std::string name);
  base::UniqueFd directory_, fd_;
  std::string name_;
};

}  // namespace objclient
