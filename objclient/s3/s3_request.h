// S3Request and its builders: what each verb of ObjectStore looks like on the wire, before it is
// signed. Pure functions of their arguments; keys are whole keys in the bucket.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "objclient/auth/credentials.h"
#include "objclient/http/http_message.h"
#include "objclient/object_store.h"
#include "objclient/s3/s3_location.h"

namespace objclient {

struct S3Request {
  std::string method;
  std::string key;                                         // empty = the bucket
  std::vector<std::pair<std::string, std::string>> query;  // not encoded
  HttpHeaders headers;
  std::vector<std::span<const std::byte>> body;  // the caller's memory, or
  std::string document;                          // our own XML
  bool has_body = false;
  bool urgent = true;              // bulk requests are not
  bool may_fail_with_200 = false;  // the answer's body decides, see s3_reply.h
  bool slow = false;               // the server works before it answers (copies, completions)
};

// How an ETag goes into If-Match: quoted as RFC 9110 says, or bare for old radosgw.
enum class EtagStyle : std::uint8_t { kQuoted, kBare };

// Adds If-None-Match or If-Match.
void AddPrecondition(S3Request& request, const Precondition& precondition, EtagStyle style);
// Adds x-amz-meta-*. kInvalid for names and values that do not fit into a header.
base::Status AddMetadata(S3Request& request, const Metadata& metadata);
// Adds x-amz-checksum-crc32c.
void AddChecksum(S3Request& request, std::uint32_t crc32c);

S3Request BuildGet(const std::string& key, base::ByteRange range, const std::string& if_match);
S3Request BuildPut(const std::string& key, const Body& body);
S3Request BuildHead(const std::string& key);
S3Request BuildDelete(const std::string& key);
// Keys and ETags that XML can carry, at most 1000.
S3Request BuildDeleteMany(const std::vector<DeleteRequest>& requests);
bool FitsIntoXml(std::string_view key);
S3Request BuildList(const std::string& prefix, const ListRequest& request);
S3Request BuildCopy(const S3Location& location, const CopyRequest& request,
                    const std::string& source, const std::string& target);

S3Request BuildCreateMultipart(const std::string& key, bool checksums);
S3Request BuildUploadPart(const std::string& key, const std::string& upload_id,
                          std::uint32_t number, const Body& body);
S3Request BuildUploadPartCopy(const S3Location& location, const std::string& key,
                              const std::string& upload_id, std::uint32_t number,
                              const std::string& source, const std::string& source_if_match,
                              base::ByteRange range);
S3Request BuildComplete(const std::string& key, const std::string& upload_id,
                        const std::vector<PartInfo>& parts);
S3Request BuildAbort(const std::string& key, const std::string& upload_id);
S3Request BuildListParts(const std::string& key, const std::string& upload_id,
                         const std::string& marker);
S3Request BuildListUploads(const std::string& prefix, const std::string& key_marker,
                           const std::string& id_marker);

// The signed request for the wire. `request` must outlive it: the body is not copied.
HttpRequest Sign(const S3Request& request, const S3Location& location,
                 const Credentials& credentials, std::int64_t epoch_seconds);

}  // namespace objclient
