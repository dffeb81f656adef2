#include "objclient/s3/s3_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest/digest.h"
#include "objclient/auth/sigv4.h"
#include "objclient/http/http_date.h"
#include "objclient/rest/xml.h"
#include "objclient/s3/s3_checksum.h"

namespace objclient {

void AddPrecondition(RestRequest& request, const Precondition& precondition, EtagStyle style) {
  if (style == EtagStyle::kQuoted || precondition.if_match.empty()) {
    return AddPrecondition(request, precondition);
  }
  request.headers.Add("if-match", precondition.if_match);
}

base::Status AddMetadata(RestRequest& request, const Metadata& metadata) {
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

void AddChecksum(RestRequest& request, std::uint32_t crc32c) {
  request.headers.Add("x-amz-checksum-crc32c", base::Base64Crc32c(crc32c));
  // radosgw verifies only when the algorithm is named as well.
  request.headers.Add("x-amz-sdk-checksum-algorithm", "CRC32C");
}

RestRequest BuildCreateSession() {
  RestRequest request = MakeRequest("GET", "");
  request.query.emplace_back("session", "");
  return request;
}

RestRequest BuildGet(const std::string& key, base::ByteRange range, const std::string& if_match) {
  RestRequest request = MakeRequest("GET", key);
  request.urgent = false;
  request.headers.Add("range", fmt::format("bytes={}-{}", range.offset, range.end() - 1));
  AddPrecondition(request, {false, if_match});
  return request;
}

RestRequest BuildGetWhole(const std::string& key, const std::string& if_match) {
  RestRequest request = MakeRequest("GET", key);
  request.urgent = false;
  request.headers.Add("x-amz-checksum-mode", "ENABLED");
  AddPrecondition(request, {false, if_match});
  return request;
}

RestRequest BuildPut(const std::string& key, const Body& body) {
  RestRequest request = MakeRequest("PUT", key);
  request.urgent = false;
  request.body = body.pieces;
  request.has_body = true;
  return request;
}

RestRequest BuildHead(const std::string& key) { return MakeRequest("HEAD", key); }

RestRequest BuildDelete(const std::string& key) { return MakeRequest("DELETE", key); }

RestRequest BuildDeleteMany(const std::vector<DeleteRequest>& requests) {
  RestRequest request = MakeRequest("POST", "");
  request.may_fail_with_200 = request.slow = true;
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

RestRequest BuildList(const std::string& prefix, const ListRequest& list) {
  RestRequest request = MakeRequest("GET", "");
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

RestRequest BuildCopy(const S3Location& location, const CopyRequest& copy,
                      const std::string& source, const std::string& target) {
  RestRequest request = MakeRequest("PUT", target);
  request.has_body = true;
  request.may_fail_with_200 = request.slow = true;
  request.headers.Add("x-amz-copy-source", location.CopySource(source));
  if (!copy.source_if_match.empty()) {
    request.headers.Add("x-amz-copy-source-if-match", Quoted(copy.source_if_match));
  }
  request.headers.Add("x-amz-metadata-directive", copy.metadata ? "REPLACE" : "COPY");
  return request;
}

RestRequest BuildCreateMultipart(const std::string& key, UploadChecksums checksums) {
  RestRequest request = MakeRequest("POST", key);
  request.query.emplace_back("uploads", "");
  request.has_body = true;
  if (checksums == UploadChecksums::kNone) return request;
  request.headers.Add("x-amz-checksum-algorithm", "CRC32C");
  if (checksums == UploadChecksums::kWhole) {
    request.headers.Add("x-amz-checksum-type", "FULL_OBJECT");
  }
  return request;
}

RestRequest BuildUploadPart(const std::string& key, const std::string& upload_id,
                            std::uint32_t number, const Body& body) {
  RestRequest request = BuildPut(key, body);
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}};
  return request;
}

RestRequest BuildUploadPartCopy(const S3Location& location, const std::string& key,
                                const std::string& upload_id, std::uint32_t number,
                                const std::string& source, const std::string& source_if_match,
                                base::ByteRange range) {
  RestRequest request = MakeRequest("PUT", key);
  request.has_body = true;
  request.may_fail_with_200 = request.slow = true;
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}};
  request.headers.Add("x-amz-copy-source", location.CopySource(source));
  if (!range.empty()) {
    request.headers.Add("x-amz-copy-source-range",
                        fmt::format("bytes={}-{}", range.offset, range.end() - 1));
  }
  if (!source_if_match.empty()) {
    request.headers.Add("x-amz-copy-source-if-match", Quoted(source_if_match));
  }
  return request;
}

