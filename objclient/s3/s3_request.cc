#include "objclient/s3/s3_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest/digest.h"
#include "objclient/auth/sigv4.h"
#include "objclient/http/http_date.h"

namespace objclient {

namespace {

constexpr std::chrono::milliseconds kSlowStallTimeout{120'000};

std::string Quoted(const std::string& etag) { return '"' + etag + '"'; }

std::string XmlEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

S3Request Basic(std::string method, std::string key) {
  S3Request request;
  request.method = std::move(method);
  request.key = std::move(key);
  return request;
}

void SetDocument(S3Request& request, std::string document) {
  request.document = std::move(document);
  request.has_body = true;
  request.headers.Add("content-type", "application/xml");
}

std::string CopySource(const S3Location& location, const std::string& source) {
  return PercentEncode(fmt::format("/{}/{}", location.bucket, source), true);
}

// The length of the UTF-8 sequence at the start of `text`, 0 when it is malformed.
std::size_t Utf8Length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  std::uint32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return 0;
    code = code << 6 | (next & 0x3Fu);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool no_character =
      (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF || (code & 0xFFFE) == 0xFFFE;
  return overlong || no_character ? 0 : length;
}

}  // namespace

void AddPrecondition(S3Request& request, const Precondition& precondition, EtagStyle style) {
  if (precondition.if_absent) request.headers.Add("if-none-match", "*");
  if (!precondition.if_match.empty()) {
    request.headers.Add("if-match", style == EtagStyle::kQuoted ? Quoted(precondition.if_match)
                                                                : precondition.if_match);
  }
}

base::Status AddMetadata(S3Request& request, const Metadata& metadata) {
  for (const auto& [name, value] : metadata) {
    const bool name_fits = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
    const bool value_fits = std::none_of(value.begin(), value.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    if (!name_fits || !value_fits) {
      return base::Error(base::ErrorClass::kInvalid,
                         fmt::format("metadata '{}' does not fit into a header", name));
    }
    request.headers.Add("x-amz-meta-" + name, value);
  }
  return base::Ok();
}

void AddChecksum(S3Request& request, std::uint32_t crc32c) {
  request.headers.Add("x-amz-checksum-crc32c", base::Base64Crc32c(crc32c));
  // radosgw verifies only when the algorithm is named as well.
  request.headers.Add("x-amz-sdk-checksum-algorithm", "CRC32C");
}

S3Request BuildGet(const std::string& key, base::ByteRange range, const std::string& if_match) {
  S3Request request = Basic("GET", key);
  request.urgent = false;
  request.headers.Add("range", fmt::format("bytes={}-{}", range.offset, range.end() - 1));
  AddPrecondition(request, {false, if_match}, EtagStyle::kQuoted);
  return request;
}

S3Request BuildPut(const std::string& key, const Body& body) {
  S3Request request = Basic("PUT", key);
  request.urgent = false;
  request.body = body.pieces;
  request.has_body = true;
  return request;
}

S3Request BuildHead(const std::string& key) { return Basic("HEAD", key); }

S3Request BuildDelete(const std::string& key) { return Basic("DELETE", key); }

bool FitsIntoXml(std::string_view key) {
  while (!key.empty()) {
    const auto lead = static_cast<unsigned char>(key.front());
    // A parser turns \r and, in some servers, \t and \n into something else.
    const std::size_t length = lead < 0x20 || lead == 0x7F ? 0 : Utf8Length(key);
    if (length == 0) return false;
    key.remove_prefix(length);
  }
  return true;
}

S3Request BuildDeleteMany(const std::vector<DeleteRequest>& requests) {
  S3Request request = Basic("POST", "");
  request.query.emplace_back("delete", "");
  std::string document = "<Delete><Quiet>true</Quiet>";
  for (const auto& [key, if_match] : requests) {
    document += "<Object><Key>" + XmlEscape(key) + "</Key>";
    if (!if_match.empty()) document += "<ETag>" + XmlEscape('"' + if_match + '"') + "</ETag>";
    document += "</Object>";
  }
  document += "</Delete>";
  const auto md5 = base::Md5(std::as_bytes(std::span<const char>(document)));
  request.headers.Add("content-md5", base::Base64(md5));
  SetDocument(request, std::move(document));
  return request;
}

S3Request BuildList(const std::string& prefix, const ListRequest& list) {
  S3Request request = Basic("GET", "");
  request.query = {{"list-type", "2"},
                   {"encoding-type", "url"},
                   {"max-keys", std::to_string(std::clamp(list.limit, 1u, 1000u))},
                   {"prefix", prefix}};
  if (!list.delimiter.empty()) request.query.emplace_back("delimiter", list.delimiter);
  if (!list.continuation.empty()) {
    request.query.emplace_back("continuation-token", list.continuation);
  }
  return request;
}

S3Request BuildCopy(const S3Location& location, const CopyRequest& copy, const std::string& source,
                    const std::string& target) {
  S3Request request = Basic("PUT", target);
  request.has_body = true;
  request.may_fail_with_200 = request.slow = true;
  request.headers.Add("x-amz-copy-source", CopySource(location, source));
  if (!copy.source_if_match.empty()) {
    request.headers.Add("x-amz-copy-source-if-match", Quoted(copy.source_if_match));
  }
  request.headers.Add("x-amz-metadata-directive", copy.metadata ? "REPLACE" : "COPY");
  return request;
}

S3Request BuildCreateMultipart(const std::string& key, bool checksums) {
  S3Request request = Basic("POST", key);
  request.query.emplace_back("uploads", "");
  request.has_body = true;
  if (checksums) request.headers.Add("x-amz-checksum-algorithm", "CRC32C");
  return request;
}

S3Request BuildUploadPart(const std::string& key, const std::string& upload_id,
                          std::uint32_t number, const Body& body) {
  S3Request request = BuildPut(key, body);
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}};
  return request;
}

S3Request BuildUploadPartCopy(const S3Location& location, const std::string& key,
                              const std::string& upload_id, std::uint32_t number,
                              const std::string& source, const std::string& source_if_match,
                              base::ByteRange range) {
  S3Request request = Basic("PUT", key);
  request.has_body = true;
  request.may_fail_with_200 = request.slow = true;
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}};
  request.headers.Add("x-amz-copy-source", CopySource(location, source));
  request.headers.Add("x-amz-copy-source-range",
                      fmt::format("bytes={}-{}", range.offset, range.end() - 1));
  if (!source_if_match.empty()) {
    request.headers.Add("x-amz-copy-source-if-match", Quoted(source_if_match));
  }
  return request;
}

