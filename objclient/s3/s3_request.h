// The builders of S3 requests: what each verb of ObjectStore looks like on the wire, before it is
// signed. Pure functions of their arguments; keys are whole keys in the bucket.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "objclient/auth/credentials.h"
#include "objclient/http/http_message.h"
#include "objclient/object_store.h"
#include "objclient/rest/rest_request.h"
#include "objclient/s3/s3_location.h"
#include "objclient/s3/s3_traits.h"

namespace objclient {

// Adds If-None-Match or If-Match, the latter in that style.
void AddPrecondition(RestRequest& request, const Precondition& precondition, EtagStyle style);
// Adds x-amz-meta-*. kInvalid for names and values that do not fit into a header.
base::Status AddMetadata(RestRequest& request, const Metadata& metadata);
// Adds x-amz-checksum-crc32c.
void AddChecksum(RestRequest& request, std::uint32_t crc32c);

// Asks a directory bucket for a session that may do as much as we may.
RestRequest BuildCreateSession();

RestRequest BuildGet(const std::string& key, base::ByteRange range, const std::string& if_match);
// Of all of an object, along with its checksum.
RestRequest BuildGetWhole(const std::string& key, const std::string& if_match);
RestRequest BuildPut(const std::string& key, const Body& body);
RestRequest BuildHead(const std::string& key);
RestRequest BuildDelete(const std::string& key);
// Keys and ETags that XML can carry, at most 1000.
RestRequest BuildDeleteMany(const std::vector<DeleteRequest>& requests);
RestRequest BuildList(const std::string& prefix, const ListRequest& request);
RestRequest BuildCopy(const S3Location& location, const CopyRequest& request,
                      const std::string& source, const std::string& target);

// Which CRC-32C a store keeps of an upload in parts: of its parts' sums, or of all its bytes.
enum class UploadChecksums : std::uint8_t { kNone, kParts, kWhole };
RestRequest BuildCreateMultipart(const std::string& key, UploadChecksums checksums);
RestRequest BuildUploadPart(const std::string& key, const std::string& upload_id,
                            std::uint32_t number, const Body& body);
// An empty range = all of the source.
RestRequest BuildUploadPartCopy(const S3Location& location, const std::string& key,
                                const std::string& upload_id, std::uint32_t number,
                                const std::string& source, const std::string& source_if_match,
                                base::ByteRange range);
// With the sums of parts that are known of all of them.
RestRequest BuildComplete(const std::string& key, const std::string& upload_id,
                          const std::vector<PartInfo>& parts, UploadChecksums checksums);
RestRequest BuildAbort(const std::string& key, const std::string& upload_id);
RestRequest BuildListParts(const std::string& key, const std::string& upload_id,
                           std::uint32_t after);
RestRequest BuildListUploads(const std::string& prefix, const std::string& key_marker,
                             const std::string& id_marker);

// The signed request for the wire. `request` must outlive it: the body is not copied.
HttpRequest Sign(const RestRequest& request, const S3Location& location,
                 const Credentials& credentials, std::int64_t epoch_seconds);

}  // namespace objclient
