#include "objclient/local/temp_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/digest/digest.h"
#include "objclient/local/object_attrs.h"

namespace objclient {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr std::int64_t kSecondNs = 1'000'000'000;
// Between creating and locking a file its owner looks dead, hence the minute.
constexpr std::int64_t kStartingNs = 60 * kSecondNs;
constexpr std::int64_t kAbandonedNs = kSecondNs * 3600 * 24;

std::string NewName() { return base::RandomHex(12); }

}  // namespace

TempFile::TempFile(base::UniqueFd directory, base::UniqueFd fd, std::string name)
    : directory_(std::move(directory)), fd_(std::move(fd)), name_(std::move(name)) {}

TempFile::~TempFile() {
  // After a rename the name is gone, unless both were links of one file.
  if (directory_) ::unlinkat(directory_.get(), name_.c_str(), 0);
}

base::Result<TempFile> TempFile::Create(const LocalTree& tree) {
  TRY_ASSIGN(base::UniqueFd directory, tree.EnsureDirectory(LocalTree::kTempDirectory));
  std::string name = NewName();
  base::UniqueFd fd(::openat(directory.get(), name.c_str(),
                             O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!fd) {
    return base::Error::FromErrno(errno,
                                  fmt::format("create {}/{}", LocalTree::kTempDirectory, name));
  }
  // Where the file system has no locks the sweep goes by age alone.
  static_cast<void>(::flock(fd.get(), LOCK_EX | LOCK_NB));
  return TempFile(std::move(directory), std::move(fd), std::move(name));
}

base::Result<TempFile> TempFile::CreateLink(const LocalTree& tree, int existing) {
  TRY_ASSIGN(base::UniqueFd directory, tree.EnsureDirectory(LocalTree::kTempDirectory));
  std::string name = NewName();
  const std::string source = fmt::format("/proc/self/fd/{}", existing);
  if (::linkat(AT_FDCWD, source.c_str(), directory.get(), name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return base::Error(base::ErrorClass::kUnsupported, "this file cannot be linked");
  }
  return TempFile(std::move(directory), base::UniqueFd(), std::move(name));
}

void TempFile::Sweep(const LocalTree& tree, std::int64_t now_ns) {
  const auto directory = tree.OpenBeneath(LocalTree::kTempDirectory, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return;
  const auto entries = LocalTree::ReadDirectory(directory->get(), "tmp/");
  if (!entries.ok()) return;
  for (const TreeEntry& entry : *entries) {
    const base::UniqueFd fd(::openat(directory->get(), entry.name.c_str(),
                                     O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status;
    if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    const std::int64_t age_ns = now_ns - MtimeNs(status);
    const bool dead = age_ns > kStartingNs && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
    if (dead || age_ns > kAbandonedNs) ::unlinkat(directory->get(), entry.name.c_str(), 0);
  }
}

}  // namespace objclient
