// The dates of HTTP, S3 and Azure, in whole seconds since the epoch. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace objclient {

// "Sun, 06 Nov 1994 08:49:37 GMT" (the only form that servers send today).
std::optional<std::int64_t> ParseHttpDate(std::string_view text);
// "2026-11-25T17:56:00.123Z"; the fraction may be missing and is dropped.
std::optional<std::int64_t> ParseIsoDate(std::string_view text);
// "20261125T175600Z", as SigV4 wants it; its first eight characters are the day.
std::string FormatAmzDate(std::int64_t epoch_seconds);
// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string FormatHttpDate(std::int64_t epoch_seconds);
// "2026-11-25T17:56:00Z".
std::string FormatIsoDate(std::int64_t epoch_seconds);

}  // namespace objclient
