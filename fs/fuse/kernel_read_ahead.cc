#include "fs/fuse/kernel_read_ahead.h"

#include <fcntl.h>

#include <span>
#include <string>

#include "base/fd.h"
#include "fs/mount_table.h"

namespace fs {

base::Status RaiseKernelReadAhead(const std::filesystem::path& mount_point, std::uint32_t kib) {
  TRY_ASSIGN(const std::string mountinfo, ReadMountInfo());
  const auto entry = FindMountEntry(mountinfo, mount_point.string());
  if (!entry) {
    return base::Error(base::ErrorClass::kNotFound,
                       mount_point.string() + " is not in /proc/self/mountinfo");
  }
  const std::filesystem::path knob = "/sys/class/bdi/" + entry->device + "/read_ahead_kb";
  TRY_ASSIGN(const base::UniqueFd fd, base::OpenFile(knob, O_WRONLY));
  const std::string text = std::to_string(kib);
  return base::WriteFull(fd.get(), 0, std::as_bytes(std::span(text)));
}

}  // namespace fs
