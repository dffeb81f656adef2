#include "objclient/azure/azure_reply.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "objclient/azure/azure_request.h"
#include "objclient/http/http_date.h"
#include "objclient/http/url.h"
#include "objclient/rest/object_headers.h"
#include "objclient/rest/xml.h"

namespace objclient {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

bool HasChild(const pugi::xml_node& parent, std::string_view name) {
  const auto children = parent.children();
  return std::any_of(children.begin(), children.end(),
                     [&](const pugi::xml_node& child) { return LocalName(child) == name; });
}

// A name that XML cannot carry comes percent-encoded and says so.
std::string NameOf(const pugi::xml_node& blob) {
  for (const auto& child : blob.children()) {
    if (LocalName(child) != "Name") continue;
    const std::string text = child.text().get();
    return child.attribute("Encoded").as_bool() ? PercentDecode(text, false) : text;
  }
  return {};
}

bool IsDirectoryMark(std::string_view name, std::string_view value) {
  constexpr std::string_view kMark = "hdi_isfolder";
  return value == "true" &&
         std::equal(name.begin(), name.end(), kMark.begin(), kMark.end(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

bool IsDirectory(const pugi::xml_node& blob) {
  for (const auto& child : blob.children()) {
    if (LocalName(child) == "Properties" && ChildText(child, "ResourceType") == "directory") {
      return true;
    }
    if (LocalName(child) != "Metadata") continue;
    for (const auto& entry : child.children()) {
      if (IsDirectoryMark(LocalName(entry), entry.text().get())) return true;
    }
  }
  return false;
}

ObjectHead BlobOf(const pugi::xml_node& blob) {
  ObjectHead head;
  head.key = NameOf(blob);
  if (IsDirectory(blob) && !head.key.ends_with('/')) head.key += '/';
  for (const auto& properties : blob.children()) {
    if (LocalName(properties) != "Properties") continue;
    head.etag = Unquoted(ChildText(properties, "Etag"));
    head.size = ChildNumber(properties, "Content-Length");
    head.mtime_ns =
        ParseHttpDate(ChildText(properties, "Last-Modified")).value_or(0) * kNsPerSecond;
    head.storage_class = ChildText(properties, "AccessTier");
  }
  return head;
}

// The text before the next `end`, and that off; all of it where there is none.
std::string_view TakeUntil(std::string_view& text, std::string_view end) {
  const auto at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + end.size());
  return taken;
}

// "HTTP/1.1 202 Accepted".
std::optional<int> StatusOf(std::string_view line) {
  if (!line.starts_with("HTTP/")) return std::nullopt;
  TakeUntil(line, " ");
  const auto status = ParseDecimal(TakeUntil(line, " "));
  if (!status || *status < 100 || *status > 599) return std::nullopt;
  return static_cast<int>(*status);
}

std::optional<BatchPart> PartOf(std::string_view text) {
  BatchPart part;
  std::string_view envelope = TakeUntil(text, "\r\n\r\n");
  std::optional<std::uint64_t> index;
  while (!envelope.empty()) {
    const auto header = ParseHeaderLine(TakeUntil(envelope, "\r\n"));
    HttpHeaders one;
    if (header) one.Add(header->first, header->second);
    if (const std::string* id = one.Find("content-id")) index = ParseDecimal(*id);
  }
  std::string_view head = TakeUntil(text, "\r\n\r\n");
  const auto status = StatusOf(TakeUntil(head, "\r\n"));
  if (!index || !status) return std::nullopt;
  part.index = *index;
  part.response.status = *status;
  while (!head.empty()) {
    if (auto header = ParseHeaderLine(TakeUntil(head, "\r\n"))) {
      part.response.headers.Add(std::move(header->first), std::move(header->second));
    }
  }
  if (text.ends_with("\r\n")) text.remove_suffix(2);
  part.body = text;
  return part;
}

}  // namespace

base::Result<ListPage> ParseBlobList(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, ParseXml(document, body, "EnumerationResults"));
  // An empty element is there as well, on every page.
  if (!HasChild(root, "Blobs") || !HasChild(root, "NextMarker")) {
    return base::Error(base::ErrorClass::kCorrupt, "a listing without Blobs or NextMarker");
  }
  ListPage page;
  page.continuation = ChildText(root, "NextMarker");
  for (const auto& blobs : root.children()) {
    if (LocalName(blobs) != "Blobs") continue;
    for (const auto& node : blobs.children()) {
      if (LocalName(node) == "BlobPrefix") page.prefixes.push_back(NameOf(node));
      if (LocalName(node) == "Blob") page.objects.push_back(BlobOf(node));
    }
  }
  std::sort(page.prefixes.begin(), page.prefixes.end());
  std::sort(page.objects.begin(), page.objects.end(),
            [](const ObjectHead& a, const ObjectHead& b) { return a.key < b.key; });
  return page;
}

void GroupDirectories(ListPage& page, std::string_view prefix) {
  std::erase_if(page.objects, [&](const ObjectHead& object) {
    const bool directory = object.key.ends_with('/') && object.key != prefix;
    if (directory) page.prefixes.push_back(object.key);
    return directory;
  });
  std::sort(page.prefixes.begin(), page.prefixes.end());
  page.prefixes.erase(std::unique(page.prefixes.begin(), page.prefixes.end()), page.prefixes.end());
}

bool IsDirectory(const ObjectHead& head) {
  return std::any_of(head.metadata.begin(), head.metadata.end(),
                     [](const auto& entry) { return IsDirectoryMark(entry.first, entry.second); });
}

base::Result<std::vector<Block>> ParseBlockList(std::string_view body) {
  pugi::xml_document document;
  TRY_ASSIGN(const pugi::xml_node root, ParseXml(document, body, "BlockList"));
  std::vector<Block> blocks;
  for (const auto& list : root.children()) {
    if (LocalName(list) != "CommittedBlocks") continue;
    for (const auto& block : list.children()) {
      blocks.push_back({ChildText(block, "Name"), ChildNumber(block, "Size")});
    }
  }
  return blocks;
}

base::Result<std::vector<BatchPart>> ParseBatch(std::string_view content_type,
                                                std::string_view body) {
  constexpr std::string_view kBoundary = "boundary=";
  const auto at = content_type.find(kBoundary);
  std::string_view boundary =
      at == std::string_view::npos ? "" : content_type.substr(at + kBoundary.size());
  boundary = boundary.substr(0, boundary.find(';'));
  if (boundary.size() > 2 && boundary.starts_with('"') && boundary.ends_with('"')) {
    boundary = boundary.substr(1, boundary.size() - 2);
  }
  if (boundary.empty()) {
    return base::Error(base::ErrorClass::kCorrupt, "the answer to a batch has no boundary");
  }
  const std::string separator = "--" + std::string(boundary);
  std::vector<BatchPart> parts;
  TakeUntil(body, separator);
  while (!body.empty()) {
    std::string_view text = TakeUntil(body, separator);
    if (text.starts_with("--")) break;
    if (text.starts_with("\r\n")) text.remove_prefix(2);
    if (auto part = PartOf(text)) parts.push_back(std::move(*part));
  }
  return parts;
}

ObjectHead ParseBlobHeaders(const std::string& key, const HttpHeaders& headers) {
  ObjectHead head = ReadObjectHead(key, headers, "x-ms-meta-");
  Metadata metadata;
  for (const auto& [name, value] : head.metadata) metadata[MetadataNameFromTheWire(name)] = value;
  head.metadata = std::move(metadata);
  head.storage_class = headers.Value("x-ms-access-tier");
  return head;
}

}  // namespace objclient
