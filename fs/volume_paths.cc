#include "fs/volume_paths.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/bytes.h"
#include "base/digest/digest.h"

namespace fs {
namespace {

constexpr std::string_view kAt = " at ";

std::filesystem::path DefaultRoot(const char* xdg_name, const char* for_root,
                                  const char* below_home, bool is_root,
                                  const Environment& environment) {
  if (const auto xdg = environment(xdg_name); xdg && !xdg->empty()) {
    return std::filesystem::path(*xdg) / "cairnfs";
  }
  if (is_root) return for_root;
  return std::filesystem::path(environment("HOME").value_or("/")) / below_home / "cairnfs";
}

}  // namespace

std::string VolumeIdentity(const objclient::BucketUrl& url, const objclient::StoreOptions& options,
                           const Environment& environment) {
  std::string identity = url.ToString();
  std::string endpoint = objclient::FindEndpoint(url, options, environment);
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if (!endpoint.empty()) identity += std::string(kAt) + endpoint;
  return identity;
}

std::pair<std::string, std::string> SplitVolumeIdentity(const std::string& identity) {
  const auto at = identity.rfind(kAt);
  // A prefix may hold the word as well; other than an endpoint it ends in '/'.
  if (at == std::string::npos || identity.ends_with('/')) return {identity, ""};
  return {identity.substr(0, at), identity.substr(at + kAt.size())};
}

std::filesystem::path DefaultStateDirectory(const std::string& identity, bool is_root,
                                            const Environment& environment) {
  constexpr std::size_t kDigestBytes = 8;
  const auto digest = base::Sha256(identity);
  return DefaultRoot("XDG_STATE_HOME", "/var/lib/cairnfs", ".local/state", is_root, environment) /
         base::HexLower(std::span(digest).first(kDigestBytes));
}

std::filesystem::path DefaultCacheDirectory(bool is_root, const Environment& environment) {
  return DefaultRoot("XDG_CACHE_HOME", "/var/cache/cairnfs", ".cache", is_root, environment);
}

std::uint64_t DefaultMemoryLimit() {
  struct sysinfo info {};
  std::uint64_t memory = 4 * base::kGiB;
  if (sysinfo(&info) == 0) memory = std::uint64_t{info.totalram} * info.mem_unit;
  if (const auto limit = base::ReadSmallFile("/sys/fs/cgroup/memory.max"); limit.ok()) {
    std::uint64_t bytes = 0;
    const auto parsed = std::from_chars(limit->data(), limit->data() + limit->size(), bytes);
    if (parsed.ec == std::errc()) memory = std::min(memory, bytes);
  }
  return std::clamp<std::uint64_t>(memory / 10, 256 * base::kMiB, base::kGiB);
}

base::Result<base::UniqueFd> LockStateDirectory(const std::filesystem::path& state_directory) {
  const std::filesystem::path path = state_directory / "lock";
  TRY_ASSIGN(base::UniqueFd fd, base::OpenFile(path, O_RDWR | O_CREAT));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return base::Error::FromErrno(errno, "lock " + path.string());
    const auto holder = base::ReadSmallFile(path);
    return base::Error(base::ErrorClass::kExists,
                       "state directory " + state_directory.string() + " is in use by process " +
                           (holder.ok() ? *holder : "?") +
                           ": this volume is mounted already; unmount it first, or give another "
                           "--state-dir",
                       EBUSY);
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(fd.get(), 0) != 0) return base::Error::FromErrno(errno, "write " + path.string());
  TRY(base::WriteFull(fd.get(), 0, std::as_bytes(std::span(pid))));
  return fd;
}

}  // namespace fs
