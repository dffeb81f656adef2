#include "objclient/http/url.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace objclient {

namespace {

bool IsUnreserved(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Error BadEndpoint(std::string_view text, std::string_view why) {
  return base::Error(
      base::ErrorClass::kInvalid,
      fmt::format("endpoint '{}': {}; write it as http://host:port or https://host",
                  text.substr(text.rfind('@') + 1), why));  // what is before an @ may be a secret
}

bool ValidHost(std::string_view host) {
  if (host.empty()) return false;
  if (host.front() == '[') return host.back() == ']' && IsIpAddress(host);
  return std::all_of(host.begin(), host.end(), [](char c) {
    return IsUnreserved(static_cast<unsigned char>(c)) && c != '~';
  });
}

}  // namespace

std::string Url::Authority() const { return port == 0 ? host : fmt::format("{}:{}", host, port); }

std::string Url::ToString() const { return fmt::format("{}://{}", scheme, Authority()); }

base::Result<Url> ParseEndpoint(std::string_view text) {
  Url url;
  std::string_view rest = text;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (rest.substr(0, scheme.size()) != scheme) continue;
    url.scheme = scheme.substr(0, scheme.size() - 3);
    rest.remove_prefix(scheme.size());
    break;
  }
  if (url.scheme.empty()) return BadEndpoint(text, "it does not start with http:// or https://");
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  if (rest.find_first_of("/?#@") != std::string_view::npos) {
    return BadEndpoint(text, "it has more than a host and a port");
  }
  const auto bracket = rest.rfind(']');
  const auto colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const std::string_view digits = rest.substr(colon + 1);
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, url.port);
    if (error != std::errc{} || stop != end || url.port == 0) {
      return BadEndpoint(text, "the port is no number from 1 to 65535");
    }
    rest = rest.substr(0, colon);
  }
  if (!ValidHost(rest)) return BadEndpoint(text, "the host is not valid");
  url.host = rest;
  std::transform(url.host.begin(), url.host.end(), url.host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  // The signature covers the Host header, which leaves the scheme's own port out.
  if (url.port == (url.scheme == "http" ? 80 : 443)) url.port = 0;
  return url;
}

bool IsIpAddress(std::string_view host) {
  std::string text(host);
  if (text.size() > 2 && text.front() == '[') text = text.substr(1, text.size() - 2);
  in6_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && IsIpAddress(host));
}

bool IsMetadataService(std::string_view host) {
  return (host.starts_with("169.254.") || host.starts_with("[fd00:ec2:")) && IsIpAddress(host);
}

std::string PercentEncode(std::string_view text, bool keep_slash) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsUnreserved(byte) || (keep_slash && c == '/')) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

std::string PercentDecode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
        HexValue(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2])));
      i += 2;
    } else {
      out.push_back(plus_is_blank && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

}  // namespace objclient
