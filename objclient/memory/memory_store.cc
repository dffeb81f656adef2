#include "objclient/memory/memory_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/digest/digest.h"

namespace objclient {
namespace {

constexpr std::uint64_t kProgressStep = base::kMiB;

base::Error Failed(base::ErrorClass error_class, std::string_view verb, std::string_view key,
                   std::string_view why) {
  return base::Error(error_class, fmt::format("{} '{}': {}", verb, key, why));
}

// Copies the body, checking the sum that came with it.
base::Result<std::vector<std::byte>> Receive(std::string_view verb, const ObjectKey& key,
                                             const Body& body) {
  std::vector<std::byte> bytes;
  bytes.reserve(body.size());
  for (const auto& piece : body.pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
  if (body.crc32c && base::Crc32c(0, bytes) != *body.crc32c) {
    return Failed(base::ErrorClass::kCorrupt, verb, key, "the checksum does not match the bytes");
  }
  return bytes;
}

}  // namespace

MemoryStore::MemoryStore(base::Clock& clock)
    : clock_(clock),
      executor_({.name = "memstore",
                 .threads = 2,
                 // Bulk verbs must not block, their number is bounded by the callers' limiters.
                 .queue_limit = std::numeric_limits<std::size_t>::max()}) {}

Capabilities MemoryStore::capabilities() const {
  Capabilities can;
  can.put_if_absent = can.put_if_match = can.complete_condition = true;
  can.delete_if_match = can.delete_many_if_match = true;
  can.checksum_crc32c = can.server_copy = can.list_sorted = true;
  can.part_size_min = 1;
  return can;
}

void MemoryStore::Get(GetRequest request, Callback<ObjectHead> done) {
  executor_.Submit(
      [this, request = std::move(request), done = std::move(done)] { done(Read(request)); });
}

void MemoryStore::Put(PutRequest request, Callback<ObjectHead> done) {
  executor_.Submit([this, request = std::move(request), done = std::move(done)] {
    auto bytes = Receive("PUT", request.key, request.body);
    if (!bytes.ok()) return done(bytes.error());
    done(Store(request.key,
               std::make_shared<const std::vector<std::byte>>(std::move(bytes).value()),
               request.metadata, request.precondition));
  });
}

void MemoryStore::UploadPart(PartRequest request, Callback<PartInfo> done) {
  executor_.Submit([this, request = std::move(request), done = std::move(done)] {
    auto bytes = Receive("UPLOAD PART", request.key, request.body);
    if (!bytes.ok()) return done(bytes.error());
    PartInfo part;
    part.number = request.number;
    part.crc32c = request.body.crc32c;
    done(StorePart(request.key, request.upload_id, part,
                   std::make_shared<const std::vector<std::byte>>(std::move(bytes).value())));
  });
}

base::Result<MemoryStore::Object> MemoryStore::Find(const ObjectKey& key,
                                                    const std::string& if_match) {
  base::MutexLock lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) {
    return Failed(base::ErrorClass::kNotFound, "GET", key, "there is no such object");
  }
  if (!if_match.empty() && found->second.head.etag != if_match) {
    return Failed(base::ErrorClass::kConflict, "GET", key, "the object was replaced");
  }
  return found->second;
}

base::Result<ObjectHead> MemoryStore::Read(const GetRequest& request) {
  TRY_ASSIGN(const Object object, Find(request.key, request.if_match));
  if (request.range.end() > object.bytes->size()) {
    return Failed(base::ErrorClass::kInvalid, "GET", request.key, "range beyond the object's end");
  }
  if (request.claim && !request.claim()) {
    return base::Error(base::ErrorClass::kCancelled, "another request was faster");
  }
  const std::byte* from = object.bytes->data() + request.range.offset;
  std::uint64_t copied = 0;
  for (const auto& piece : request.into) {
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t step = std::min<std::size_t>(piece.size() - at, kProgressStep);
      std::memcpy(piece.data() + at, from + copied, step);
      at += step;
      copied += step;
      if (request.progress) request.progress(copied);
    }
  }
  return object.head;
}

base::Result<ObjectHead> MemoryStore::Head(const ObjectKey& key) {
  base::MutexLock lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) {
    return Failed(base::ErrorClass::kNotFound, "HEAD", key, "there is no such object");
  }
  return found->second.head;
}

