#include "objclient/auth/run_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/fd.h"

namespace objclient {

namespace {

using Time = std::chrono::steady_clock;
constexpr std::size_t kOutputBytesMax = 256 << 10;

// What posix_spawn is told; freed with it.
class SpawnSettings {
 public:
  explicit SpawnSettings(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawnattr_init(&attributes_);
    // A group of its own, so that its children can be killed with it; no signal blocked or ignored.
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  int Spawn(const std::string& command, pid_t& pid) {
    std::array<std::string, 3> words = {"sh", "-c", command};
    std::array<char*, 4> arguments = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    return posix_spawn(&pid, "/bin/sh", &actions_, &attributes_, arguments.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Waits until `fd` is readable; for a process's descriptor that is its end.
base::Status Await(int fd, Time::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Time::now());
    pollfd waiting{fd, POLLIN, 0};
    const int ready = left.count() > 0 ? poll(&waiting, 1, static_cast<int>(left.count())) : 0;
    if (ready > 0) return base::Ok();
    if (ready == 0) return base::Error(base::ErrorClass::kTimeout, "it did not end in time");
    if (errno != EINTR) return base::Error::FromErrno(errno, "poll");
  }
}

// Everything until the end of the stream; an error when it is too long or takes too long.
base::Status ReadAll(int fd, Time::time_point deadline, std::string& text) {
  text.reserve(kOutputBytesMax);  // one buffer: growing it would leave copies behind
  std::array<char, 4096> piece{};
  while (true) {
    TRY(Await(fd, deadline));
    const ssize_t count = read(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::Error::FromErrno(errno, "read its output");
    if (count == 0) return base::Ok();
    const bool fits = text.size() + static_cast<std::size_t>(count) <= kOutputBytesMax;
    if (fits) text.append(piece.data(), static_cast<std::size_t>(count));
    explicit_bzero(piece.data(), piece.size());
    if (!fits) return base::Error(base::ErrorClass::kInvalid, "it prints too much");
  }
}

base::Result<base::Secret> ReadUntilEnd(int output, pid_t pid, Time::time_point deadline) {
  std::string text;
  const base::Status done = ReadAll(output, deadline, text);
  base::Secret printed(std::move(text));  // what came before an error is wiped, too
  if (!done.ok()) return done.error();
  // sys/pidfd.h of glibc 2.36 declares its functions for C only.
  const base::UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (process) TRY(Await(process.get(), deadline));
  return printed;
}

// The status of a process that has ended or was killed.
int Reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

base::Result<base::Secret> RunProgram(const std::string& name, const std::string& command,
                                      std::chrono::milliseconds limit) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return base::Error::FromErrno(errno, "pipe");
  const base::UniqueFd output(ends[0]);
  base::UniqueFd input(ends[1]);
  pid_t pid = 0;
  const int failed = SpawnSettings(input.get()).Spawn(command, pid);
  if (failed != 0) return base::Error::FromErrno(failed, name + ": /bin/sh");
  input.Reset();

  auto text = ReadUntilEnd(output.get(), pid, Time::now() + limit);
  if (!text.ok()) kill(-pid, SIGKILL);
  const int status = Reap(pid);
  if (!text.ok()) return text.error().Annotate(name);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return text;
  const std::string how = WIFEXITED(status)
                              ? fmt::format("ended with status {}", WEXITSTATUS(status))
                              : fmt::format("was killed by signal {}", WTERMSIG(status));
  return base::Error(base::ErrorClass::kAuth, fmt::format("{} {}", name, how));
}

}  // namespace objclient
