// Parsers of S3's XML answers: text in, values or kCorrupt out. Pure functions. The size of an
// answer is bounded by the session that collects it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "objclient/http/http_message.h"
#include "objclient/object.h"

namespace objclient {

// <Error>: also what an operation that failed after its status line sends with 200.
struct ErrorDocument {
  std::string code;
  std::string message;
  std::string request_id;
  std::string region;
  std::string server_time;
};
std::optional<ErrorDocument> ParseErrorDocument(std::string_view body);

// Keys come back whole, decoded where the store says that they are encoded. With `generations`
// these are the objects' ETags.
base::Result<ListPage> ParseListPage(std::string_view body, bool generations = false);

struct CopyResult {
  std::string etag;
  std::int64_t mtime_ns = 0;
  std::optional<std::uint32_t> crc32c;
};
// Of CopyObjectResult and CopyPartResult.
base::Result<CopyResult> ParseCopyResult(std::string_view body);

base::Result<std::string> ParseUploadId(std::string_view body);

// Of the whole; either is empty where the store leaves it out, as radosgw 16 does with the ETag.
struct CompleteResult {
  std::string etag;
  std::string crc32c;  // as sent: of all bytes, or of the parts' sums
};
base::Result<CompleteResult> ParseCompleteResult(std::string_view body);

struct PartsPage {
  std::vector<PartInfo> parts;
  std::optional<std::uint32_t> next;  // the parts after this one are on the next page
};
base::Result<PartsPage> ParsePartsPage(std::string_view body);

struct UploadsPage {
  std::vector<UploadInfo> uploads;
  std::string next_key_marker;
  std::string next_id_marker;
  bool truncated = false;
};
base::Result<UploadsPage> ParseUploadsPage(std::string_view body);

// What DeleteObjects could not delete: key, and the store's code and message.
base::Result<std::vector<std::pair<std::string, ErrorDocument>>> ParseDeleteResult(
    std::string_view body);

// What the headers of a GET or HEAD say of the object.
ObjectHead ParseHeadHeaders(const std::string& key, const HttpHeaders& headers);

}  // namespace objclient
