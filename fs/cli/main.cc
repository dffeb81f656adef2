// Entry of the `cairnfs` program: parses, runs the chosen command.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "fs/cli/command.h"
#include "fs/cli/usage.h"

namespace fs::cli {

namespace {

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
  AddHelpCommand(app, chosen);
  AddVersionCommand(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    return FailUsage(DescribeUsage(app, error));
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
