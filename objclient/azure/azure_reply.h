// Parsers of Azure's answers: text in, values or kCorrupt out. Pure functions. The size of an
// answer is bounded by the exchange that collects it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "objclient/azure/azure_blocks.h"
#include "objclient/http/http_message.h"
#include "objclient/object.h"

namespace objclient {

// Names come back whole and decoded, objects and prefixes each in the order of their bytes. Blobs
// that stand for a directory, by themselves or by their metadata, are objects whose name ends in
// '/'.
base::Result<ListPage> ParseBlobList(std::string_view body);
// Makes such objects, but for `prefix` itself, what a listing with a delimiter has for directories.
void GroupDirectories(ListPage& page, std::string_view prefix);
// What HEAD says of a directory, or of a blob that stands for one.
bool IsDirectory(const ObjectHead& head);

// The committed blocks, in their order.
base::Result<std::vector<Block>> ParseBlockList(std::string_view body);

// One answer of a batch, as if it had come alone.
struct BatchPart {
  std::size_t index = 0;  // of the request in the batch
  HttpResponse response;
  std::string body;
};
// `content_type` names the boundary. A part that cannot be read is left out.
base::Result<std::vector<BatchPart>> ParseBatch(std::string_view content_type,
                                                std::string_view body);

// What the headers of a GET or HEAD say of the blob.
ObjectHead ParseBlobHeaders(const std::string& key, const HttpHeaders& headers);

}  // namespace objclient
