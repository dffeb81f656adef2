#include "objclient/s3/s3_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <pugixml.hpp>

#include "objclient/http/http_date.h"
#include "objclient/http/url.h"

namespace objclient {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// Some servers put a namespace prefix in front of every name.
std::string_view LocalName(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string Text(const pugi::xml_node& parent, std::string_view name) {
  for (const auto& child : parent.children()) {
    if (LocalName(child) == name) return child.text().get();
  }
  return {};
}

bool IsTrue(const pugi::xml_node& parent, std::string_view name) {
  return Text(parent, name) == "true";
}

std::uint64_t Number(const pugi::xml_node& parent, std::string_view name) {
  return ParseDecimal(Text(parent, name)).value_or(0);
}

// Whole seconds: HEAD knows no more, and both must say the same of one object.
std::int64_t TimeNs(const pugi::xml_node& parent, std::string_view name) {
  return ParseIsoDate(Text(parent, name)).value_or(0) * kNsPerSecond;
}

// Text nodes of blanks are kept: a key may be one. Entities of a DTD are never expanded by pugixml.
constexpr unsigned kParseOptions = pugi::parse_default | pugi::parse_ws_pcdata_single;

base::Result<pugi::xml_node> Root(pugi::xml_document& document, std::string_view body,
                                  std::string_view name) {
  const auto result = document.load_buffer(body.data(), body.size(), kParseOptions);
  const pugi::xml_node root = document.document_element();
  if (!result || LocalName(root) != name) {
    return base::Error(base::ErrorClass::kCorrupt,
                       fmt::format("the answer is no {}: {}", name,
                                   result ? "another document" : result.description()));
  }
  return root;
}

std::string Decoded(const pugi::xml_node& parent, std::string_view name, bool encoded) {
  std::string text = Text(parent, name);
  return encoded ? PercentDecode(text, true) : text;
}

int Base64Value(char c) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto position = kAlphabet.find(c);
  return position == std::string_view::npos ? -1 : static_cast<int>(position);
}

ErrorDocument ErrorOf(const pugi::xml_node& node) {
  return {Text(node, "Code"), Text(node, "Message"), Text(node, "RequestId"), Text(node, "Region"),
          Text(node, "ServerTime")};
}

}  // namespace

std::string Unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

std::optional<std::uint32_t> ParseCrc32c(std::string_view base64) {
  if (base64.size() != 8 || base64.substr(6) != "==") return std::nullopt;
  std::uint64_t bits = 0;
  for (const char c : base64.substr(0, 6)) {
    const int value = Base64Value(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(value);
  }
  return static_cast<std::uint32_t>(bits >> 4);
}

std::optional<ErrorDocument> ParseErrorDocument(std::string_view body) {
  pugi::xml_document document;
  const auto root = Root(document, body, "Error");
  if (!root.ok()) return std::nullopt;
  return ErrorOf(*root);
}

base::Result<ListPage> ParseListPage(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, Root(document, body, "ListBucketResult"));
  const bool encoded = Text(root, "EncodingType") == "url";
  ListPage page;
  for (const auto& node : root.children()) {
    if (LocalName(node) == "CommonPrefixes") {
      page.prefixes.push_back(Decoded(node, "Prefix", encoded));
    }
    if (LocalName(node) != "Contents") continue;
    ObjectHead head;
    head.key = Decoded(node, "Key", encoded);
    head.etag = Unquoted(Text(node, "ETag"));
    head.size = Number(node, "Size");
    head.mtime_ns = TimeNs(node, "LastModified");
    head.storage_class = Text(node, "StorageClass");
    page.objects.push_back(std::move(head));
  }
  if (IsTrue(root, "IsTruncated")) {
    page.continuation = Text(root, "NextContinuationToken");
    if (page.continuation.empty()) {
      return base::Error(base::ErrorClass::kCorrupt, "the listing is cut off without a token");
    }
  }
  return page;
}

base::Result<CopyResult> ParseCopyResult(std::string_view body) {
  pugi::xml_document document;
  auto root = Root(document, body, "CopyObjectResult");
  if (!root.ok()) root = Root(document, body, "CopyPartResult");
  if (!root.ok()) return root.error();
  CopyResult result;
  result.etag = Unquoted(Text(*root, "ETag"));
  result.mtime_ns = TimeNs(*root, "LastModified");
  result.crc32c = ParseCrc32c(Text(*root, "ChecksumCRC32C"));
  if (result.etag.empty()) {
    return base::Error(base::ErrorClass::kCorrupt, "the answer to a copy has no ETag");
  }
  return result;
}

base::Result<std::string> ParseUploadId(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, Root(document, body, "InitiateMultipartUploadResult"));
  std::string id = Text(root, "UploadId");
  if (id.empty()) return base::Error(base::ErrorClass::kCorrupt, "the new upload has no id");
  return id;
}

base::Result<std::string> ParseCompleteResult(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, Root(document, body, "CompleteMultipartUploadResult"));
  return Unquoted(Text(root, "ETag"));
}

base::Result<PartsPage> ParsePartsPage(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, Root(document, body, "ListPartsResult"));
  PartsPage page;
  for (const auto& node : root.children()) {
    if (LocalName(node) != "Part") continue;
    PartInfo part;
    part.number = static_cast<std::uint32_t>(Number(node, "PartNumber"));
    part.etag = Unquoted(Text(node, "ETag"));
    part.size = Number(node, "Size");
    part.crc32c = ParseCrc32c(Text(node, "ChecksumCRC32C"));
    page.parts.push_back(std::move(part));
  }
  if (IsTrue(root, "IsTruncated")) page.next_marker = Text(root, "NextPartNumberMarker");
  return page;
}

base::Result<UploadsPage> ParseUploadsPage(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, Root(document, body, "ListMultipartUploadsResult"));
  const bool encoded = Text(root, "EncodingType") == "url";
  UploadsPage page;
  for (const auto& node : root.children()) {
    if (LocalName(node) != "Upload") continue;
    page.uploads.push_back(
        {Decoded(node, "Key", encoded), Text(node, "UploadId"), TimeNs(node, "Initiated")});
  }
  page.truncated = IsTrue(root, "IsTruncated");
  page.next_key_marker = Decoded(root, "NextKeyMarker", encoded);
  page.next_id_marker = Text(root, "NextUploadIdMarker");
  return page;
}

base::Result<std::vector<std::pair<std::string, ErrorDocument>>> ParseDeleteResult(
    std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, Root(document, body, "DeleteResult"));
  std::vector<std::pair<std::string, ErrorDocument>> failed;
  for (const auto& node : root.children()) {
    if (LocalName(node) == "Error") failed.emplace_back(Text(node, "Key"), ErrorOf(node));
  }
  return failed;
}

ObjectHead ParseHeadHeaders(const std::string& key, const HttpHeaders& headers) {
  constexpr std::string_view kMetadata = "x-amz-meta-";
  ObjectHead head;
  head.key = key;
  head.etag = Unquoted(headers.Value("etag"));
  head.mtime_ns = ParseHttpDate(headers.Value("last-modified")).value_or(0) * kNsPerSecond;
  head.storage_class = headers.Value("x-amz-storage-class");
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
    if (lower.starts_with(kMetadata)) head.metadata[lower.substr(kMetadata.size())] = value;
  }
  return head;
}

}  // namespace objclient
