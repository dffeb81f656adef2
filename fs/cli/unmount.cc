#include "fs/cli/unmount.h"

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "fs/cli/volume_options.h"

namespace fs::cli {
namespace {

base::Status RunFusermount(const std::filesystem::path& directory, bool force) {
  const pid_t pid = fork();
  if (pid < 0) return base::Error::FromErrno(errno, "fork");
  if (pid == 0) {
    const char* const how = force ? "-uz" : "-u";
    execlp("fusermount3", "fusermount3", how, directory.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  if (waitpid(pid, &status, 0) < 0) return base::Error::FromErrno(errno, "waitpid");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return base::Ok();
  return base::Error(base::ErrorClass::kIo,
                     "fusermount3 -u " + directory.string() + " failed; its message above says why",
                     EBUSY);
}

}  // namespace

base::Status Unmount(const std::filesystem::path& directory, bool force) {
  if (geteuid() != 0) return RunFusermount(directory, force);
  // Detached alone, the daemon would serve those who have files open for as long as they like.
  if (umount2(directory.c_str(), force ? MNT_FORCE | MNT_DETACH : 0) == 0) return base::Ok();
  if (errno == EBUSY) {
    return base::Error(base::ErrorClass::kIo,
                       directory.string() +
                           " is in use: a process has files open in it or works "
                           "below it (fuser -vm " +
                           directory.string() + ")",
                       EBUSY);
  }
  return base::Error::FromErrno(errno, "unmount " + directory.string());
}

bool IsDeadMount(const std::filesystem::path& directory) {
  // The kernel answers much else, attributes among it, for a while longer.
  const auto status = ReadXattr(directory, "user.cairnfs.status");
  return !status.ok() && status.error().errno_value() == ENOTCONN;
}

}  // namespace fs::cli
