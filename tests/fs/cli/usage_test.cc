#include "fs/cli/usage.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "fs/cli/command.h"

namespace fs::cli {
namespace {

// What the program says to a command line; empty when it takes it.
std::string Said(const std::vector<std::string>& words) {
  CLI::App app{"", "cairnfs"};
  app.require_subcommand(0, 1);
  Run chosen;
  AddMountCommand(app, chosen);
  AddUmountCommand(app, chosen);
  AddLsCommand(app, chosen);
  AddHelpCommand(app, chosen);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return DescribeUsage(app, error);
  }
  return {};
}

TEST(DescribeUsage, AnUnknownOptionIsNamedWhereverItStands) {
  const std::string said =
      "unknown option '--refesh' (did you mean --refresh?); see cairnfs mount --help";
  EXPECT_EQ(Said({"mount", "--refesh", "1s", "file:///b", "/m"}), said);
  EXPECT_EQ(Said({"mount", "file:///b", "/m", "--refesh", "1s"}), said);
  EXPECT_EQ(Said({"mount", "file:///b", "/m", "--refesh=1s"}), said);
  EXPECT_EQ(Said({"mount", "--refesh", "file:///b"}), said);
  EXPECT_EQ(Said({"mount", "--refesh", "1s", "--connections", "x", "file:///b", "/m"}), said);
  EXPECT_EQ(Said({"ls", "-lx", "/m"}), "unknown option '-x'; see cairnfs ls --help");
  EXPECT_EQ(Said({"--colour"}), "unknown option '--colour'; see cairnfs --help");
}

TEST(DescribeUsage, AnOptionBeforeItsCommandIsToldWhereItBelongs) {
  EXPECT_EQ(Said({"--refresh", "1s", "mount", "file:///b", "/m"}),
            "option '--refresh' belongs behind the command; see cairnfs mount --help");
}

TEST(DescribeUsage, AnUnknownCommandIsNamedWithThoseThereAre) {
  EXPECT_EQ(Said({"mout", "file:///b", "/m"}),
            "unknown command 'mout' (did you mean mount?); commands are: mount, umount, ls, help; "
            "see cairnfs --help");
}

TEST(DescribeUsage, WordsThatAreMissingOrTooMany) {
  EXPECT_EQ(Said({"mount", "file:///b"}), "DIR is missing; see cairnfs mount --help");
  EXPECT_EQ(Said({"mount", "file:///b", "/m", "--refresh"}),
            "--refresh needs a value; see cairnfs mount --help");
  EXPECT_EQ(Said({"mount", "file:///b", "/m", "ls"}),
            "'ls' is one word too many; see cairnfs mount --help");
}

TEST(DescribeUsage, AWrongValueNamesItsOptionAndWhatItTakes) {
  const auto begins = [](const std::string& said, const std::string& start) {
    EXPECT_EQ(said.substr(0, start.size()), start);
  };
  begins(Said({"mount", "--refresh", "1x", "file:///b", "/m"}),
         "--refresh: \"1x\" is not a duration: ");
  begins(Said({"mount", "--refresh", "--read-only", "file:///b", "/m"}),
         "--refresh: \"--read-only\" is not a duration: ");
  begins(Said({"umount", "--timeout", "soon", "/m"}), "--timeout: \"soon\" is not a duration: ");
  begins(Said({"mount", "--cache-size", "-5", "file:///b", "/m"}), "--cache-size: ");
  begins(Said({"mount", "--memory-limit", "1MiB", "file:///b", "/m"}),
         "--memory-limit: 1MiB is too small; the least that works is ");
  begins(Said({"mount", "--read-only=maybe", "file:///b", "/m"}),
         "--read-only: 'maybe' makes no sense; see ");
  begins(Said({"mount", "--uid", "root", "file:///b", "/m"}), "--uid: ");
  begins(Said({"mount", "ftp://host/x", "/m"}), "bucket URL 'ftp://host/x': unknown scheme");
  begins(Said({"ls", "s3://"}), "bucket URL 's3://': the bucket is missing");
}

TEST(DescribeUsage, WhatIsRightIsTaken) {
  EXPECT_EQ(Said({"mount", "file:///b", "/m", "--refresh", "never", "--cache-size", "0",
                  "--memory-limit", "128MiB"}),
            "");
  EXPECT_EQ(Said({"ls", "-la", "some/path"}), "");
  EXPECT_EQ(Said({"help", "mount"}), "");
  EXPECT_EQ(Said({"help", "mout"}), "there is no command 'mout'; see cairnfs help --help");
}

}  // namespace
}  // namespace fs::cli
