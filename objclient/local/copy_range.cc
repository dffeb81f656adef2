#include "objclient/local/copy_range.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <vector>

#include "base/fd.h"

namespace objclient {
namespace {

base::Status CopyThroughMemory(int source, base::ByteRange range, int target,
                               std::uint64_t target_offset) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(range.length, base::kMiB));
  for (std::uint64_t done = 0; done < range.length;) {
    const std::size_t step = std::min<std::uint64_t>(buffer.size(), range.length - done);
    const std::span<std::byte> piece(buffer.data(), step);
    TRY(base::ReadFull(source, range.offset + done, piece));
    TRY(base::WriteFull(target, target_offset + done, piece));
    done += step;
  }
  return base::Ok();
}

}  // namespace

base::Status CopyRange(int source, base::ByteRange range, int target, std::uint64_t target_offset) {
  auto from = static_cast<loff_t>(range.offset);
  auto to = static_cast<loff_t>(target_offset);
  std::uint64_t left = range.length;
  while (left > 0) {
    // One call is kept below 1 GiB: it cannot be interrupted by a signal.
    const ssize_t n =
        ::copy_file_range(source, &from, target, &to, std::min<std::uint64_t>(left, base::kGiB), 0);
    if (n > 0) {
      left -= static_cast<std::uint64_t>(n);
    } else if (n == 0) {
      return base::Error(base::ErrorClass::kConflict, "the source ended while it was copied");
    } else if (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS) {
      return CopyThroughMemory(source, {static_cast<std::uint64_t>(from), left}, target,
                               static_cast<std::uint64_t>(to));
    } else if (errno != EINTR) {
      return base::Error::FromErrno(errno, "copy_file_range");
    }
  }
  return base::Ok();
}

}  // namespace objclient
