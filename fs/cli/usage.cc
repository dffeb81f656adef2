#include "fs/cli/usage.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "base/bytes.h"
#include "base/options.h"
#include "objclient/open_store.h"

namespace fs::cli {
namespace {

std::vector<std::string> CommandsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

void AddOptionsOf(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
}

const CLI::App* ChosenOf(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? nullptr : chosen.front();
}

std::string Meant(const std::string& hint) {
  return hint.empty() ? "" : " (did you mean " + hint + "?)";
}

std::string UnknownCommand(const CLI::App& app, const std::string& word) {
  const std::vector<std::string> commands = CommandsOf(app);
  std::string known;
  for (const std::string& command : commands) known += (known.empty() ? "" : ", ") + command;
  return "unknown command '" + word + "'" + Meant(base::Suggest(word, commands)) +
         "; commands are: " + known;
}

std::string UnknownOption(const CLI::App& app, const std::string& name) {
  std::vector<std::string> known;
  AddOptionsOf(app, known);
  const CLI::App* const chosen = ChosenOf(app);
  if (chosen != nullptr) AddOptionsOf(*chosen, known);
  const std::string hint = base::Suggest(name, known);
  // It is known: only not where it stands, in front of the command.
  if (hint == name) return "option '" + name + "' belongs behind the command";
  return "unknown option '" + name + "'" + Meant(hint);
}

bool IsOption(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

// What the library says, in our words where it has none for people.
std::string Complaint(const CLI::ParseError& error) {
  const std::string text = error.what();
  const std::size_t colon = text.find(": ");
  if (error.get_name() == "RequiredError") {
    return text.substr(0, text.find(" is required")) + " is missing";
  }
  if (error.get_name() == "ArgumentMismatch" && text.ends_with(" missing")) {
    return text.substr(0, colon) + " needs a value";
  }
  const std::size_t equals = text.find(" = ");
  if (error.get_name() == "ConversionError" && colon < equals && equals != std::string::npos) {
    return text.substr(colon + 2, equals - colon - 2) + ": '" + text.substr(equals + 3) +
           "' makes no sense";
  }
  // The name of a word that has none on the command line says nothing.
  const bool positional = error.get_name() == "ValidationError" && !IsOption(text);
  return positional && colon != std::string::npos ? text.substr(colon + 2) : text;
}

std::string Problem(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining(true);
  for (const std::string& word : unknown) {
    if (IsOption(word)) return UnknownOption(app, word.substr(0, word.find('=')));
  }
  if (unknown.empty()) return Complaint(error);
  if (ChosenOf(app) == nullptr) return UnknownCommand(app, unknown.front());
  return "'" + unknown.front() + "' is one word too many";
}

template <typename T>
std::string MessageOf(const base::Result<T>& parsed) {
  return parsed.ok() ? "" : parsed.error().message();
}

}  // namespace

std::string DescribeUsage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* const chosen = ChosenOf(app);
  const std::string command = chosen == nullptr ? "" : chosen->get_name() + " ";
  return Problem(app, error) + "; see cairnfs " + command + "--help";
}

ValueCheck IsDuration() {
  return [](const std::string& text) { return MessageOf(base::ParseDuration(text)); };
}

ValueCheck IsSize(std::uint64_t least) {
  return [least](const std::string& text) {
    const auto size = base::ParseSize(text);
    if (!size.ok() || *size >= least) return MessageOf(size);
    return text + " is too small; the least that works is " + base::FormatSize(least);
  };
}

ValueCheck IsUrl() {
  return [](const std::string& text) { return MessageOf(objclient::ParseBucketUrl(text)); };
}

ValueCheck IsUrlOrPath() {
  return [](const std::string& text) {
    return objclient::IsBucketUrl(text) ? MessageOf(objclient::ParseBucketUrl(text)) : "";
  };
}

}  // namespace fs::cli