base::Status MemoryStore::CheckLocked(const ObjectKey& key,
                                      const Precondition& precondition) const {
  const auto found = objects_.find(key);
  if (precondition.if_absent && found != objects_.end()) {
    return Failed(base::ErrorClass::kConflict, "PUT", key, "the key is taken");
  }
  if (!precondition.if_match.empty() &&
      (found == objects_.end() || found->second.head.etag != precondition.if_match)) {
    return Failed(base::ErrorClass::kConflict, "PUT", key, "the object was replaced or deleted");
  }
  return base::Ok();
}

base::Result<ObjectHead> MemoryStore::Store(const ObjectKey& key, Bytes bytes,
                                            const Metadata& metadata,
                                            const Precondition& precondition) {
  base::MutexLock lock(mutex_);
  return StoreLocked(key, std::move(bytes), metadata, precondition);
}

base::Result<ObjectHead> MemoryStore::StoreLocked(const ObjectKey& key, Bytes bytes,
                                                  const Metadata& metadata,
                                                  const Precondition& precondition) {
  if (key.empty()) return Failed(base::ErrorClass::kInvalid, "PUT", key, "the key is empty");
  TRY(CheckLocked(key, precondition));
  Object object;
  object.head.key = key;
  object.head.etag = NextToken();
  object.head.size = bytes->size();
  object.head.mtime_ns = clock_.WallNs();
  object.head.metadata = metadata;
  object.bytes = std::move(bytes);
  ObjectHead head = object.head;
  objects_[key] = std::move(object);
  return head;
}

base::Result<ObjectHead> MemoryStore::Copy(const CopyRequest& request) {
  base::MutexLock lock(mutex_);
  const auto found = objects_.find(request.source);
  if (found == objects_.end()) {
    return Failed(base::ErrorClass::kNotFound, "COPY", request.source, "there is no such object");
  }
  if (!request.source_if_match.empty() && found->second.head.etag != request.source_if_match) {
    return Failed(base::ErrorClass::kConflict, "COPY", request.source, "the object was replaced");
  }
  const Object source = found->second;
  return StoreLocked(request.target, source.bytes, request.metadata.value_or(source.head.metadata),
                     request.precondition);
}

base::Status MemoryStore::Delete(const ObjectKey& key, const std::string& if_match) {
  base::MutexLock lock(mutex_);
  return DeleteLocked(key, if_match);
}

base::Status MemoryStore::DeleteLocked(const ObjectKey& key, const std::string& if_match) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) return base::Ok();
  if (!if_match.empty() && found->second.head.etag != if_match) {
    return Failed(base::ErrorClass::kConflict, "DELETE", key, "the object was replaced");
  }
  objects_.erase(found);
  return base::Ok();
}

base::Result<std::vector<std::pair<ObjectKey, base::Error>>> MemoryStore::DeleteMany(
    const std::vector<DeleteRequest>& requests) {
  base::MutexLock lock(mutex_);
  std::vector<std::pair<ObjectKey, base::Error>> failed;
  for (const auto& [key, if_match] : requests) {
    const base::Status deleted = DeleteLocked(key, if_match);
    if (!deleted.ok()) failed.emplace_back(key, deleted.error());
  }
  return failed;
}

base::Result<ListPage> MemoryStore::List(const ListRequest& request) {
  base::MutexLock lock(mutex_);
  ListPage page;
  const std::uint32_t limit = std::max<std::uint32_t>(request.limit, 1);
  auto at = request.continuation > request.prefix ? objects_.upper_bound(request.continuation)
                                                  : objects_.lower_bound(request.prefix);
  std::string last = request.continuation;
  while (at != objects_.end() && at->first.starts_with(request.prefix)) {
    std::string common;
    if (!request.delimiter.empty()) {
      const std::size_t cut = at->first.find(request.delimiter, request.prefix.size());
      if (cut != std::string::npos) common = at->first.substr(0, cut + request.delimiter.size());
    }
    if (!common.empty() && common == last) {  // the page before ended with this prefix
      ++at;
      continue;
    }
    if (page.objects.size() + page.prefixes.size() == limit) {
      page.continuation = last;
      return page;
    }
    if (common.empty()) {
      page.objects.push_back(at->second.head);
      page.objects.back().metadata.clear();
      last = at->first;
    } else {
      page.prefixes.push_back(common);
      last = common;
    }
    ++at;
  }
  return page;
}

base::Result<std::string> MemoryStore::CreateMultipart(const ObjectKey& key,
                                                       const Metadata& metadata) {
  base::MutexLock lock(mutex_);
  std::string id = NextToken();
  uploads_[id] = Upload{{key, id, clock_.WallNs()}, metadata, {}};
  return id;
}

