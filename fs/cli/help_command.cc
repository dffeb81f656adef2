// cairnfs help [COMMAND]
#include <CLI/CLI.hpp>
#include <cstdio>

#include "fs/cli/command.h"

namespace fs::cli {

void AddHelpCommand(CLI::App& app, Run& chosen) {
  CLI::App* command = app.add_subcommand("help", "Show the commands, or the options of one");
  auto name = std::make_shared<std::string>();
  // Checked like every word, so that a wrong one is wrong usage.
  command->add_option("COMMAND", *name, "Name of a command")
      ->check([&app](const std::string& word) {
        const auto known = app.get_subcommands(
            [&word](const CLI::App* candidate) { return candidate->check_name(word); });
        return known.empty() ? "there is no command '" + word + "'" : std::string();
      });
  command->callback([name, &app, &chosen] {
    chosen = [name, &app] {
      const CLI::App& asked = name->empty() ? app : *app.get_subcommand(*name);
      const std::string program = name->empty() ? "cairnfs" : "cairnfs " + asked.get_name();
      // Not App::help: it would speak of the command that was chosen, which is this one.
      const std::string text =
          app.get_formatter()->make_help(&asked, program, CLI::AppFormatMode::Normal);
      std::fputs(text.c_str(), stdout);
      return kDone;
    };
  });
}

}  // namespace fs::cli
