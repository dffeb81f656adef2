// S3Provider: whose S3 a bucket is in, for what no probe can find out, or only too late. One table;
// nothing else in this room asks who somebody is. What a server can do it shows in the probe
// (s3_probe.h); the table only says what of that is to be believed. Constants; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "objclient/http/http_message.h"
#include "objclient/s3/s3_traits.h"

namespace objclient {

struct S3Provider {
  std::string_view name;  // for people; empty = nobody known
  // How the host names of its endpoints end, where that tells; empty = it can be anywhere.
  std::array<std::string_view, 2> hosts = {};
  // A header of its answers, with the beginning of the value, that nobody else sends.
  std::string_view header = {};
  std::string_view value = {};
  std::string_view region = {};    // the one that its requests are signed for; empty = the person's
  bool known = false;              // all traits are documented: no probe
  bool directory_buckets = false;  // sessions, one zone, listings in no order
  bool generations = false;        // Google's own dialect, google_dialect.h
  bool parts_equal = false;        // every part of an upload but the last has the same size
  S3Traits believed = AwsTraits();  // what may be true of it, whatever it showed in the probe
};

// The provider that has this bucket at this host; that of everybody else when none is known to.
const S3Provider& ProviderAt(const std::string& host, const std::string& bucket);
// The same, for servers that can be anywhere and say in their answers what they are.
const S3Provider& ProviderOf(const S3Provider& at_host, const HttpHeaders& answer);

}  // namespace objclient
