#include "objclient/auth/sigv4.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest/digest.h"

namespace objclient {

namespace {

std::string_view AsText(const base::Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// Blanks at the ends go, runs of blanks inside become one.
std::string Squeeze(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out.push_back(blank ? ' ' : c);
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

struct CanonicalHeaders {
  std::string block;
  std::string names;
};

CanonicalHeaders Canonical(const SigV4Request& request) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& [name, value] : request.headers) {
    headers.emplace_back(LowerCase(name), Squeeze(value));
  }
  std::stable_sort(headers.begin(), headers.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  CanonicalHeaders out;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto& [name, value] = headers[i];
    const bool repeated = i > 0 && headers[i - 1].first == name;
    if (repeated) {
      out.block.back() = ',';
      out.block += value + '\n';
      continue;
    }
    out.block += name + ':' + value + '\n';
    out.names += (out.names.empty() ? "" : ";") + name;
  }
  return out;
}

std::string CanonicalQuery(std::vector<std::pair<std::string, std::string>> query) {
  std::sort(query.begin(), query.end());
  std::string out;
  for (const auto& [name, value] : query) {
    if (!out.empty()) out += '&';
    out += name + '=' + value;
  }
  return out;
}

std::string RequestType(const SigV4Scope& scope) { return LowerCase(scope.family) + "_request"; }

base::Sha256Digest SigningKey(const Credentials& credentials, const SigV4Scope& scope) {
  const std::string day = scope.amz_date.substr(0, 8);
  const auto dated = base::HmacSha256(scope.family + credentials.secret_access_key.reveal(), day);
  const auto regional = base::HmacSha256(AsText(dated), scope.region);
  const auto serving = base::HmacSha256(AsText(regional), scope.service);
  return base::HmacSha256(AsText(serving), RequestType(scope));
}

}  // namespace

SigV4Signature SignV4(const SigV4Request& request, const Credentials& credentials,
                      const SigV4Scope& scope) {
  const CanonicalHeaders headers = Canonical(request);
  SigV4Signature out;
  out.canonical_request = fmt::format(
      "{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path.empty() ? "/" : request.path,
      CanonicalQuery(request.query), headers.block, headers.names, request.payload_hash);
  const std::string scope_text = fmt::format("{}/{}/{}/{}", scope.amz_date.substr(0, 8),
                                             scope.region, scope.service, RequestType(scope));
  out.string_to_sign = fmt::format("{}-HMAC-SHA256\n{}\n{}\n{}", scope.family, scope.amz_date,
                                   scope_text, base::HexLower(base::Sha256(out.canonical_request)));
  const auto key = SigningKey(credentials, scope);
  const auto signature = base::HmacSha256(AsText(key), out.string_to_sign);
  out.authorization =
      fmt::format("{}-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}", scope.family,
                  credentials.access_key_id, scope_text, headers.names, base::HexLower(signature));
  return out;
}

}  // namespace objclient
