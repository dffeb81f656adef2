#include "objclient/s3/s3_reply.h"

#include "objclient/http/http_date.h"
#include "objclient/http/url.h"
#include "objclient/rest/object_headers.h"
#include "objclient/rest/xml.h"
#include "objclient/s3/s3_checksum.h"

namespace objclient {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

bool IsTrue(const pugi::xml_node& parent, std::string_view name) {
  return ChildText(parent, name) == "true";
}

// Whole seconds: HEAD knows no more, and both must say the same of one object.
std::int64_t TimeNs(const pugi::xml_node& parent, std::string_view name) {
  return ParseIsoDate(ChildText(parent, name)).value_or(0) * kNsPerSecond;
}

std::string Decoded(const pugi::xml_node& parent, std::string_view name, bool encoded) {
  std::string text = ChildText(parent, name);
  return encoded ? PercentDecode(text, true) : text;
}

ErrorDocument ErrorOf(const pugi::xml_node& node) {
  return {ChildText(node, "Code"), ChildText(node, "Message"), ChildText(node, "RequestId"),
          ChildText(node, "Region"), ChildText(node, "ServerTime")};
}

}  // namespace

std::optional<ErrorDocument> ParseErrorDocument(std::string_view body) {
  pugi::xml_document document;
  const auto root = ParseXml(document, body, "Error");
  if (!root.ok()) return std::nullopt;
  return ErrorOf(*root);
}

base::Result<ListPage> ParseListPage(std::string_view body, bool generations) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, ParseXml(document, body, "ListBucketResult"));
  const bool encoded = ChildText(root, "EncodingType") == "url";
  ListPage page;
  for (const auto& node : root.children()) {
    if (LocalName(node) == "CommonPrefixes") {
      page.prefixes.push_back(Decoded(node, "Prefix", encoded));
    }
    if (LocalName(node) != "Contents") continue;
    ObjectHead head;
    head.key = Decoded(node, "Key", encoded);
    head.etag = Unquoted(ChildText(node, generations ? "Generation" : "ETag"));
    head.size = ChildNumber(node, "Size");
    head.mtime_ns = TimeNs(node, "LastModified");
    head.storage_class = ChildText(node, "StorageClass");
    page.objects.push_back(std::move(head));
  }
  if (IsTrue(root, "IsTruncated")) {
    page.continuation = ChildText(root, "NextContinuationToken");
    if (page.continuation.empty()) {
      return base::Error(base::ErrorClass::kCorrupt, "the listing is cut off without a token");
    }
  }
  return page;
}

base::Result<CopyResult> ParseCopyResult(std::string_view body) {
  pugi::xml_document document;
  auto root = ParseXml(document, body, "CopyObjectResult");
  if (!root.ok()) root = ParseXml(document, body, "CopyPartResult");
  if (!root.ok()) return root.error();
  CopyResult result;
  result.etag = Unquoted(ChildText(*root, "ETag"));
  result.mtime_ns = TimeNs(*root, "LastModified");
  result.crc32c = ParseCrc32c(ChildText(*root, "ChecksumCRC32C"));
  if (result.etag.empty()) {
    return base::Error(base::ErrorClass::kCorrupt, "the answer to a copy has no ETag");
  }
  return result;
}

base::Result<std::string> ParseUploadId(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, ParseXml(document, body, "InitiateMultipartUploadResult"));
  std::string id = ChildText(root, "UploadId");
  if (id.empty()) return base::Error(base::ErrorClass::kCorrupt, "the new upload has no id");
  return id;
}

base::Result<CompleteResult> ParseCompleteResult(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, ParseXml(document, body, "CompleteMultipartUploadResult"));
  return CompleteResult{Unquoted(ChildText(root, "ETag")), ChildText(root, "ChecksumCRC32C")};
}

base::Result<PartsPage> ParsePartsPage(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, ParseXml(document, body, "ListPartsResult"));
  PartsPage page;
  for (const auto& node : root.children()) {
    if (LocalName(node) != "Part") continue;
    PartInfo part;
    part.number = static_cast<std::uint32_t>(ChildNumber(node, "PartNumber"));
    part.etag = Unquoted(ChildText(node, "ETag"));
    part.size = ChildNumber(node, "Size");
    part.crc32c = ParseCrc32c(ChildText(node, "ChecksumCRC32C"));
    page.parts.push_back(std::move(part));
  }
  if (IsTrue(root, "IsTruncated")) {
    const auto next = ParseDecimal(ChildText(root, "NextPartNumberMarker"));
    if (!next) {
      return base::Error(base::ErrorClass::kCorrupt, "the list of parts is cut off");
    }
    page.next = static_cast<std::uint32_t>(*next);
  }
  return page;
}

base::Result<UploadsPage> ParseUploadsPage(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, ParseXml(document, body, "ListMultipartUploadsResult"));
  const bool encoded = ChildText(root, "EncodingType") == "url";
  UploadsPage page;
  for (const auto& node : root.children()) {
    if (LocalName(node) != "Upload") continue;
    page.uploads.push_back(
        {Decoded(node, "Key", encoded), ChildText(node, "UploadId"), TimeNs(node, "Initiated")});
  }
  page.truncated = IsTrue(root, "IsTruncated");
  page.next_key_marker = Decoded(root, "NextKeyMarker", encoded);
  page.next_id_marker = ChildText(root, "NextUploadIdMarker");
  if (page.truncated && page.next_key_marker.empty()) {
    return base::Error(base::ErrorClass::kCorrupt, "the list of uploads is cut off");
  }
  return page;
}

base::Result<std::vector<std::pair<std::string, ErrorDocument>>> ParseDeleteResult(
    std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, ParseXml(document, body, "DeleteResult"));
  std::vector<std::pair<std::string, ErrorDocument>> failed;
  for (const auto& node : root.children()) {
    if (LocalName(node) == "Error") failed.emplace_back(ChildText(node, "Key"), ErrorOf(node));
  }
  return failed;
}

ObjectHead ParseHeadHeaders(const std::string& key, const HttpHeaders& headers) {
  ObjectHead head = ReadObjectHead(key, headers, "x-amz-meta-");
  head.storage_class = headers.Value("x-amz-storage-class");
  return head;
}

}  // namespace objclient
