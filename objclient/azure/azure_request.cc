#include "objclient/azure/azure_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest/digest.h"
#include "base/utf8.h"
#include "objclient/rest/xml.h"

namespace objclient {

namespace {

constexpr std::uint32_t kListMax = 5000;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); }

// "_x2d" at `at`: an escape.
bool StartsEscape(std::string_view name, std::size_t at) {
  return at + 3 < name.size() && name[at] == '_' && name[at + 1] == 'x' &&
         IsHexDigit(name[at + 2]) && IsHexDigit(name[at + 3]);
}

AzureRequest Make(std::string method, const std::string& key) {
  return AzureRequest{MakeRequest(std::move(method), key), "", "", false};
}

AzureRequest MakeBulkPut(const std::string& key, const Body& body) {
  AzureRequest request = Make("PUT", key);
  request.urgent = false;
  request.body = body.pieces;
  request.has_body = true;
  return request;
}

AzureRequest MakeCopy(const std::string& key, const std::string& source,
                      const std::string& source_if_match) {
  AzureRequest request = Make("PUT", key);
  request.has_body = request.slow = true;
  request.copy_source = source;
  if (!source_if_match.empty()) {
    request.headers.Add("x-ms-source-if-match", Quoted(source_if_match));
  }
  return request;
}

std::string RangeText(base::ByteRange range) {
  return fmt::format("bytes={}-{}", range.offset, range.end() - 1);
}

}  // namespace

base::Status CheckBlobName(std::string_view name) {
  if (name.empty()) return base::Error(base::ErrorClass::kInvalid, "an object needs a key");
  const bool is_path = name.find('\\') == std::string_view::npos &&
                       name.find("./") == std::string_view::npos && !name.ends_with('.');
  if (is_path && base::IsUtf8(name)) return base::Ok();
  return base::Error(base::ErrorClass::kInvalid,
                     fmt::format("'{}' cannot be the name of a blob: no '\\', no '.' before a '/' "
                                 "or at the end, and UTF-8 only",
                                 name));
}

std::string MetadataNameOnTheWire(std::string_view name) {
  std::string wire;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool plain = IsLetter(c) || (IsDigit(c) && i > 0) || c == '_';
    if (plain && !StartsEscape(name, i)) {
      wire += c;
    } else {
      wire += fmt::format("_x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return wire;
}

std::string MetadataNameFromTheWire(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!StartsEscape(name, i)) {
      plain += name[i];
      continue;
    }
    const auto digit = [&](std::size_t at) {
      return IsDigit(name[at]) ? name[at] - '0' : name[at] - 'a' + 10;
    };
    plain += static_cast<char>(digit(i + 2) * 16 + digit(i + 3));
    i += 3;
  }
  return plain;
}

base::Status AddMetadata(AzureRequest& request, const Metadata& metadata) {
  for (const auto& [name, value] : metadata) {
    const bool fits = !name.empty() && std::all_of(value.begin(), value.end(), [](char c) {
      return c >= 0x20 && c < 0x7F;  // char is signed: bytes beyond ASCII are below
    });
    if (!fits) {
      return base::Error(base::ErrorClass::kInvalid,
                         fmt::format("metadata '{}' does not fit into a header", name));
    }
    request.headers.Add("x-ms-meta-" + MetadataNameOnTheWire(name), value);
  }
  return base::Ok();
}

void AddChecksum(AzureRequest& request, std::uint64_t crc64) {
  std::array<std::uint8_t, 8> little_endian{};
  for (std::size_t i = 0; i < little_endian.size(); ++i) {
    little_endian[i] = static_cast<std::uint8_t>(crc64 >> (8 * i));
  }
  request.headers.Add("x-ms-content-crc64", base::Base64(little_endian));
}

AzureRequest BuildGetBlob(const std::string& key, base::ByteRange range,
                          const std::string& if_match) {
  AzureRequest request = Make("GET", key);
  request.urgent = false;
  request.headers.Add("x-ms-range", RangeText(range));
  AddPrecondition(request, {false, if_match});
  return request;
}

