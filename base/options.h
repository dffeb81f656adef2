// The options of `cairnfs mount`, as a table: the command line is built from it and the man page is
// checked against it, so that neither can forget one. Values and pure functions, any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace base {

struct OptionRow {
  std::string name;          // long form without the dashes: "cache-dir"
  char short_name = 0;       // 'f' for -f, 0 when there is none
  std::string argument;      // "DIR", "SIZE"; empty for a switch
  std::string default_text;  // for people: "60s", "a tenth of memory, ..."; empty = off or not set
  std::string unit;          // what a bare number means: "bytes", "seconds"; empty when it has none
  std::string help;          // one line, no full stop
  std::string group = {};    // heading in --help; empty = the common one
};

// In the order in which --help shows them.
const std::vector<OptionRow>& MountOptionTable();

// "-f,--foreground" or "--cache-dir".
std::string OptionFlags(const OptionRow& row);
// The help line with unit and default: "bytes kept on disk (SIZE, bytes; default: 10GiB)".
std::string OptionHelp(const OptionRow& row);

// The candidate closest to `unknown`, for "did you mean --cache-dir?"; empty when none is close
// enough to be meant.
std::string Suggest(std::string_view unknown, const std::vector<std::string>& candidates);

// "60s", "5m", "250ms", "1h", "2d"; a bare number is seconds; "never" is nullopt. kInvalid with a
// hint otherwise.
Result<std::optional<std::chrono::milliseconds>> ParseDuration(std::string_view text);

}  // namespace base