S3Request BuildComplete(const std::string& key, const std::string& upload_id,
                        const std::vector<PartInfo>& parts) {
  S3Request request = Basic("POST", key);
  request.query.emplace_back("uploadId", upload_id);
  request.may_fail_with_200 = request.slow = true;
  const bool checksums = std::all_of(parts.begin(), parts.end(),
                                     [](const PartInfo& part) { return part.crc32c.has_value(); });
  std::string document = "<CompleteMultipartUpload>";
  for (const auto& part : parts) {
    document += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag>", part.number,
                            XmlEscape(Quoted(part.etag)));
    if (checksums) {
      document +=
          fmt::format("<ChecksumCRC32C>{}</ChecksumCRC32C>", base::Base64Crc32c(*part.crc32c));
    }
    document += "</Part>";
  }
  SetDocument(request, document + "</CompleteMultipartUpload>");
  return request;
}

S3Request BuildAbort(const std::string& key, const std::string& upload_id) {
  S3Request request = Basic("DELETE", key);
  request.query.emplace_back("uploadId", upload_id);
  return request;
}

S3Request BuildListParts(const std::string& key, const std::string& upload_id,
                         const std::string& marker) {
  S3Request request = Basic("GET", key);
  request.query.emplace_back("uploadId", upload_id);
  if (!marker.empty()) request.query.emplace_back("part-number-marker", marker);
  return request;
}

S3Request BuildListUploads(const std::string& prefix, const std::string& key_marker,
                           const std::string& id_marker) {
  S3Request request = Basic("GET", "");
  request.query = {{"uploads", ""}, {"encoding-type", "url"}, {"prefix", prefix}};
  if (!key_marker.empty()) request.query.emplace_back("key-marker", key_marker);
  if (!id_marker.empty()) request.query.emplace_back("upload-id-marker", id_marker);
  return request;
}

HttpRequest Sign(const S3Request& request, const S3Location& location,
                 const Credentials& credentials, std::int64_t epoch_seconds) {
  HttpRequest http;
  http.method = request.method;
  http.headers = request.headers;
  http.has_body = request.has_body;
  http.urgent = request.urgent;
  if (request.slow) http.stall_timeout = kSlowStallTimeout;
  http.body = request.body;
  if (!request.document.empty()) {
    http.body = {std::as_bytes(std::span<const char>(request.document))};
  }
  SigV4Request signing;
  signing.method = request.method;
  signing.path = location.Path(request.key);
  http.url = fmt::format("{}://{}{}", location.endpoint.scheme, location.Authority(), signing.path);
  for (const auto& [name, value] : request.query) {
    signing.query.emplace_back(PercentEncode(name, false), PercentEncode(value, false));
    const auto& [encoded_name, encoded_value] = signing.query.back();
    http.url +=
        fmt::format("{}{}={}", signing.query.size() == 1 ? '?' : '&', encoded_name, encoded_value);
  }
  if (credentials.anonymous()) return http;
  // Bulk bodies are not hashed: SHA-256 costs more than all the rest of a transfer. The connection
  // (https) or the CRC-32C header protects them.
  signing.payload_hash = request.document.empty() && request.has_body
                             ? std::string(kUnsignedPayload)
                             : base::HexLower(base::Sha256(request.document));
  const std::string date = FormatAmzDate(epoch_seconds);
  http.headers.Add("x-amz-content-sha256", signing.payload_hash);
  http.headers.Add("x-amz-date", date);
  if (!credentials.session_token.empty()) {
    http.headers.Add("x-amz-security-token", credentials.session_token.reveal());
  }
  signing.headers = http.headers.all();
  signing.headers.emplace_back("host", location.Authority());
  http.headers.Add("authorization",
                   SignV4(signing, credentials, {location.region, "s3", date}).authorization);
  return http;
}

}  // namespace objclient
