#include "objclient/copy_in_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace objclient {

namespace {

constexpr std::uint64_t kPieceBytes = 16 * base::kMiB;  // in memory, of what passes through us

base::Result<std::vector<std::byte>> Read(ObjectStore& store, const ObjectHead& source,
                                          base::ByteRange range) {
  std::vector<std::byte> bytes(range.length);
  if (bytes.empty()) return bytes;
  GetRequest get;
  get.key = source.key;
  get.range = range;
  get.if_match = source.etag;
  get.into = {bytes};
  get.object_size = source.size;
  const auto head = GetAndWait(store, std::move(get));
  if (!head.ok()) return head.error();
  return bytes;
}

base::Result<PartInfo> CopyPart(ObjectStore& store, const CopyRequest& request,
                                const ObjectHead& source, const std::string& upload_id,
                                std::uint32_t number, base::ByteRange range) {
  if (store.capabilities().server_copy) {
    return store.UploadPartCopy(request.target, upload_id, number, request.source, source.etag,
                                range);
  }
  TRY_ASSIGN(const std::vector<std::byte> bytes, Read(store, source, range));
  return UploadPartAndWait(store, {request.target, upload_id, number, {{bytes}, std::nullopt}});
}

base::Result<std::vector<PartInfo>> CopyParts(ObjectStore& store, const CopyRequest& request,
                                              const ObjectHead& source, std::uint64_t part_size,
                                              const std::string& upload_id) {
  const Capabilities can = store.capabilities();
  const std::uint64_t step = std::max(can.server_copy ? part_size : kPieceBytes,
                                      (source.size + can.parts_max - 1) / can.parts_max);
  std::vector<PartInfo> parts;
  for (std::uint64_t offset = 0; offset < source.size; offset += step) {
    const base::ByteRange range{offset, std::min(step, source.size - offset)};
    TRY_ASSIGN(PartInfo part, CopyPart(store, request, source, upload_id,
                                       static_cast<std::uint32_t>(parts.size() + 1), range));
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace

base::Error OnlyInParts(const ObjectKey& source) {
  return {base::ErrorClass::kUnsupported,
          fmt::format("{}: the object can only be copied in parts", source), EFBIG};
}

bool MeansOnlyInParts(const base::Error& error) {
  return error.error_class() == base::ErrorClass::kUnsupported && error.errno_value() == EFBIG;
}

base::Result<ObjectHead> CopyInParts(ObjectStore& store, const CopyRequest& request,
                                     std::uint64_t part_size) {
  TRY_ASSIGN(const ObjectHead source, store.Head(request.source));
  if (!request.source_if_match.empty() && source.etag != request.source_if_match) {
    return base::Error(base::ErrorClass::kConflict,
                       fmt::format("{}: the object is another one", request.source));
  }
  const Metadata& metadata = request.metadata ? *request.metadata : source.metadata;
  // An upload has a part at least, and a part a byte.
  const bool whole = source.size <= kPieceBytes && !store.capabilities().server_copy;
  if (whole || source.size == 0) {
    TRY_ASSIGN(const std::vector<std::byte> bytes, Read(store, source, {0, source.size}));
    return PutAndWait(store,
                      {request.target, {{bytes}, std::nullopt}, metadata, request.precondition});
  }
  TRY_ASSIGN(const std::string upload_id, store.CreateMultipart(request.target, metadata));
  auto result = [&]() -> base::Result<ObjectHead> {
    TRY_ASSIGN(const auto parts, CopyParts(store, request, source, part_size, upload_id));
    return store.CompleteMultipart(request.target, upload_id, parts, request.precondition);
  }();
  if (result.ok()) {
    result->metadata = metadata;
  } else {
    // What cannot be removed now is found by ListUploads later; the copy's error says more.
    static_cast<void>(store.AbortMultipart(request.target, upload_id));
  }
  return result;
}

}  // namespace objclient
