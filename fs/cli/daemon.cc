#include "fs/cli/daemon.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "fs/cli/command.h"

namespace fs::cli {
namespace {

constexpr char kReadyByte = '\x06';  // ASCII ACK; anything else is the text of a failure

[[noreturn]] void WaitForChild(int from_child) {
  std::string report;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t count = read(from_child, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    report.append(buffer.data(), static_cast<std::size_t>(count));
    if (report.front() == kReadyByte) _exit(kDone);
  }
  if (report.empty()) report = "the daemon ended before the mount worked; see its log";
  std::fprintf(stderr, "cairnfs: %s\n", report.c_str());
  _exit(kFailed);
}

// Errors are ignored: the parent may have been killed, and the mount goes on without it.
void Send(const base::UniqueFd& fd, std::string_view text) {
  if (write(fd.get(), text.data(), text.size()) < 0) return;
}

}  // namespace

base::Result<Readiness> Detach() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return base::Error::FromErrno(errno, "pipe");
  base::UniqueFd from_child(ends[0]);
  base::UniqueFd to_parent(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return base::Error::FromErrno(errno, "fork");
  if (pid > 0) {
    to_parent.Reset();
    WaitForChild(from_child.get());
  }
  setsid();
  if (chdir("/") != 0) return base::Error::FromErrno(errno, "chdir /");
  return Readiness(std::move(to_parent));
}

void Readiness::Ready() {
  if (!detached()) return;
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (null >= 0) dup2(null, standard);
  }
  if (null > STDERR_FILENO) close(null);
  Send(to_parent_, {&kReadyByte, 1});
  to_parent_.Reset();
}

void Readiness::Failed(const std::string& message) {
  if (!detached()) {
    (void)Fail(message);
    return;
  }
  Send(to_parent_, message);
  to_parent_.Reset();
}

}  // namespace fs::cli
