#include "objclient/auth/azure_shared_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "base/digest/digest.h"
#include "objclient/http/http_date.h"
#include "objclient/http/url.h"

namespace objclient {

namespace {

constexpr std::string_view kSasVersion = "2020-12-06";  // the format below holds from there on

std::string LowerCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string Signature(const std::string& key, const std::string& text) {
  return base::Base64(base::HmacSha256(key, text));
}

// The service sorts names as a dictionary does, not by their bytes: a '_', which metadata may have,
// comes before digits.
struct HeaderOrder {
  bool operator()(std::string_view a, std::string_view b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return (x == '_' ? '.' : x) < (y == '_' ? '.' : y);
    });
  }
};

// Every x-ms-* header, sorted.
std::string CanonicalHeaders(const HttpRequest& request) {
  std::map<std::string, std::string, HeaderOrder> headers;
  for (const auto& [name, value] : request.headers.all()) {
    std::string lower = LowerCase(name);
    if (lower.starts_with("x-ms-")) headers.emplace(std::move(lower), value);
  }
  std::string out;
  for (const auto& [name, value] : headers) out += fmt::format("{}:{}\n", name, value);
  return out;
}

// The account, the path as it is sent, and every parameter of the query, decoded and sorted.
std::string CanonicalResource(std::string_view url, const std::string& account) {
  url.remove_prefix(std::min(url.size(), url.find("://") + 3));
  url.remove_prefix(std::min(url.size(), url.find('/')));
  const auto question = url.find('?');
  std::string out = fmt::format("/{}{}", account, url.substr(0, question));
  std::map<std::string, std::string> parameters;
  std::string_view query =
      question == std::string_view::npos ? std::string_view() : url.substr(question + 1);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = std::min(pair.size(), pair.find('='));
    parameters.emplace(LowerCase(PercentDecode(pair.substr(0, equals), false)),
                       PercentDecode(pair.substr(std::min(pair.size(), equals + 1)), false));
  }
  for (const auto& [name, value] : parameters) out += fmt::format("\n{}:{}", name, value);
  return out;
}

}  // namespace

std::string SharedKeyStringToSign(const HttpRequest& request, const std::string& account) {
  const std::uint64_t length = request.body_size();
  const HttpHeaders& headers = request.headers;
  std::string text = request.method + "\n";
  text += headers.Value("content-encoding") + "\n";
  text += headers.Value("content-language") + "\n";
  text += (length == 0 ? "" : std::to_string(length)) + "\n";
  text += headers.Value("content-md5") + "\n";
  text += headers.Value("content-type") + "\n";
  text += "\n";  // Date: x-ms-date takes its place
  text += headers.Value("if-modified-since") + "\n";
  text += headers.Value("if-match") + "\n";
  text += headers.Value("if-none-match") + "\n";
  text += headers.Value("if-unmodified-since") + "\n";
  text += headers.Value("range") + "\n";
  return text + CanonicalHeaders(request) + CanonicalResource(request.url, account);
}

std::string SharedKeyAuthorization(const HttpRequest& request, const std::string& account,
                                   const std::string& key) {
  return fmt::format("SharedKey {}:{}", account,
                     Signature(key, SharedKeyStringToSign(request, account)));
}

std::string ReadOnlySas(const AzureCopySource& source, const std::string& account,
                        const std::string& key, std::int64_t expiry_seconds) {
  const std::string expiry = FormatIsoDate(expiry_seconds);
  const std::string resource =
      fmt::format("/blob/{}/{}/{}", account, source.container, source.blob);
  // Permissions, start, expiry, resource, identifier, address, protocol, version, kind, snapshot,
  // encryption scope, and five headers that the answer could be given.
  const std::array<std::string_view, 16> fields = {
      "r", "", expiry, resource, "", "", "", kSasVersion, "b", "", "", "", "", "", "", ""};
  const std::string text = fmt::format("{}", fmt::join(fields, "\n"));
  return fmt::format("sv={}&sr=b&sp=r&se={}&sig={}", kSasVersion, PercentEncode(expiry, false),
                     PercentEncode(Signature(key, text), false));
}

}  // namespace objclient
