#include "objclient/local/local_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <map>

#include "base/digest/digest.h"
#include "objclient/local/copy_range.h"
#include "objclient/local/object_attrs.h"
#include "objclient/local/temp_file.h"

namespace objclient {
namespace {

constexpr std::size_t kLeastHole = 64u << 10;  // bytes of zeros that are worth a call
constexpr std::size_t kReadStep = base::kMiB;  // bytes between two calls of `progress`
constexpr std::size_t kSyncBatch = 64;         // directories held open by DeleteMany

// Bulk verbs must not block, and their number is bounded by the callers' limiters.
base::Executor::Options Threads(std::string name) {
  return {.name = std::move(name),
          .threads = 4,
          .queue_limit = std::numeric_limits<std::size_t>::max()};
}

template <typename T>
base::Result<T> Named(base::Result<T> result, std::string_view verb, const ObjectKey& key) {
  if (result.ok()) return result;
  return result.error().Annotate(fmt::format("{} '{}'", verb, key));
}

bool SameContent(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

base::Error Replaced() {
  return base::Error(base::ErrorClass::kConflict, "the object was replaced");
}

// kConflict when the file was written to since it was opened.
base::Status CheckUnchanged(const OpenedObject& object) {
  struct stat now;
  if (::fstat(object.fd.get(), &now) != 0) return base::Error::FromErrno(errno, "fstat");
  if (!SameContent(now, object.status)) return Replaced();
  return base::Ok();
}

base::Status CheckSum(const Body& body) {
  if (!body.crc32c) return base::Ok();
  std::uint32_t crc = 0;
  for (const auto& piece : body.pieces) crc = base::Crc32c(crc, piece);
  if (crc == *body.crc32c) return base::Ok();
  return base::Error(base::ErrorClass::kCorrupt, "the checksum does not match the bytes");
}

bool AllZeros(std::span<const std::byte> bytes) {
  return bytes[0] == std::byte{0} &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

// Makes a hole, whatever a former try left there. False where the file system cannot.
bool LeaveHole(int fd, std::uint64_t offset, std::uint64_t length) {
  return ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                     static_cast<off_t>(length)) == 0;
}

// The zeros of a sparse file do not take room. The last byte is written in any case: the file must
// reach that far.
base::Status WriteBody(int fd, std::uint64_t offset, const Body& body) {
  const std::uint64_t end = offset + body.size();
  for (const auto& piece : body.pieces) {
    const bool hole =
        piece.size() >= kLeastHole && AllZeros(piece) && LeaveHole(fd, offset, piece.size());
    const bool last = offset + piece.size() == end;
    const std::size_t left_out = !hole ? 0 : last ? piece.size() - 1 : piece.size();
    TRY(base::WriteFull(fd, offset + left_out, piece.subspan(left_out)));
    offset += piece.size();
  }
  return base::Ok();
}

base::Status CheckRange(base::ByteRange range, const OpenedObject& object) {
  const std::uint64_t size = object.head.size;
  if (range.offset <= size && range.length <= size - range.offset) return base::Ok();
  return base::Error(base::ErrorClass::kInvalid, "range beyond the object's end");
}

}  // namespace

LocalStore::LocalStore(std::unique_ptr<LocalTree> tree, base::Clock& clock)
    : tree_(std::move(tree)),
      clock_(clock),
      lister_(*tree_),
      uploads_(*tree_),
      readers_(Threads("local-read")),
      writers_(Threads("local-write")) {}

base::Result<std::unique_ptr<LocalStore>> LocalStore::Open(const std::string& directory,
                                                           base::Clock& clock) {
  TRY_ASSIGN(auto tree, LocalTree::Open(directory));
  std::unique_ptr<LocalStore> store(new LocalStore(std::move(tree), clock));
  TempFile::Sweep(*store->tree_, clock.WallNs());
  store->uploads_.Sweep(clock.WallNs());
  return base::Result<std::unique_ptr<LocalStore>>(std::move(store));
}

Capabilities LocalStore::capabilities() const {
  Capabilities can;
  can.put_if_absent = can.put_if_match = can.complete_condition = true;
  can.delete_if_match = can.delete_many_if_match = true;
  can.checksum_crc32c = can.server_copy = can.list_sorted = true;
  can.part_size_min = 1;
  return can;
}

void LocalStore::Get(GetRequest request, Callback<ObjectHead> done) {
  readers_.Submit([this, request = std::move(request), done = std::move(done)] {
    done(Named(Read(request), "GET", request.key));
  });
}

void LocalStore::Put(PutRequest request, Callback<ObjectHead> done) {
  writers_.Submit([this, request = std::move(request), done = std::move(done)] {
    done(Named(Write(request), "PUT", request.key));
  });
}

void LocalStore::UploadPart(PartRequest request, Callback<PartInfo> done) {
  writers_.Submit([this, request = std::move(request), done = std::move(done)] {
    done(Named(WritePart(request), "UPLOAD PART", request.key));
  });
}

base::Result<OpenedObject> LocalStore::OpenSource(const ObjectKey& key,
                                                  const std::string& if_match) {
  TRY_ASSIGN(OpenedObject object, tree_->OpenObject(key));
  if (!if_match.empty() && object.head.etag != if_match) return Replaced();
  return object;
}

base::Result<ObjectHead> LocalStore::Read(const GetRequest& request) {
  TRY_ASSIGN(OpenedObject object, OpenSource(request.key, request.if_match));
  TRY(CheckRange(request.range, object));
  if (request.claim && !request.claim()) {
    return base::Error(base::ErrorClass::kCancelled, "another request was faster");
  }
  std::uint64_t received = 0;
  for (const auto& piece : request.into) {
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t step = std::min(piece.size() - at, kReadStep);
      TRY(base::ReadFull(object.fd.get(), request.range.offset + received,
                         piece.subspan(at, step)));
      // Before the bytes are announced: they must be those of the version that was opened.
      TRY(CheckUnchanged(object));
      at += step;
      received += step;
      if (request.progress) request.progress(received);
    }
  }
  return std::move(object.head);
}

base::Result<ObjectHead> LocalStore::Write(const PutRequest& request) {
  TRY(CheckSum(request.body));
  if (request.key.ends_with('/')) {
    if (request.body.size() == 0) {
      return tree_->PublishDirectory(request.key, request.metadata, request.precondition);
    }
    return base::Error(base::ErrorClass::kInvalid, "a key that ends in '/' cannot hold bytes");
  }
  TRY(LocalTree::CheckKey(request.key));
  TRY_ASSIGN(const TempFile file, TempFile::Create(*tree_));
  TRY(WriteBody(file.fd(), 0, request.body));
  TRY_ASSIGN(const std::string etag, SetObjectAttrs(file.fd(), request.metadata));
  if (::fsync(file.fd()) != 0) return base::Error::FromErrno(errno, "fsync");
  TRY(tree_->Publish(file.directory(), file.name(), request.key, request.precondition));
  ObjectHead head;
  head.key = request.key;
  head.etag = etag;
  head.size = request.body.size();
  struct stat status;
  if (::fstat(file.fd(), &status) == 0) head.mtime_ns = MtimeNs(status);
  head.metadata = request.metadata;
  return head;
}

base::Result<PartInfo> LocalStore::WritePart(const PartRequest& request) {
  if (request.number < 1 || request.number > capabilities().parts_max) {
    return base::Error(base::ErrorClass::kInvalid, "part numbers go from 1 to 10000");
  }
  TRY_ASSIGN(const auto upload, uploads_.Find(request.key, request.upload_id));
  TRY(CheckSum(request.body));
  PartInfo part;
  part.number = request.number;
  part.size = request.body.size();
  part.crc32c = request.body.crc32c;
  return upload->WritePart(
      part, [&](int fd, std::uint64_t offset) { return WriteBody(fd, offset, request.body); });
}

base::Result<ObjectHead> LocalStore::Head(const ObjectKey& key) {
  auto object = tree_->OpenObject(key);
  if (!object.ok()) return object.error().Annotate(fmt::format("HEAD '{}'", key));
  return std::move(object->head);
}

base::Result<ObjectHead> LocalStore::Copy(const CopyRequest& request) {
  return Named(CopyObject(request), "COPY", request.target);
}

base::Result<ObjectHead> LocalStore::CopyObject(const CopyRequest& request) {
  TRY_ASSIGN(const OpenedObject source, OpenSource(request.source, request.source_if_match));
  if (request.target.ends_with('/') || request.source.ends_with('/')) {
    if (!request.target.ends_with('/') || !request.source.ends_with('/')) {
      return base::Error(base::ErrorClass::kInvalid,
                         "only a directory marker can be copied to a key that ends in '/'");
    }
    return tree_->PublishDirectory(request.target, request.metadata.value_or(source.head.metadata),
                                   request.precondition);
  }
  TRY(LocalTree::CheckKey(request.target));
  if (!request.metadata || *request.metadata == source.head.metadata) {
    const auto link = TempFile::CreateLink(*tree_, source.fd.get());
    if (link.ok()) {
      // Another tool may have written the file a moment ago, and a copy is durable when answered.
      if (::fsync(source.fd.get()) != 0) return base::Error::FromErrno(errno, "fsync");
      TRY(tree_->Publish(link->directory(), link->name(), request.target, request.precondition));
      ObjectHead head = source.head;
      head.key = request.target;
      return head;
    }
  }
  TRY_ASSIGN(const TempFile file, TempFile::Create(*tree_));
  TRY(CopyRange(source.fd.get(), {0, source.head.size}, file.fd(), 0));
  TRY(CheckUnchanged(source));
  TRY_ASSIGN(const std::string etag,
             SetObjectAttrs(file.fd(), request.metadata.value_or(source.head.metadata)));
  if (::fsync(file.fd()) != 0) return base::Error::FromErrno(errno, "fsync");
  struct stat status;
  if (::fstat(file.fd(), &status) != 0) return base::Error::FromErrno(errno, "fstat");
  ObjectHead head = ReadHead(file.fd(), status, true);
  TRY(tree_->Publish(file.directory(), file.name(), request.target, request.precondition));
  head.key = request.target;
  return head;
}

base::Status LocalStore::Delete(const ObjectKey& key, const std::string& if_match) {
  const auto directory = tree_->Remove(key, if_match);
  if (!directory.ok()) return directory.error().Annotate(fmt::format("DELETE '{}'", key));
  return Named(LocalTree::SyncRemoved(directory->get()), "DELETE", key);
}

base::Result<std::vector<std::pair<ObjectKey, base::Error>>> LocalStore::DeleteMany(
    const std::vector<DeleteRequest>& requests) {
  std::vector<std::pair<ObjectKey, base::Error>> failed;
  // One sync for all keys of a directory; directories that deletes removed need none.
  std::map<ino_t, base::UniqueFd> directories;
  const auto sync = [&]() -> base::Status {
    for (const auto& [inode, directory] : directories) {
      TRY(LocalTree::SyncRemoved(directory.get()));
    }
    directories.clear();
    return base::Ok();
  };
  for (const auto& [key, if_match] : requests) {
    auto directory = tree_->Remove(key, if_match);
    if (!directory.ok()) {
      failed.emplace_back(key, directory.error().Annotate(fmt::format("DELETE '{}'", key)));
      continue;
    }
    struct stat status;
    if (!*directory || ::fstat(directory->get(), &status) != 0) continue;
    directories.try_emplace(status.st_ino, std::move(directory).value());
    if (directories.size() >= kSyncBatch) TRY(sync());
  }
  TRY(sync());
  return failed;
}

base::Result<ListPage> LocalStore::List(const ListRequest& request) {
  return Named(lister_.List(request), "LIST", request.prefix);
}

base::Result<std::string> LocalStore::CreateMultipart(const ObjectKey& key,
                                                      const Metadata& metadata) {
  return Named(uploads_.Create(key, metadata, clock_.WallNs()), "CREATE MULTIPART", key);
}

base::Result<PartInfo> LocalStore::UploadPartCopy(const ObjectKey& key,
                                                  const std::string& upload_id,
                                                  std::uint32_t number, const ObjectKey& source,
                                                  const std::string& source_if_match,
                                                  base::ByteRange range) {
  return Named(CopyPart(key, upload_id, number, source, source_if_match, range), "PART COPY", key);
}

base::Result<PartInfo> LocalStore::CopyPart(const ObjectKey& key, const std::string& upload_id,
                                            std::uint32_t number, const ObjectKey& source,
                                            const std::string& source_if_match,
                                            base::ByteRange range) {
  TRY_ASSIGN(const auto upload, uploads_.Find(key, upload_id));
  TRY_ASSIGN(const OpenedObject object, OpenSource(source, source_if_match));
  TRY(CheckRange(range, object));
  PartInfo part;
  part.number = number;
  part.size = range.length;
  return upload->WritePart(part, [&](int fd, std::uint64_t offset) -> base::Status {
    TRY(CopyRange(object.fd.get(), range, fd, offset));
    return CheckUnchanged(object);
  });
}

base::Result<ObjectHead> LocalStore::CompleteMultipart(const ObjectKey& key,
                                                       const std::string& upload_id,
                                                       const std::vector<PartInfo>& parts,
                                                       const Precondition& precondition) {
  return Named(uploads_.Complete(key, upload_id, parts, precondition), "COMPLETE", key);
}

base::Status LocalStore::AbortMultipart(const ObjectKey& key, const std::string& upload_id) {
  return Named(uploads_.Abort(key, upload_id), "ABORT", key);
}

base::Result<std::vector<PartInfo>> LocalStore::ListParts(const ObjectKey& key,
                                                          const std::string& upload_id) {
  const auto upload = uploads_.Find(key, upload_id);
  if (!upload.ok()) return upload.error().Annotate(fmt::format("LIST PARTS '{}'", key));
  return (*upload)->Parts();
}

base::Result<std::vector<UploadInfo>> LocalStore::ListUploads(const ObjectKey& prefix) {
  return Named(uploads_.List(prefix), "LIST UPLOADS", prefix);
}

}  // namespace objclient
