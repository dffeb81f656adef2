// Reply: the answer to one request of the kernel, given exactly once. Copyable, so that a
// completion can carry it; a Reply whose last copy dies unanswered answers EIO, so that no
// application hangs on a bug. Answering may race FORGET and RELEASE of the same inode: nothing is
// touched after it.
//
// Any thread may answer. This is the only place where an Error becomes the kernel's errno.
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "cache/read.h"
#include "fs/filesystem.h"
#include "fs/fuse/waiting.h"
#include "meta/types.h"

namespace fs {

// How long the kernel may keep what it is told, in seconds.
struct KernelTimeouts {
  double entry = 1;
  double attr = 1;
  double negative = 1;
};

// The kernel's attributes of an inode; st_blksize is 256 KiB (docs/read_path.md).
struct stat ToStat(const meta::Inode& inode);
fuse_entry_param ToEntry(const meta::Inode& inode, const KernelTimeouts& timeouts);

class Reply {
 public:
  explicit Reply(fuse_req_t request, std::string_view operation);

  // Answers EINTR when the caller is told to end, whatever comes of the request. Before it is
  // handed on; `waiting` must outlive every answer.
  void LetEnd(Waiting& waiting) const;

  void Errno(int errno_value) const;
  // The error's errno; logs what the kernel cannot be told (EIO and bugs at error level).
  void Fail(const base::Error& error) const;
  void Done(const base::Status& status) const;
  void Entry(const meta::Inode& inode, const KernelTimeouts& timeouts) const;
  // A name that does not exist, to be remembered for timeouts.negative.
  void NoEntry(const KernelTimeouts& timeouts) const;
  void Attr(const meta::Inode& inode, const KernelTimeouts& timeouts) const;
  void Open(const fuse_file_info& info) const;
  void Created(const meta::Inode& inode, const KernelTimeouts& timeouts,
               const fuse_file_info& info) const;
  void Bytes(const cache::PinnedBytes& bytes) const;
  void Buffer(std::string_view bytes) const;
  void Written(std::size_t count) const;
  void Link(const char* target) const;
  void Xattr(std::size_t size) const;
  void Offset(off_t offset) const;
  void StatFs(const struct statvfs& stat) const;

 private:
  enum class Answered : std::uint8_t { kNo, kYes, kEnded };  // kEnded: the caller, by itself
  struct State {
    State(fuse_req_t asked, std::string_view name) : request(asked), operation(name) {}
    ~State();
    // What it was before; the first who asks has to answer.
    Answered Claim(Answered how);
    const fuse_req_t request;
    const std::string_view operation;               // a literal
    Waiting* waiting = nullptr;                     // constant once the request is handed on
    std::atomic<Answered> answered{Answered::kNo};  // atomic: several may want to answer
  };
  // The request, once; nullptr when it was answered before (a bug that is logged).
  fuse_req_t Take() const;
  std::shared_ptr<State> state_;
};

}  // namespace fs
