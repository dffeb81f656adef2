#include "fs/fuse/waiting.h"

#include <charconv>
#include <csignal>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace fs {
namespace {

constexpr std::uint64_t Bit(int signal) { return std::uint64_t{1} << (signal - 1); }

std::uint64_t SignalsOf(std::string_view status, std::string_view field) {
  std::uint64_t signals = 0;
  const std::size_t at = status.find(field);
  if (at == std::string_view::npos) return 0;
  const std::string_view digits = status.substr(at + field.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), signals, 16);
  return signals;
}

// The word of that number; the second may hold anything, in parentheses.
std::uint64_t FieldOf(std::string_view stat, int number) {
  std::size_t at = stat.rfind(')');
  for (int field = 2; at != std::string_view::npos && field < number; ++field) {
    at = stat.find(' ', at + 1);
  }
  std::uint64_t value = 0;
  if (at == std::string_view::npos) return 0;
  std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), value);
  return value;
}

bool EndsByItsProcFiles(pid_t thread) {
  if (thread <= 0) return false;  // of a container that we cannot look into
  const std::string folder = "/proc/" + std::to_string(thread);
  const auto status = base::ReadSmallFile(folder + "/status");
  const auto stat = base::ReadSmallFile(folder + "/stat");
  return status.ok() && stat.ok() && IsToldToEnd(*status, *stat);
}

}  // namespace

bool IsToldToEnd(std::string_view status, std::string_view stat) {
  // A signal that ends a process puts SIGKILL before each of its threads.
  const std::uint64_t own = SignalsOf(status, "\nSigPnd:\t");
  const std::uint64_t shared = SignalsOf(status, "\nShdPnd:\t");
  const std::uint64_t blocked = SignalsOf(status, "\nSigBlk:\t");
  const std::uint64_t ending = Bit(SIGKILL) | ((Bit(SIGINT) | Bit(SIGQUIT)) & ~blocked);
  if (((own | shared) & ending) != 0) return true;
  constexpr int kFlags = 9;
  constexpr int kExitCode = 52;
  constexpr std::uint64_t kExiting = 0x4;  // PF_EXITING
  constexpr std::uint64_t kSignal = 0x7f;
  return (FieldOf(stat, kFlags) & kExiting) != 0 && (FieldOf(stat, kExitCode) & kSignal) != 0;
}

Waiting::Waiting() : Waiting(Options{.ends = EndsByItsProcFiles}) {}

Waiting::Waiting(Options options) : options_(std::move(options)), timer_("waiting") {}

void Waiting::Add(const void* who, pid_t thread, std::function<void()> answer) {
  {
    base::MutexLock lock(mutex_);
    callers_[who] = {.thread = thread, .seen = false, .answer = std::move(answer)};
    if (std::exchange(armed_, true)) return;
  }
  timer_.After(options_.period, [this] { Look(); });
}

void Waiting::Remove(const void* who) {
  std::function<void()> answer;  // ends without the lock
  base::MutexLock lock(mutex_);
  const auto found = callers_.find(who);
  if (found == callers_.end()) return;
  answer = std::move(found->second.answer);
  callers_.erase(found);
}

void Waiting::Look() {
  std::vector<std::pair<pid_t, std::function<void()>>> asked;
  {
    base::MutexLock lock(mutex_);
    for (auto& [who, caller] : callers_) {
      if (std::exchange(caller.seen, true)) asked.emplace_back(caller.thread, caller.answer);
    }
    armed_ = !callers_.empty();
    if (!armed_) return;
  }
  for (const auto& [thread, answer] : asked) {
    if (options_.ends(thread)) answer();
  }
  timer_.After(options_.period, [this] { Look(); });
}

}  // namespace fs
