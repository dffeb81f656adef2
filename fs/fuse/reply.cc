#include "fs/fuse/reply.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <vector>

#include "base/log.h"

namespace fs {
namespace {

constexpr std::uint32_t kPreferredIo = 256u << 10;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

timespec ToTimespec(std::int64_t ns) {
  std::int64_t seconds = ns / kNsPerSecond;
  std::int64_t rest = ns % kNsPerSecond;
  if (rest < 0) {  // before 1970: nanoseconds count upwards from the second below
    rest += kNsPerSecond;
    --seconds;
  }
  return {.tv_sec = seconds, .tv_nsec = rest};
}

}  // namespace

struct stat ToStat(const meta::Inode& inode) {
  struct stat out {};
  out.st_ino = meta::Raw(inode.id);
  out.st_mode = inode.mode;
  out.st_nlink = inode.nlink;
  out.st_uid = inode.uid;
  out.st_gid = inode.gid;
  out.st_rdev = inode.rdev;
  out.st_size = static_cast<off_t>(S_ISLNK(inode.mode) ? inode.symlink_target.size() : inode.size);
  out.st_blksize = kPreferredIo;
  out.st_blocks = static_cast<blkcnt_t>((static_cast<std::uint64_t>(out.st_size) + 511) / 512);
  out.st_atim = ToTimespec(inode.atime_ns);
  out.st_mtim = ToTimespec(inode.mtime_ns);
  out.st_ctim = ToTimespec(inode.ctime_ns);
  return out;
}

fuse_entry_param ToEntry(const meta::Inode& inode, const KernelTimeouts& timeouts) {
  fuse_entry_param entry{};
  entry.ino = meta::Raw(inode.id);
  entry.generation = inode.generation;
  entry.attr = ToStat(inode);
  entry.attr_timeout = timeouts.attr;
  entry.entry_timeout = timeouts.entry;
  return entry;
}

Reply::Reply(fuse_req_t request, std::string_view operation)
    : state_(std::make_shared<State>(request, operation)) {}

Reply::State::~State() {
  if (Claim(Answered::kYes) != Answered::kNo) return;
  LOG_ERROR("request was never answered op={}", operation);
  fuse_reply_err(request, EIO);
}

Reply::Answered Reply::State::Claim(Answered how) {
  Answered before = Answered::kNo;
  if (!answered.compare_exchange_strong(before, how)) return before;
  if (waiting != nullptr) waiting->Remove(this);
  return Answered::kNo;
}

fuse_req_t Reply::Take() const {
  const Answered before = state_->Claim(Answered::kYes);
  if (before == Answered::kNo) return state_->request;
  if (before == Answered::kYes) LOG_ERROR("request answered twice op={}", state_->operation);
  return nullptr;
}

void Reply::LetEnd(Waiting& waiting) const {
  state_->waiting = &waiting;
  const pid_t thread = fuse_req_ctx(state_->request)->pid;
  waiting.Add(state_.get(), thread, [weak = std::weak_ptr(state_), thread] {
    const auto state = weak.lock();
    if (state == nullptr || state->Claim(Answered::kEnded) != Answered::kNo) return;
    LOG_INFO("op={} thread={}: told to end, it does not wait for the answer", state->operation,
             thread);
    fuse_reply_err(state->request, EINTR);
  });
}

void Reply::Errno(int errno_value) const {
  if (fuse_req_t request = Take()) fuse_reply_err(request, errno_value);
}

void Reply::Fail(const base::Error& error) const {
  const int errno_value = error.errno_value();
  switch (error.error_class()) {
    case base::ErrorClass::kNotFound:
    case base::ErrorClass::kExists:
    case base::ErrorClass::kInvalid:
    case base::ErrorClass::kUnsupported:
      LOG_DEBUG("op={} {}", state_->operation, error.ToString());
      break;
    default:
      LOG_WARN("op={} {}", state_->operation, error.ToString());
  }
  Errno(errno_value == 0 ? EIO : errno_value);
}

void Reply::Done(const base::Status& status) const {
  if (!status.ok()) return Fail(status.error());
  Errno(0);
}

void Reply::Entry(const meta::Inode& inode, const KernelTimeouts& timeouts) const {
  const fuse_entry_param entry = ToEntry(inode, timeouts);
  if (fuse_req_t request = Take()) fuse_reply_entry(request, &entry);
}

void Reply::NoEntry(const KernelTimeouts& timeouts) const {
  if (timeouts.negative <= 0) return Errno(ENOENT);
  fuse_entry_param entry{};
  entry.entry_timeout = timeouts.negative;
  if (fuse_req_t request = Take()) fuse_reply_entry(request, &entry);
}

void Reply::Attr(const meta::Inode& inode, const KernelTimeouts& timeouts) const {
  const struct stat attributes = ToStat(inode);
  if (fuse_req_t request = Take()) fuse_reply_attr(request, &attributes, timeouts.attr);
}

void Reply::Open(const fuse_file_info& info) const {
  if (fuse_req_t request = Take()) fuse_reply_open(request, &info);
}

void Reply::Created(const meta::Inode& inode, const KernelTimeouts& timeouts,
                    const fuse_file_info& info) const {
  const fuse_entry_param entry = ToEntry(inode, timeouts);
  if (fuse_req_t request = Take()) fuse_reply_create(request, &entry, &info);
}

void Reply::Bytes(const cache::PinnedBytes& bytes) const {
  constexpr std::size_t kInline = 16;
  iovec inline_pieces[kInline];
  std::vector<iovec> many;
  iovec* pieces = inline_pieces;
  if (bytes.pieces.size() > kInline) {
    many.resize(bytes.pieces.size());
    pieces = many.data();
  }
  for (std::size_t i = 0; i < bytes.pieces.size(); ++i) {
    const auto& span = bytes.pieces[i].bytes;
    pieces[i] = {const_cast<std::byte*>(span.data()), span.size()};  // NOLINT: iovec has no const
  }
  if (fuse_req_t request = Take()) {
    fuse_reply_iov(request, pieces, static_cast<int>(bytes.pieces.size()));
  }
}

void Reply::Buffer(std::string_view bytes) const {
  if (fuse_req_t request = Take()) fuse_reply_buf(request, bytes.data(), bytes.size());
}

void Reply::Written(std::size_t count) const {
  if (fuse_req_t request = Take()) fuse_reply_write(request, count);
}

void Reply::Link(const char* target) const {
  if (fuse_req_t request = Take()) fuse_reply_readlink(request, target);
}

void Reply::Xattr(std::size_t size) const {
  if (fuse_req_t request = Take()) fuse_reply_xattr(request, size);
}

void Reply::Offset(off_t offset) const {
  if (fuse_req_t request = Take()) fuse_reply_lseek(request, offset);
}

void Reply::StatFs(const struct statvfs& stat) const {
  if (fuse_req_t request = Take()) fuse_reply_statfs(request, &stat);
}

}  // namespace fs
