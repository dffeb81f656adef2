// What a local file says of itself as an object: ETag and user metadata, kept in two extended
// attributes. `user.cairnfs.etag` holds "token.size.mtime": the ETag is the token as long as size
// and mtime are those of the file, so that a file edited in place by another tool gets another
// ETag. Files without the attribute, or on a file system without attributes, have
// "mtime-size-inode". `user.cairnfs.meta` holds "name=value" lines. Pure functions over
// descriptors, any thread.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "objclient/object.h"

namespace objclient {

// Most bytes of names and values together, as S3 has it.
inline constexpr std::size_t kMetadataLimit = 2048;

std::int64_t MtimeNs(const struct stat& status);

// kInvalid when it is too large or holds what a header line cannot.
base::Result<std::string> EncodeMetadata(const Metadata& metadata);
// Lines that are no "name=value" are skipped: another tool wrote them.
Metadata DecodeMetadata(const std::string& text);

// Marks the file or directory of `fd` as a new object: a fresh token and the metadata. The file's
// content must be final (mtime is part of the mark). Returns the ETag.
base::Result<std::string> SetObjectAttrs(int fd, const Metadata& metadata);
// A directory made only as a parent carries no mark; true when this one is an object of its own.
bool HasObjectAttrs(int fd);
void ClearObjectAttrs(int fd);

std::string ReadETag(int fd, const struct stat& status);
// Everything but the key; metadata only when asked for.
ObjectHead ReadHead(int fd, const struct stat& status, bool with_metadata);

}  // namespace objclient
