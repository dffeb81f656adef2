#include "objclient/s3/google_dialect.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "objclient/rest/object_headers.h"

namespace objclient {

namespace {

constexpr std::string_view kAmazon = "x-amz-";
constexpr std::string_view kGoogle = "x-goog-";
constexpr std::string_view kCrc32c = "crc32c=";

using Header = std::pair<std::string, std::string>;

std::string Lower(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

// Nothing for what Google does without: its objects have the CRC-32C of all bytes always.
std::optional<Header> Translated(const std::string& name, const std::string& value) {
  if (name == "if-none-match") return Header("x-goog-if-generation-match", "0");
  if (name == "if-match") return Header("x-goog-if-generation-match", Unquoted(value));
  if (name == "x-amz-copy-source-if-match") {
    return Header("x-goog-copy-source-if-generation-match", Unquoted(value));
  }
  if (name == "x-amz-checksum-crc32c") return Header("x-goog-hash", std::string(kCrc32c) + value);
  if (name.starts_with("x-amz-checksum-") || name == "x-amz-sdk-checksum-algorithm") {
    return std::nullopt;
  }
  if (!name.starts_with(kAmazon)) return Header(name, value);
  return Header(std::string(kGoogle) + name.substr(kAmazon.size()), value);
}

bool IsOfPart(const RestRequest& request) {
  return std::any_of(request.query.begin(), request.query.end(),
                     [](const auto& parameter) { return parameter.first == "partNumber"; });
}

// "crc32c=AAAA,md5=BBBB", or one header for each.
std::optional<std::string> Crc32cIn(std::string_view hashes) {
  const auto at = hashes.find(kCrc32c);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = hashes.substr(at + kCrc32c.size());
  return std::string(rest.substr(0, rest.find_first_of(", ")));
}

}  // namespace

void ToGoogle(RestRequest& request) {
  const HttpHeaders amazon = std::exchange(request.headers, {});
  for (const auto& [name, value] : amazon.all()) {
    if (auto header = Translated(Lower(name), value)) {
      request.headers.Add(std::move(header->first), std::move(header->second));
    }
  }
}

void FromGoogle(const RestRequest& request, HttpHeaders& answer) {
  const HttpHeaders google = std::exchange(answer, {});
  const std::string* generation = IsOfPart(request) ? nullptr : google.Find("x-goog-generation");
  if (generation != nullptr) answer.Add("etag", *generation);
  for (const auto& [spelled, value] : google.all()) {
    const std::string name = Lower(spelled);
    if (name == "etag" && generation != nullptr) continue;
    if (name == "x-goog-hash") {
      if (auto sum = Crc32cIn(value)) answer.Add("x-amz-checksum-crc32c", std::move(*sum));
    } else if (name.starts_with(kGoogle)) {
      answer.Add(std::string(kAmazon) + name.substr(kGoogle.size()), value);
    } else {
      answer.Add(name, value);
    }
  }
}

}  // namespace objclient