base::Result<MemoryStore::Upload*> MemoryStore::FindUpload(const ObjectKey& key,
                                                           const std::string& upload_id) {
  const auto found = uploads_.find(upload_id);
  if (found == uploads_.end() || found->second.about.key != key) {
    return Failed(base::ErrorClass::kNotFound, "MULTIPART", key,
                  fmt::format("there is no upload '{}'", upload_id));
  }
  return &found->second;
}

base::Result<PartInfo> MemoryStore::StorePart(const ObjectKey& key, const std::string& upload_id,
                                              PartInfo part, Bytes bytes) {
  base::MutexLock lock(mutex_);
  if (part.number < 1 || part.number > capabilities().parts_max) {
    return Failed(base::ErrorClass::kInvalid, "UPLOAD PART", key,
                  fmt::format("part number {} is not in 1 to 10000", part.number));
  }
  TRY_ASSIGN(Upload* const upload, FindUpload(key, upload_id));
  part.etag = NextToken();
  part.size = bytes->size();
  upload->parts[part.number] = Part{part, std::move(bytes)};
  return part;
}

base::Result<PartInfo> MemoryStore::UploadPartCopy(const ObjectKey& key,
                                                   const std::string& upload_id,
                                                   std::uint32_t number, const ObjectKey& source,
                                                   const std::string& source_if_match,
                                                   base::ByteRange range) {
  TRY_ASSIGN(const Object object, Find(source, source_if_match));
  if (range.end() > object.bytes->size()) {
    return Failed(base::ErrorClass::kInvalid, "PART COPY", source, "range beyond the object's end");
  }
  const auto from = object.bytes->begin() + static_cast<std::ptrdiff_t>(range.offset);
  PartInfo part;
  part.number = number;
  return StorePart(key, upload_id, part,
                   std::make_shared<const std::vector<std::byte>>(
                       from, from + static_cast<std::ptrdiff_t>(range.length)));
}

base::Result<ObjectHead> MemoryStore::CompleteMultipart(const ObjectKey& key,
                                                        const std::string& upload_id,
                                                        const std::vector<PartInfo>& parts,
                                                        const Precondition& precondition) {
  base::MutexLock lock(mutex_);
  TRY_ASSIGN(Upload* const upload, FindUpload(key, upload_id));
  if (parts.empty()) {
    return Failed(base::ErrorClass::kInvalid, "COMPLETE", key, "an upload needs a part");
  }
  std::vector<std::byte> bytes;
  std::uint32_t before = 0;
  for (const PartInfo& part : parts) {
    const auto found = upload->parts.find(part.number);
    if (part.number <= before || found == upload->parts.end() ||
        found->second.part.etag != part.etag) {
      return Failed(
          base::ErrorClass::kInvalid, "COMPLETE", key,
          fmt::format("part {} is not the one that was uploaded, or out of order", part.number));
    }
    before = part.number;
    bytes.insert(bytes.end(), found->second.bytes->begin(), found->second.bytes->end());
  }
  TRY_ASSIGN(ObjectHead head,
             StoreLocked(key, std::make_shared<const std::vector<std::byte>>(std::move(bytes)),
                         upload->metadata, precondition));
  uploads_.erase(upload_id);
  return head;
}

base::Status MemoryStore::AbortMultipart(const ObjectKey& key, const std::string& upload_id) {
  base::MutexLock lock(mutex_);
  if (FindUpload(key, upload_id).ok()) uploads_.erase(upload_id);
  return base::Ok();
}

base::Result<std::vector<PartInfo>> MemoryStore::ListParts(const ObjectKey& key,
                                                           const std::string& upload_id) {
  base::MutexLock lock(mutex_);
  TRY_ASSIGN(Upload* const upload, FindUpload(key, upload_id));
  std::vector<PartInfo> parts;
  for (const auto& [number, part] : upload->parts) parts.push_back(part.part);
  return parts;
}

base::Result<std::vector<UploadInfo>> MemoryStore::ListUploads(const ObjectKey& prefix) {
  base::MutexLock lock(mutex_);
  std::vector<UploadInfo> uploads;
  for (const auto& [id, upload] : uploads_) {
    if (upload.about.key.starts_with(prefix)) uploads.push_back(upload.about);
  }
  std::ranges::sort(uploads, {}, &UploadInfo::key);
  return uploads;
}

std::string MemoryStore::NextToken() { return fmt::format("m{:08x}", ++tokens_); }

}  // namespace objclient
