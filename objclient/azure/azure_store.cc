// The bulk verbs, and what all verbs share. The blocking verbs are in azure_control.cc.
#include "objclient/azure/azure_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest/digest.h"
#include "objclient/azure/azure_reply.h"
#include "objclient/rest/object_headers.h"
#include "objclient/rest/ranged_get.h"

namespace objclient {

namespace {

constexpr std::size_t kHashStepBytes = 256 * base::kKiB;  // stays in the processor's cache

// The checksum that the service verifies. The caller's own is verified here, in the same pass over
// the bytes, so that nothing changes unseen between the two.
base::Result<std::uint64_t> ChecksumOf(const ObjectKey& key, const Body& body) {
  std::uint64_t crc64 = 0;
  std::uint32_t crc32c = 0;
  for (std::span<const std::byte> piece : body.pieces) {
    while (!piece.empty()) {
      const auto step = piece.first(std::min(piece.size(), kHashStepBytes));
      crc64 = base::Crc64Nvme(crc64, step);
      if (body.crc32c) crc32c = base::Crc32c(crc32c, step);
      piece = piece.subspan(step.size());
    }
  }
  if (!body.crc32c || *body.crc32c == crc32c) return crc64;
  return base::Error(base::ErrorClass::kCorrupt,
                     fmt::format("PUT {}: the bytes do not match their checksum", key));
}

ObjectHead WrittenHead(const PutRequest& request, const HttpAnswer& answer) {
  ObjectHead head;
  head.key = request.key;
  head.etag = Unquoted(answer.response.headers.Value("etag"));
  head.size = request.body.size();
  head.metadata = request.metadata;
  return head;
}

}  // namespace

AzureStore::AzureStore(std::unique_ptr<AzureSession> session, std::string prefix,
                       base::Clock& clock, StoreMemory memory)
    : prefix_(std::move(prefix)),
      memory_(std::move(memory)),
      uploads_(clock),
      session_(std::move(session)),
      executor_({.name = "azure-control", .threads = 2, .queue_limit = 1024}) {}

// The transport ends after the executor and may answer until then: nothing more is queued.
AzureStore::~AzureStore() {
  base::MutexLock lock(mutex_);
  stopping_ = true;
}

bool AzureStore::TrySubmit(std::function<void()> task) {
  base::MutexLock lock(mutex_);
  return !stopping_ && executor_.TrySubmit(std::move(task));
}

Capabilities AzureStore::capabilities() const {
  Capabilities capabilities;
  capabilities.put_if_absent = capabilities.put_if_match = true;
  capabilities.complete_condition = capabilities.delete_if_match = true;
  capabilities.delete_many_if_match = true;
  capabilities.checksum_crc32c = true;  // by way of the CRC-64 that the service verifies
  capabilities.server_copy = true;
  capabilities.keeps_directories = is_hierarchical();
  capabilities.moves = capabilities.keeps_directories && may_move_.load();
  capabilities.keys_are_utf8 = capabilities.keys_are_url_paths = true;
  capabilities.key_bytes_max -= prefix_.size();
  capabilities.part_size_min = 1;
  capabilities.put_size_max = 5000 * base::kMiB;
  capabilities.parts_max = AzureUploads::kPartsMax;
  // As the blocks of a file written through a mount, they end where parts of 8 or 64 MiB end.
  capabilities.copy_part_size = 64 * base::kMiB;
  return capabilities;
}

template <typename T>
void AzureStore::SendOr(Callback<T> done, const std::function<base::Status()>& send) {
  const base::Status sent = send();
  if (sent.ok()) return;
  executor_.Submit([done = std::move(done), error = sent.error()] { done(error); });
}

void AzureStore::Get(GetRequest request, Callback<ObjectHead> done) {
  SendOr<ObjectHead>(done, [&]() -> base::Status {
    TRY(CheckKey(request.key));
    AzureRequest wire = BuildGetBlob(Whole(request.key), request.range, request.if_match);
    auto get = std::make_shared<RangedGet>(std::move(request), ParseBlobHeaders);
    return session_->Send(
        std::move(wire),
        {[get](const HttpResponse& response) { return get->Start(response); },
         [get](std::span<const std::byte> bytes) { return get->Take(bytes); },
         [get, done](base::Result<HttpAnswer> answer) { done(get->Finish(answer)); }});
  });
}

void AzureStore::Put(PutRequest request, Callback<ObjectHead> done) {
  if (request.precondition.if_absent) {
    done = [this, request, done](base::Result<ObjectHead> head) {
      const bool refused = !head.ok() && head.error().error_class() == base::ErrorClass::kConflict;
      const bool looks = refused && TrySubmit([this, request, done, refusal = head.error()] {
                           done(PutBesideBlocks(request, refusal));
                         });
      if (!looks) done(std::move(head));
    };
  }
  SendOr<ObjectHead>(done, [&] { return SendPut(request, done); });
}

base::Result<ObjectHead> AzureStore::PutBesideBlocks(const PutRequest& request,
                                                     const base::Error& refusal) {
  const auto there = Look(request.key);
  if (there.ok() && IsDirectory(*there)) {
    return base::Error(base::ErrorClass::kExists, request.key + ": a directory has the name",
                       EISDIR);
  }
  if (there.ok()) return refusal;
  if (there.error().error_class() != base::ErrorClass::kNotFound) return there.error();
  const std::string whole = Whole(request.key);
  std::vector<std::string> block_ids;
  if (request.body.size() > 0) {
    TRY_ASSIGN(const std::uint64_t crc64, ChecksumOf(request.key, request.body));
    block_ids.push_back(BlockId(base::RandomHex(8), 1, PartEtag(crc64)));
    AzureRequest block = BuildPutBlock(whole, block_ids.front(), request.body);
    AddChecksum(block, crc64);
    TRY_ASSIGN([[maybe_unused]] const HttpAnswer stored, session_->Call(std::move(block)));
  }
  AzureRequest list = BuildPutBlockList(whole, block_ids);
  TRY(AddMetadata(list, request.metadata));
  AddPrecondition(list, request.precondition);
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(std::move(list)));
  return WrittenHead(request, answer);
}

