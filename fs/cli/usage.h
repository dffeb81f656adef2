// Wrong usage, told in one line: what was typed, what it lacks, and what was probably meant. Pure
// functions of the parser's state; used by main once it has parsed, and by the commands for the
// words that need more than a type.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace fs::cli {

// "unknown option '--refesh' (did you mean --refresh?); see cairnfs mount --help". An option that
// nobody knows comes first: what it did to the words behind it is no error of its own.
std::string DescribeUsage(const CLI::App& app, const CLI::ParseError& error);

// Checks of values, in the form that CLI::Option::check takes: empty when all is well.
using ValueCheck = std::function<std::string(const std::string&)>;
ValueCheck IsDuration();
// At least `least` bytes.
ValueCheck IsSize(std::uint64_t least = 0);
// A bucket URL.
ValueCheck IsUrl();
// A bucket URL, or a path.
ValueCheck IsUrlOrPath();

}  // namespace fs::cli
