// cairnfs umount DIR: waits until every byte is in the store, then unmounts and waits for the
// daemon.
#include <poll.h>
#include <unistd.h>
extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot that C++ exists
}

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/options.h"
#include "fs/cli/command.h"
#include "fs/cli/unmount.h"
#include "fs/cli/usage.h"
#include "fs/cli/volume_options.h"
#include "fs/mount_table.h"

namespace fs::cli {
namespace {

using std::chrono::steady_clock;

constexpr char kPatience[] = "5m";

struct UmountArguments {
  std::string directory;
  std::string timeout;  // empty = not given: 5m, or no wait when forced
  bool force = false;
};

// What the daemon says of itself (user.cairnfs.status).
struct DaemonStatus {
  pid_t pid = 0;
  std::uint64_t uploads = 0;
  std::uint64_t upload_bytes = 0;
  std::uint64_t settles = 0;
  std::uint64_t moves = 0;
  std::uint64_t deletes = 0;
  std::string last_error;
  bool busy() const { return uploads + settles > 0; }
};

base::Result<DaemonStatus> AskDaemon(const std::filesystem::path& directory) {
  TRY_ASSIGN(const std::string text, ReadXattr(directory, "user.cairnfs.status"));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return base::Error(base::ErrorClass::kInvalid, "the daemon's status is not readable");
  }
  DaemonStatus status;
  status.pid = json.value("pid", 0);
  status.uploads = json.value("uploads", std::uint64_t{0});
  status.upload_bytes = json.value("upload_bytes", std::uint64_t{0});
  status.settles = json.value("settles", std::uint64_t{0});
  status.moves = json.value("moves", status.settles);
  status.deletes = json.value("deletes", std::uint64_t{0});
  status.last_error = json.value("last_error", "");
  return status;
}

std::string Count(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

// "3 files to commit (12MiB), 1 file to move, 240 objects to delete"; empty when nothing is left.
std::string WhatIsLeft(const DaemonStatus& status) {
  std::string text;
  const auto add = [&text](std::uint64_t count, const std::string& what) {
    if (count > 0) text += (text.empty() ? "" : ", ") + what;
  };
  add(status.uploads, Count(status.uploads, "file", "files") + " to commit (" +
                          base::FormatSize(status.upload_bytes) + ")");
  add(status.moves, Count(status.moves, "file", "files") + " to move");
  add(status.deletes, Count(status.deletes, "object", "objects") + " to delete");
  return text;
}

std::string Describe(const DaemonStatus& status) {
  return WhatIsLeft(status) +
         (status.last_error.empty() ? "" : "; last error: " + status.last_error);
}

// What is being waited for, once that takes a moment: redrawn on a terminal, elsewhere a line when
// it changed, and now and then when it did not.
class Progress {
 public:
  ~Progress() {
    if (terminal_ && !shown_.empty()) std::fputs("\r\033[K", stderr);
  }
  void Show(const std::string& text) {
    const auto now = steady_clock::now();
    if (now < began_ + kQuiet) return;
    const auto pause = terminal_ ? kRedraw : text == shown_ ? kReminder : kLine;
    if (!shown_.empty() && now < shown_at_ + pause) return;
    std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", text.c_str());
    shown_ = text;
    shown_at_ = now;
  }

 private:
  static constexpr std::chrono::seconds kQuiet{2};
  static constexpr std::chrono::seconds kRedraw{1};
  static constexpr std::chrono::seconds kLine{5};
  static constexpr std::chrono::seconds kReminder{60};
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  const steady_clock::time_point began_ = steady_clock::now();
  std::string shown_;
  steady_clock::time_point shown_at_;
};

// Whether there is something to wait for. When only objects that no name leads to are left to be
// deleted, and that does not get on, there is not: the daemon does it after the unmount as well,
// and the next mount goes on with it.
class Wait {
 public:
  bool IsWorthIt(const DaemonStatus& status) {
    const auto now = steady_clock::now();
    if (status.busy() || status.deletes < deletes_) fell_at_ = now;
    deletes_ = status.deletes;
    return status.busy() || (deletes_ > 0 && now < fell_at_ + kStuck);
  }

 private:
  static constexpr std::chrono::seconds kStuck{10};
  std::uint64_t deletes_ = 0;
  steady_clock::time_point fell_at_ = steady_clock::now();
};

// Until nothing is left or the deadline passes.
base::Result<DaemonStatus> WaitForUploads(const std::filesystem::path& directory,
                                          steady_clock::time_point deadline) {
  constexpr auto kPoll = std::chrono::milliseconds(50);
  Progress progress;
  Wait wait;
  while (true) {
    TRY_ASSIGN(const DaemonStatus status, AskDaemon(directory));
    if (!wait.IsWorthIt(status) || steady_clock::now() >= deadline) return status;
    progress.Show("waiting: " + Describe(status));
    std::this_thread::sleep_for(kPoll);
  }
}

// A descriptor of the daemon's process: readable when it has ended, whoever its parent is, and
// never another process of the same number.
base::UniqueFd OpenProcess(pid_t pid) { return base::UniqueFd(pid > 0 ? pidfd_open(pid, 0) : -1); }

bool WaitForExit(const base::UniqueFd& process, const DaemonStatus& last,
                 std::chrono::milliseconds limit) {
  constexpr std::chrono::milliseconds kLook{1000};
  const std::string left = WhatIsLeft(last);
  if (!process) return true;  // it was gone before we looked
  const auto deadline = steady_clock::now() + limit;
  pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
  Progress progress;
  while (true) {
    const auto rest =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
    if (rest.count() <= 0) return false;
    const int count = poll(&ended, 1, static_cast<int>(std::min(rest, kLook).count()));
    if (count > 0 || (count < 0 && errno != EINTR)) return count > 0;
    progress.Show("unmounted; waiting for process " + std::to_string(last.pid) + " to finish" +
                  (left.empty() ? "" : ", with at most " + left));
  }
}

base::Status Umount(const UmountArguments& arguments) {
  std::filesystem::path directory =
      std::filesystem::absolute(arguments.directory).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();
  TRY_ASSIGN(const std::string mountinfo, ReadMountInfo());
  const auto entry = FindMountEntry(mountinfo, directory.string());
  if (!entry || entry->type != "fuse.cairnfs") {
    return base::Error(base::ErrorClass::kInvalid,
                       "no cairnfs is mounted at " + directory.string());
  }
  const std::string unsaid = arguments.force ? "0s" : kPatience;
  const std::string& wait = arguments.timeout.empty() ? unsaid : arguments.timeout;
  TRY_ASSIGN(const auto timeout, base::ParseDuration(wait));
  constexpr std::chrono::milliseconds kNever = std::chrono::hours(24 * 365);
  const auto deadline = steady_clock::now() + timeout.value_or(kNever);

  auto status = WaitForUploads(directory, deadline);
  if (!status.ok() && status.error().errno_value() == ENOTCONN) {
    // The daemon died: nobody is there to wait for, what it staged is sent at the next mount.
    return Unmount(directory, true);
  }
  if (!status.ok()) return status.error();
  if (status->busy() && !arguments.force) {
    return base::Error(base::ErrorClass::kTimeout,
                       "still mounted after " + wait + ": " + Describe(*status) +
                           ". Wait longer (--timeout), or unmount anyway with --force: the bytes "
                           "stay in the state directory and are sent at the next mount");
  }
  const base::UniqueFd process = OpenProcess(status->pid);
  TRY(Unmount(directory, arguments.force));
  // The daemon closes its database after the kernel let go; only then may the next mount begin.
  constexpr auto kExitLimit = std::chrono::seconds(90);
  if (!WaitForExit(process, *status, kExitLimit)) {
    return base::Error(base::ErrorClass::kTimeout,
                       "unmounted here, but process " + std::to_string(status->pid) +
                           " still runs: it sends what is left (see its log), or a container that "
                           "was started meanwhile still sees the mount");
  }
  return base::Ok();
}

}  // namespace

void AddUmountCommand(CLI::App& app, Run& chosen) {
  CLI::App* command =
      app.add_subcommand("umount", "Wait for uploads, then unmount")->alias("unmount");
  auto arguments = std::make_shared<UmountArguments>();
  command->add_option("DIR", arguments->directory, "Where the bucket is mounted")->required();
  command
      ->add_option("--timeout", arguments->timeout,
                   "Longest wait for uploads: 30s, never (default: 5m; with --force: no wait)")
      ->check(IsDuration());
  command->add_flag("--force", arguments->force,
                    "Unmount even when bytes are left (they stay staged) or files are open");
  command->callback([arguments, &chosen] {
    chosen = [arguments] {
      const base::Status status = Umount(*arguments);
      return status.ok() ? kDone : Fail(status.error().message());
    };
  });
}

}  // namespace fs::cli
