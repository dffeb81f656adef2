#include "fs/fuse/dir_stream.h"

#include <utility>

namespace fs {

namespace {

meta::DirEntry Dot(const char* name, meta::InodeId inode) {
  meta::DirEntry entry;
  entry.name = name;
  entry.inode.id = inode;
  entry.inode.mode = S_IFDIR;
  return entry;
}

}  // namespace

base::Status DirStream::NextPage() {
  const bool first = !loaded_;
  const std::string after = first || page_.empty() ? std::string() : page_.back().name;
  TRY_ASSIGN(DirPage page, reader_(after, kPageEntries));
  page_start_ = first ? 0 : page_start_ + static_cast<off_t>(page_.size());
  page_ = std::move(page.entries);
  loaded_ = true;
  return base::Ok();
}

base::Result<std::optional<meta::DirEntry>> DirStream::At(off_t offset) {
  if (offset == 0) loaded_ = false;  // opendir or rewinddir: what changed since must show
  if (offset < kDots) {
    return std::optional(offset == 0 ? Dot(".", directory_) : Dot("..", parent_));
  }
  const off_t index = offset - kDots;
  if (index < page_start_) loaded_ = false;  // seekdir to before this page: start over
  while (true) {
    if (loaded_) {
      const off_t end = page_start_ + static_cast<off_t>(page_.size());
      if (index < end) {
        return std::optional<meta::DirEntry>(page_[static_cast<std::size_t>(index - page_start_)]);
      }
      if (page_.empty()) return std::optional<meta::DirEntry>();
    }
    TRY(NextPage());
  }
}

}  // namespace fs
