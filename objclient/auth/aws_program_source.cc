#include "objclient/auth/aws_program_source.h"

#include <fmt/format.h>

#include "objclient/auth/key_document.h"
#include "objclient/auth/run_program.h"

namespace objclient {

namespace {
constexpr std::chrono::seconds kLimit{60};  // a person may have to confirm something
}

AwsProgramSource::AwsProgramSource(SourceContext context, std::string command, std::string profile)
    : context_(std::move(context)), command_(std::move(command)), profile_(std::move(profile)) {}

base::Result<Finding<Credentials>> AwsProgramSource::Load() {
  const std::string what = fmt::format("credential_process of profile '{}'", profile_);
  TRY_ASSIGN(const base::Secret document, RunProgram(what, command_, kLimit));
  auto keys = ParseKeyDocument(document, "SessionToken", "", context_.clock);
  if (!keys.ok()) return keys.error().Annotate(what);
  keys->origin = what;
  return Finding<Credentials>(std::move(*keys));
}

}  // namespace objclient
