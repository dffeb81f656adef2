#include "objclient/auth/azure_cli_source.h"

#include <unistd.h>

#include <sstream>

#include "objclient/auth/run_program.h"

namespace objclient {

namespace {

constexpr std::chrono::seconds kLimit{30};  // it is slow

// In quotes that a shell takes as they are.
std::string Quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

AzureCliSource::AzureCliSource(SourceContext context) : context_(std::move(context)) {}

std::string AzureCliSource::Program() const {
  std::istringstream folders(context_.environment("PATH").value_or(""));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string path = folder + "/az";
    if (folder.starts_with('/') && access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

base::Result<Finding<AzureToken>> AzureCliSource::Load() {
  const std::string program = Program();
  if (program.empty()) return Finding<AzureToken>(NothingHere{"there is no az in PATH"});
  const std::string command = Quoted(program) + " account get-access-token --output json" +
                              " --resource " + kAzureStorageResource + " 2>/dev/null";
  auto document = RunProgram("az account get-access-token", command, kLimit);
  if (!document.ok()) {
    return Finding<AzureToken>(NothingHere{document.error().message() + " (az login?)"});
  }
  TRY_ASSIGN(AzureToken token, ParseTokenDocument(*document, "", context_.clock));
  token.origin = "az login, through " + program;
  return Finding<AzureToken>(std::move(token));
}

}  // namespace objclient
