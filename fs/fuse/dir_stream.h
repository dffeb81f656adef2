// DirStream: one open directory. Turns the kernel's numeric offsets into the name space's cursor by
// name: entries are read a page at a time, so a directory of a million names costs one page of
// memory and an entry that stays is seen exactly once however many others come and go.
//
// Owned by the handle. No lock: the kernel sends one readdir of a handle at a time (it holds the
// file's position lock).
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fs/filesystem.h"

namespace fs {

class DirStream {
 public:
  // Reads at most `limit` entries with names after `after`.
  using PageReader =
      std::function<base::Result<DirPage>(std::string_view after, std::size_t limit)>;
  DirStream(meta::InodeId directory, meta::InodeId parent, PageReader reader)
      : directory_(directory), parent_(parent), reader_(std::move(reader)) {}

  // The entry at `offset` (0 and 1 are "." and ".."), nullopt at the end. The answer's offset for
  // the entry after it is offset + 1. The value is a copy.
  base::Result<std::optional<meta::DirEntry>> At(off_t offset);

 private:
  static constexpr std::size_t kPageEntries = 1024;
  static constexpr off_t kDots = 2;
  base::Status NextPage();

  const meta::InodeId directory_;
  const meta::InodeId parent_;
  const PageReader reader_;
  off_t page_start_ = 0;  // index of page_.front(), dots not counted
  std::vector<meta::DirEntry> page_;
  bool loaded_ = false;  // false: page_ is to be read from the start
};

}  // namespace fs
