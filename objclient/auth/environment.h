// Environment: where variables come from, as a dependency: the process's in the program, a map in
// tests. Called on one thread at a time.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace objclient {

// The variable's value; nothing when it is unset or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment ProcessEnvironment();

// Whether a variable says yes: "true", "yes", "on" or "1", in any case.
bool IsSwitchedOn(const Environment& environment, const std::string& name);

}  // namespace objclient
