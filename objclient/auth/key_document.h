// KeyDocument: the documents in which programs and services hand out temporary keys. In JSON they
// agree on the form but for the name of the token, in XML on what is below <Credentials>. Pure
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "objclient/auth/credentials.h"

namespace objclient {

// "2026-11-25T17:56:00Z", with a fraction or an offset ("+01:00") as well: seconds since the epoch.
std::optional<std::int64_t> ParseExpiration(std::string_view text);

// When something that ends at `expiration` ends on the clock that never goes back. `server_date` is
// the Date header of the answer that told of it: a clock of ours that is wrong does not matter
// then.
std::int64_t EndOnClock(std::int64_t expiration, std::string_view server_date, base::Clock& clock);

// The keys in `document`; their origin stays empty. The messages hold no part of the document.
base::Result<Credentials> ParseKeyDocument(const base::Secret& document, const char* token_name,
                                           std::string_view server_date, base::Clock& clock);

// The same in XML, wherever in the document they are; their end must be told.
base::Result<Credentials> ParseKeyXml(const base::Secret& document, std::string_view server_date,
                                      base::Clock& clock);

}  // namespace objclient
