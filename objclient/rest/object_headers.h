// What the headers of an answer say of an object. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "objclient/http/http_message.h"
#include "objclient/object.h"

namespace objclient {

// How one kind of store reads an object's head.
using HeadReader = ObjectHead (*)(const std::string& key, const HttpHeaders& headers);

// ETag, size, mtime and metadata, the latter from headers that begin with `metadata_prefix` (lower
// case). The size is the whole object's, from Content-Range where there is one.
ObjectHead ReadObjectHead(const std::string& key, const HttpHeaders& headers,
                          std::string_view metadata_prefix);

// The ETag without its quotes.
std::string Unquoted(std::string_view etag);

}  // namespace objclient
