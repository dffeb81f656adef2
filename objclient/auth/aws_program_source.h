// AwsProgramSource: a program that prints keys, the `credential_process` of a profile.
// See CredentialSource for owner and threads.
#pragma once

#include <string>

#include "objclient/auth/credential_source.h"
#include "objclient/auth/source_context.h"

namespace objclient {

class AwsProgramSource final : public CredentialSource {
 public:
  // `profile` is what messages call it: the command line may hold what nobody should read.
  AwsProgramSource(SourceContext context, std::string command, std::string profile);
  std::string name() const override { return "credential_process"; }
  base::Result<Finding<Credentials>> Load() override;

 private:
  const SourceContext context_;
  const std::string command_;
  const std::string profile_;
};

}  // namespace objclient
