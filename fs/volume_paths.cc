#include "fs/volume_paths.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "base/digest/digest.h"

namespace fs {
namespace {

constexpr std::string_view kAt = " at ";

constexpr std::string_view kUnmounted = " unmounted";  // behind the holder's number, in the lock

// The system's word on the user's home, for services and cron jobs, which have no $HOME.
std::optional<std::filesystem::path> HomeOf(const Environment& environment) {
  if (const auto home = environment("HOME"); home && !home->empty()) return *home;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> text{};
  getpwuid_r(geteuid(), &entry, text.data(), text.size(), &found);
  if (found == nullptr || *found->pw_dir == '\0') return std::nullopt;
  return found->pw_dir;
}

base::Result<std::filesystem::path> DefaultRoot(const char* xdg_name, const char* for_root,
                                                const char* below_home, const char* option,
                                                bool is_root, const Environment& environment) {
  if (const auto xdg = environment(xdg_name); xdg && !xdg->empty()) {
    return std::filesystem::path(*xdg) / "cairnfs";
  }
  if (is_root) return std::filesystem::path(for_root);
  const auto home = HomeOf(environment);
  if (home) return *home / below_home / "cairnfs";
  return base::Error(base::ErrorClass::kInvalid,
                     fmt::format("HOME is not set, and the system knows no home of this user: say "
                                 "with {} where to keep things",
                                 option));
}

base::Error InUse(const std::filesystem::path& state_directory, std::string holder) {
  const bool unmounted = holder.ends_with(kUnmounted);
  if (unmounted) holder.resize(holder.size() - kUnmounted.size());
  const char* const why =
      unmounted ? ": this volume was unmounted, and what is left is still being sent, for a minute "
                  "at most; mount again when the process has ended"
                : ": this volume is mounted already; unmount it first, or give another --state-dir";
  return {base::ErrorClass::kExists,
          "state directory " + state_directory.string() + " is in use by process " + holder + why,
          EBUSY};
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

base::Result<std::filesystem::path> DefaultStateDirectory(const std::string& identity, bool is_root,
                                                          const Environment& environment) {
  constexpr std::size_t kDigestBytes = 8;
  const auto digest = base::Sha256(identity);
  TRY_ASSIGN(const std::filesystem::path root,
             DefaultRoot("XDG_STATE_HOME", "/var/lib/cairnfs", ".local/state", "--state-dir",
                         is_root, environment));
  return root / base::HexLower(std::span(digest).first(kDigestBytes));
}

base::Result<std::filesystem::path> DefaultCacheDirectory(bool is_root,
                                                          const Environment& environment) {
  return DefaultRoot("XDG_CACHE_HOME", "/var/cache/cairnfs", ".cache", "--cache-dir", is_root,
                     environment);
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

base::Status MakeStateDirectory(const std::filesystem::path& state_directory) {
  const base::Status made = base::MakeDirectories(state_directory);
  if (made.ok()) return made;
  return made.error().Annotate("state directory (another one: --state-dir)");
}

base::Result<base::UniqueFd> LockStateDirectory(const std::filesystem::path& state_directory) {
  const std::filesystem::path path = state_directory / "lock";
  TRY_ASSIGN(base::UniqueFd fd, base::OpenFile(path, O_RDWR | O_CREAT));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return base::Error::FromErrno(errno, "lock " + path.string());
    const auto holder = base::ReadSmallFile(path);
    return InUse(state_directory, holder.ok() ? *holder : "?");
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(fd.get(), 0) != 0) return base::Error::FromErrno(errno, "write " + path.string());
  TRY(base::WriteFull(fd.get(), 0, std::as_bytes(std::span(pid))));
  return fd;
}

base::Status NoteUnmounted(const base::UniqueFd& lock) {
  const std::string note = std::to_string(getpid()) + std::string(kUnmounted);
  return base::WriteFull(lock.get(), 0, std::as_bytes(std::span(note)));
}

}  // namespace fs
