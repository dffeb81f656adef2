// HttpRequest and HttpResponse: what travels, as values. Header names keep the spelling they were
// given; lookups ignore case. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace objclient {

// In the order they were added or came in.
class HttpHeaders {
 public:
  void Add(std::string name, std::string value);
  // The first value under that name; nullptr when there is none.
  const std::string* Find(std::string_view name) const;
  // The same, or "" for absent.
  std::string Value(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return entries_; }
  void clear() { entries_.clear(); }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

// One line of a header block, "Name: value" with or without its line end. Nothing when it is not
// one.
std::optional<std::pair<std::string, std::string>> ParseHeaderLine(std::string_view line);

// A decimal number and nothing else; no sign, no blanks, no overflow.
std::optional<std::uint64_t> ParseDecimal(std::string_view text);

// "bytes 0-99/1234": what a 206 answer carries.
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
};
std::optional<ContentRange> ParseContentRange(std::string_view text);

struct HttpRequest {
  std::string method;  // GET, HEAD, PUT, POST, DELETE
  std::string url;     // complete, percent-encoded; sent as it is
  HttpHeaders headers;
  // The caller's memory, valid until the request is done; read again when curl must resend.
  std::vector<std::span<const std::byte>> body;
  // Whether a body follows at all: a PUT of nothing says Content-Length: 0.
  bool has_body = false;
  // Goes before requests that wait for a connection: small ones that somebody is blocked on.
  bool urgent = false;
  // No byte moved for this long = broken. 0 = the transport's own bound.
  std::chrono::milliseconds stall_timeout{0};

  std::uint64_t body_size() const;
};

// For a person who is told 407.
inline constexpr std::string_view kProxyAuthHint =
    "the proxy wants a user and a password: they go into https_proxy or http_proxy";

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
};

}  // namespace objclient
