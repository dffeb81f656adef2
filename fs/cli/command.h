// The commands of the `cairnfs` program: one file a command. Each adds its own subcommand to the
// parser and runs when chosen. Exit status: 0 done, 1 failed (the reason is on stderr), 2 wrong
// usage.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace fs::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

// What a command leaves behind for main: how to run it, set by the parser when it was chosen.
using Run = std::function<int()>;

void AddAclCommand(CLI::App& app, Run& chosen);
void AddMountCommand(CLI::App& app, Run& chosen);
void AddUmountCommand(CLI::App& app, Run& chosen);
void AddInfoCommand(CLI::App& app, Run& chosen);
void AddLsCommand(CLI::App& app, Run& chosen);
void AddStatCommand(CLI::App& app, Run& chosen);
void AddHelpCommand(CLI::App& app, Run& chosen);
void AddVersionCommand(CLI::App& app, Run& chosen);

// "cairnfs: message" on stderr; returns kFailed.
int Fail(const std::string& message);
// The same for words that make no sense; returns kUsage.
int FailUsage(const std::string& message);

}  // namespace fs::cli
