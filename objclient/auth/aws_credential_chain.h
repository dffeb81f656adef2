// The order in which credentials for S3 are looked for (docs/credentials.md): variables, files,
// what the machine offers, nobody.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "objclient/auth/credential_source.h"
#include "objclient/auth/source_context.h"

namespace objclient {

// `profile` is what the caller asked for: it takes the place of the variables, as in the cloud's
// own tools. The last source always has something: no credentials at all, which is anonymous.
std::vector<std::unique_ptr<CredentialSource>> AwsCredentialChain(const SourceContext& context,
                                                                  const std::string& profile,
                                                                  const std::string& region);

}  // namespace objclient
