#include "objclient/rest/object_headers.h"

#include <algorithm>

#include "objclient/http/http_date.h"

namespace objclient {

namespace {
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
}  // namespace

ObjectHead ReadObjectHead(const std::string& key, const HttpHeaders& headers,
                          std::string_view metadata_prefix) {
  ObjectHead head;
  head.key = key;
  head.etag = Unquoted(headers.Value("etag"));
  head.mtime_ns = ParseHttpDate(headers.Value("last-modified")).value_or(0) * kNsPerSecond;
  if (const auto range = ParseContentRange(headers.Value("content-range"))) {
    head.size = range->total;
  } else {
    head.size = ParseDecimal(headers.Value("content-length")).value_or(0);
  }
  for (const auto& [name, value] : headers.all()) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (lower.starts_with(metadata_prefix)) {
      head.metadata[lower.substr(metadata_prefix.size())] = value;
    }
  }
  return head;
}

std::string Unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

}  // namespace objclient
