// RunProgram: runs a command line that prints credentials, and takes what it prints. Any thread;
// blocks until the program ends or its time is over.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace objclient {

// `command` goes to /bin/sh. Its standard error is ours, for people; its output is no part of any
// message. An error for a status other than 0; the program and its children are killed after
// `limit`. `name` is what messages call it.
base::Result<base::Secret> RunProgram(const std::string& name, const std::string& command,
                                      std::chrono::milliseconds limit);

}  // namespace objclient
