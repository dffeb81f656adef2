// cairnfs version, and the flag that says the same
#include <CLI/CLI.hpp>
#include <cstdio>

#include "fs/cli/command.h"
#include "fs/version.h"

namespace fs::cli {

void AddVersionCommand(CLI::App& app, Run& chosen) {
  app.set_version_flag("-V,--version", std::string("cairnfs ") + kVersion, "Print the version");
  CLI::App* command = app.add_subcommand("version", "Print the version");
  command->callback([&chosen] {
    chosen = [] {
      std::printf("cairnfs %s\n", kVersion);
      return kDone;
    };
  });
}

}  // namespace fs::cli
