// Url: scheme, host and port of an endpoint, and percent-encoding as SigV4 wants it. Values only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace objclient {

// http(s)://host[:port][/]: an endpoint has no path, query or user.
struct Url {
  std::string scheme;      // "http" or "https"
  std::string host;        // lower case; an IPv6 address in brackets
  std::uint16_t port = 0;  // 0 = the scheme's own

  // host[:port], what the Host header says.
  std::string Authority() const;
  // scheme://host[:port]
  std::string ToString() const;
};
base::Result<Url> ParseEndpoint(std::string_view text);

// A literal address, which cannot carry a bucket name in front.
bool IsIpAddress(std::string_view host);
// localhost, 127.0.0.0/8, ::1: never behind a proxy.
bool IsLoopback(std::string_view host);
// The metadata services of clouds, 169.254.0.0/16 and fd00:ec2::/32: never behind a proxy either.
bool IsMetadataService(std::string_view host);

// All but A-Z a-z 0-9 - . _ ~ become %XX; '/' stays when `keep_slash`.
std::string PercentEncode(std::string_view text, bool keep_slash);
// Undoes it, with '+' as a blank where `plus_is_blank` (the url-encoded listings of S3). A '%' that
// starts no escape stays as it is.
std::string PercentDecode(std::string_view text, bool plus_is_blank);

}  // namespace objclient
