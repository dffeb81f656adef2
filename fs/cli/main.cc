// Entry of the `cairnfs` program: parses, runs the chosen command.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "base/options.h"
#include "fs/cli/command.h"

namespace fs::cli {

namespace {

// Every long option of the command that was chosen, or every command.
std::vector<std::string> Candidates(const CLI::App& app, bool options) {
  std::vector<std::string> names;
  if (!options) {
    for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
    return names;
  }
  for (const CLI::App* command : app.get_subcommands()) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

int FailUnknownCommand(const CLI::App& app, const std::vector<std::string>& words) {
  const std::vector<std::string> commands = Candidates(app, false);
  const std::string word = words.empty() ? "" : words.front();
  const std::string hint = base::Suggest(word, commands);
  std::string known;
  for (const std::string& command : commands) known += (known.empty() ? "" : ", ") + command;
  (void)Fail("unknown command '" + word + "'" +
             (hint.empty() ? "" : " (did you mean " + hint + "?)") + "; commands are: " + known);
  return kUsage;
}

// The word that the parser did not know, with what was probably meant.
int FailUnknown(const CLI::App& app, const std::vector<std::string>& words) {
  if (app.get_subcommands().empty()) return FailUnknownCommand(app, words);
  std::string message = "unknown argument";
  for (const std::string& word : words) {
    const std::string name = word.substr(0, word.find('='));
    message += " '" + word + "'";
    const std::string hint = base::Suggest(name, Candidates(app, name.starts_with("-")));
    if (!hint.empty()) message += " (did you mean " + hint + "?)";
  }
  (void)Fail(message + "; see cairnfs --help");
  return kUsage;
}

int Main(int argc, char** argv) {
  CLI::App app{"CairnFS mounts a bucket as a POSIX filesystem.", "cairnfs"};
  app.require_subcommand(0, 1);
  Run chosen;
  AddMountCommand(app, chosen);
  AddUmountCommand(app, chosen);
  AddInfoCommand(app, chosen);
  AddLsCommand(app, chosen);
  AddStatCommand(app, chosen);
  AddAclCommand(app, chosen);
  AddVersionCommand(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    return FailUnknown(app, app.remaining(true));
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? kDone : kUsage;
  }
  if (!chosen) {
    std::fputs(app.help().c_str(), stderr);
    return kUsage;
  }
  return chosen();
}

}  // namespace
}  // namespace fs::cli

int main(int argc, char** argv) {
  try {
    return fs::cli::Main(argc, argv);
  } catch (const std::exception& error) {
    return fs::cli::Fail(std::string("unexpected: ") + error.what());
  }
}
