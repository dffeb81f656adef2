// ReadTokenFile: a token that another program keeps fresh in a file; read at every renewal. Blocks
// on the disk; any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace objclient {

// Without the blanks and line ends around it. kInvalid for an empty one and for one that holds
// blanks or control characters, which would break the request it goes into.
base::Result<base::Secret> ReadTokenFile(const std::string& path);

}  // namespace objclient
