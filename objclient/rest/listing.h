// What a listing must be like to be believed, whichever store sends it. Pure functions.
#pragma once

#include <string>

#include "base/result.h"
#include "objclient/object.h"

namespace objclient {

// kCorrupt for a page that leads to itself, as it would be read for ever, and for one that repeats
// a name or holds one of another place, as it would be taken for the truth. `prefix` and
// `continuation` are what was asked for; names are whole.
base::Status CheckPage(const ListPage& page, const std::string& prefix,
                       const std::string& continuation);

// kCorrupt for a listed key that is not below the prefix.
base::Status CheckListed(const std::string& key, const std::string& prefix);

}  // namespace objclient