RestRequest BuildComplete(const std::string& key, const std::string& upload_id,
                          const std::vector<PartInfo>& parts, UploadChecksums checksums) {
  RestRequest request = MakeRequest("POST", key);
  request.query.emplace_back("uploadId", upload_id);
  request.may_fail_with_200 = request.slow = true;
  const bool with_sums = checksums != UploadChecksums::kNone && KnowsSums(parts);
  if (with_sums && checksums == UploadChecksums::kWhole) {
    request.headers.Add("x-amz-checksum-type", "FULL_OBJECT");
    request.headers.Add("x-amz-checksum-crc32c", SumOfWhole(parts));
  }
  std::string document = "<CompleteMultipartUpload>";
  for (const auto& part : parts) {
    document += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag>", part.number,
                            XmlEscape(Quoted(part.etag)));
    if (with_sums) {
      document +=
          fmt::format("<ChecksumCRC32C>{}</ChecksumCRC32C>", base::Base64Crc32c(*part.crc32c));
    }
    document += "</Part>";
  }
  SetDocument(request, document + "</CompleteMultipartUpload>");
  return request;
}

RestRequest BuildAbort(const std::string& key, const std::string& upload_id) {
  RestRequest request = MakeRequest("DELETE", key);
  request.query.emplace_back("uploadId", upload_id);
  return request;
}

RestRequest BuildListParts(const std::string& key, const std::string& upload_id,
                           std::uint32_t after) {
  RestRequest request = MakeRequest("GET", key);
  request.query.emplace_back("uploadId", upload_id);
  if (after > 0) request.query.emplace_back("part-number-marker", std::to_string(after));
  return request;
}

RestRequest BuildListUploads(const std::string& prefix, const std::string& key_marker,
                             const std::string& id_marker) {
  RestRequest request = MakeRequest("GET", "");
  request.query = {{"uploads", ""}, {"encoding-type", "url"}, {"prefix", prefix}};
  if (!key_marker.empty()) request.query.emplace_back("key-marker", key_marker);
  if (!id_marker.empty()) request.query.emplace_back("upload-id-marker", id_marker);
  return request;
}

HttpRequest Sign(const RestRequest& request, const S3Location& location,
                 const Credentials& credentials, std::int64_t epoch_seconds) {
  SigV4Request signing;
  signing.method = request.method;
  signing.path = location.Path(request.key);
  HttpRequest http = ToHttp(request, fmt::format("{}://{}{}", location.endpoint.scheme,
                                                 location.Authority(), signing.path));
  if (credentials.anonymous()) return http;
  for (const auto& [name, value] : request.query) {
    signing.query.emplace_back(PercentEncode(name, false), PercentEncode(value, false));
  }
  // Bulk bodies are not hashed: SHA-256 costs more than all the rest of a transfer. The connection
  // (https) or the CRC-32C header protects them.
  signing.payload_hash = request.document.empty() && request.has_body
                             ? std::string(kUnsignedPayload)
                             : base::HexLower(base::Sha256(request.document));
  const S3Provider& provider = *location.provider;
  const std::string prefix = provider.generations ? "x-goog-" : "x-amz-";
  SigV4Scope scope{location.region, "s3", FormatAmzDate(epoch_seconds)};
  if (provider.directory_buckets) scope.service = "s3express";
  if (provider.generations) {
    scope.service = "storage";
    scope.family = "GOOG4";
  }
  http.headers.Add(prefix + "content-sha256", signing.payload_hash);
  http.headers.Add(prefix + "date", scope.amz_date);
  if (!credentials.session_token.empty()) {
    http.headers.Add(credentials.token_header, credentials.session_token.reveal());
  }
  signing.headers = http.headers.all();
  signing.headers.emplace_back("host", location.Authority());
  http.headers.Add("authorization", SignV4(signing, credentials, scope).authorization);
  return http;
}

}  // namespace objclient