base::Status AzureStore::SendPut(const PutRequest& request, Callback<ObjectHead> done) {
  TRY(CheckKey(request.key));
  TRY_ASSIGN(const std::uint64_t crc64, ChecksumOf(request.key, request.body));
  AzureRequest wire = BuildPutBlob(Whole(request.key), request.body);
  TRY(AddMetadata(wire, request.metadata));
  AddPrecondition(wire, request.precondition);
  AddChecksum(wire, crc64);
  return session_->Send(
      std::move(wire),
      {nullptr, nullptr, [request, done = std::move(done)](base::Result<HttpAnswer> answer) {
         if (!answer.ok()) return done(answer.error());
         done(WrittenHead(request, *answer));
       }});
}

void AzureStore::UploadPart(PartRequest request, Callback<PartInfo> done) {
  SendOr<PartInfo>(done, [&] { return SendPart(request, done); });
}

base::Status AzureStore::SendPart(const PartRequest& request, Callback<PartInfo> done) {
  TRY(uploads_.Check(request.key, request.upload_id));
  TRY_ASSIGN(const std::uint64_t crc64, ChecksumOf(request.key, request.body));
  const PartInfo part{request.number, PartEtag(crc64), request.body.size(), request.body.crc32c};
  const std::string block_id = BlockId(request.upload_id, request.number, part.etag);
  AzureRequest wire = BuildPutBlock(Whole(request.key), block_id, request.body);
  AddChecksum(wire, crc64);
  return session_->Send(std::move(wire),
                        {nullptr, nullptr,
                         [this, part, block_id, key = request.key, id = request.upload_id,
                          done = std::move(done)](base::Result<HttpAnswer> answer) {
                           if (!answer.ok()) return done(answer.error());
                           const base::Status added = uploads_.Add(key, id, part, block_id);
                           if (!added.ok()) return done(added.error());
                           done(part);
                         }});
}

}  // namespace objclient
