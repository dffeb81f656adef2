// FormBody: the fields of an HTML form, as token services take them. A pure function.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"

namespace objclient {

inline constexpr const char* kFormType = "application/x-www-form-urlencoded";

// "name=value&...", values percent-encoded.
using FormFields = std::vector<std::pair<std::string, base::Secret>>;
base::Secret FormBody(const FormFields& fields);

}  // namespace objclient