AzureRequest BuildPutBlob(const std::string& key, const Body& body) {
  AzureRequest request = MakeBulkPut(key, body);
  request.headers.Add("x-ms-blob-type", "BlockBlob");
  return request;
}

AzureRequest BuildHeadBlob(const std::string& key) { return Make("HEAD", key); }

AzureRequest BuildDeleteBlob(const std::string& key) {
  AzureRequest request = Make("DELETE", key);
  request.headers.Add("x-ms-delete-snapshots", "include");
  return request;
}

AzureRequest BuildListBlobs(const std::string& prefix, const ListRequest& list) {
  AzureRequest request = Make("GET", "");
  request.query = {{"restype", "container"},
                   {"comp", "list"},
                   {"prefix", prefix},
                   {"include", "metadata"},  // tells directories on accounts that know none
                   {"maxresults", std::to_string(std::clamp(list.limit, 1u, kListMax))}};
  if (!list.delimiter.empty()) request.query.emplace_back("delimiter", list.delimiter);
  if (!list.continuation.empty()) request.query.emplace_back("marker", list.continuation);
  return request;
}

AzureRequest BuildCopyBlob(const std::string& source, const std::string& source_if_match,
                           const std::string& target) {
  AzureRequest request = MakeCopy(target, source, source_if_match);
  request.headers.Add("x-ms-requires-sync", "true");
  return request;
}

AzureRequest BuildPutBlock(const std::string& key, const std::string& block_id, const Body& body) {
  AzureRequest request = MakeBulkPut(key, body);
  request.query = {{"comp", "block"}, {"blockid", block_id}};
  return request;
}

AzureRequest BuildPutBlockFromUrl(const std::string& key, const std::string& block_id,
                                  const std::string& source, const std::string& source_if_match,
                                  base::ByteRange range) {
  AzureRequest request = MakeCopy(key, source, source_if_match);
  request.query = {{"comp", "block"}, {"blockid", block_id}};
  request.headers.Add("x-ms-source-range", RangeText(range));
  return request;
}

AzureRequest BuildGetBlockList(const std::string& key) {
  AzureRequest request = Make("GET", key);
  request.query = {{"comp", "blocklist"}, {"blocklisttype", "committed"}};
  return request;
}

AzureRequest BuildPutBlockList(const std::string& key, const std::vector<std::string>& block_ids) {
  AzureRequest request = Make("PUT", key);
  request.query = {{"comp", "blocklist"}};
  request.slow = true;
  // "Latest" finds a block that is committed already, too: sent twice, the list does no harm.
  std::string document = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
  for (const std::string& id : block_ids) document += "<Latest>" + XmlEscape(id) + "</Latest>";
  SetDocument(request, document + "</BlockList>");
  return request;
}

AzureRequest BuildBatch(const std::vector<HttpRequest>& deletions, const std::string& boundary) {
  AzureRequest request = Make("POST", "");
  request.slow = true;
  request.query = {{"restype", "container"}, {"comp", "batch"}};
  std::string document;
  for (std::size_t i = 0; i < deletions.size(); ++i) {
    const std::string& url = deletions[i].url;
    document += fmt::format(
        "--{}\r\ncontent-type: application/http\r\ncontent-transfer-encoding: binary\r\n"
        "content-id: {}\r\n\r\n{} {} HTTP/1.1\r\n",
        boundary, i, deletions[i].method, url.substr(url.find('/', url.find("://") + 3)));
    for (const auto& [name, value] : deletions[i].headers.all()) {
      document += fmt::format("{}: {}\r\n", name, value);
    }
    document += "content-length: 0\r\n\r\n";
  }
  document += fmt::format("--{}--\r\n", boundary);
  SetDocument(request, std::move(document), "multipart/mixed; boundary=" + boundary);
  return request;
}

}  // namespace objclient
