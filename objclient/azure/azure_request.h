// The builders of Azure requests: what each verb of ObjectStore looks like on the wire, before it
// is signed. Pure functions of their arguments; keys are whole names in the container.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "objclient/object_store.h"
#include "objclient/rest/rest_request.h"

namespace objclient {

struct AzureRequest : RestRequest {
  std::string copy_source;    // key of a blob that the service reads for us; empty = none
  std::string rename_source;  // key of a path that gets the request's; empty = none
  bool for_paths = false;     // for the endpoint that knows directories, AzureLocation::PathAddress
};

// kInvalid for names that Azure takes for another one or refuses: empty ones, those that are not
// UTF-8 or hold a '\', those with a component that ends in '.'.
base::Status CheckBlobName(std::string_view name);

// A name of metadata must be an identifier; everything else becomes "_x2d". What other tools wrote
// is read as it is.
std::string MetadataNameOnTheWire(std::string_view name);
std::string MetadataNameFromTheWire(std::string_view name);
// Adds x-ms-meta-*. kInvalid for values that do not fit into a header.
base::Status AddMetadata(AzureRequest& request, const Metadata& metadata);
// Adds x-ms-content-crc64: the service refuses other bytes.
void AddChecksum(AzureRequest& request, std::uint64_t crc64);

AzureRequest BuildGetBlob(const std::string& key, base::ByteRange range,
                          const std::string& if_match);
AzureRequest BuildPutBlob(const std::string& key, const Body& body);
AzureRequest BuildHeadBlob(const std::string& key);
// Its snapshots go with it: without it nobody would find them.
AzureRequest BuildDeleteBlob(const std::string& key);
AzureRequest BuildListBlobs(const std::string& prefix, const ListRequest& request);
// Copies at once, or not at all: up to kCopyBlobMax.
inline constexpr std::uint64_t kCopyBlobMax = 256ull << 20;
AzureRequest BuildCopyBlob(const std::string& source, const std::string& source_if_match,
                           const std::string& target);

AzureRequest BuildPutBlock(const std::string& key, const std::string& block_id, const Body& body);
AzureRequest BuildPutBlockFromUrl(const std::string& key, const std::string& block_id,
                                  const std::string& source, const std::string& source_if_match,
                                  base::ByteRange range);
// The committed ones.
AzureRequest BuildGetBlockList(const std::string& key);
AzureRequest BuildPutBlockList(const std::string& key, const std::vector<std::string>& block_ids);

// At most kDeleteBatchMax deletions, signed already, as one request to the container.
inline constexpr std::size_t kDeleteBatchMax = 256;
AzureRequest BuildBatch(const std::vector<HttpRequest>& deletions, const std::string& boundary);

}  // namespace objclient
