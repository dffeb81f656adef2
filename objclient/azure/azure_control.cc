// The blocking verbs of AzureStore.
#include <fmt/format.h>

#include <algorithm>

#include "base/digest/digest.h"
#include "objclient/azure/azure_error.h"
#include "objclient/azure/azure_reply.h"
#include "objclient/azure/azure_store.h"
#include "objclient/copy_in_parts.h"
#include "objclient/http/http_date.h"
#include "objclient/rest/listing.h"
#include "objclient/rest/object_headers.h"

namespace objclient {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// Of a deletion: with an ETag it is one of what is called exactly like that.
bool MeansDirectory(const ObjectKey& key, const std::string& if_match) {
  return key.ends_with('/') && if_match.empty();
}

}  // namespace

base::Result<ObjectHead> AzureStore::Head(const ObjectKey& key) {
  TRY_ASSIGN(ObjectHead head, Look(key));
  if (!IsDirectory(head) || key.ends_with('/')) return head;
  return base::Error(base::ErrorClass::kNotFound, key + ": a directory, no object");
}

base::Result<ObjectHead> AzureStore::Look(const ObjectKey& key) {
  TRY(CheckKey(key));
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(BuildHeadBlob(Whole(key))));
  return ParseBlobHeaders(key, answer.response.headers);
}

base::Result<ObjectHead> AzureStore::Copy(const CopyRequest& request) {
  TRY(CheckKey(request.target));
  // The size decides how to copy.
  TRY_ASSIGN(const ObjectHead source, Head(request.source));
  if (!request.source_if_match.empty() && source.etag != request.source_if_match) {
    return base::Error(base::ErrorClass::kConflict,
                       fmt::format("{}: the object is another one", request.source));
  }
  // A copy of the whole can replace metadata, but not by none.
  const bool drops_metadata = request.metadata && request.metadata->empty();
  if (source.size > kCopyBlobMax || drops_metadata) return OnlyInParts(request.source);
  return CopyWhole(request, source);
}

base::Result<ObjectHead> AzureStore::CopyWhole(const CopyRequest& request,
                                               const ObjectHead& source) {
  AzureRequest wire = BuildCopyBlob(Whole(request.source), source.etag, Whole(request.target));
  if (request.metadata) TRY(AddMetadata(wire, *request.metadata));
  AddPrecondition(wire, request.precondition);
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(std::move(wire)));
  const HttpHeaders& headers = answer.response.headers;
  const std::string status = headers.Value("x-ms-copy-status");
  if (status != "success") {
    return base::Error(base::ErrorClass::kUnavailable,
                       fmt::format("copy to {}: its status is '{}'", request.target, status));
  }
  ObjectHead head = source;
  head.key = request.target;
  head.etag = Unquoted(headers.Value("etag"));
  head.mtime_ns = ParseHttpDate(headers.Value("last-modified")).value_or(0) * kNsPerSecond;
  if (request.metadata) head.metadata = *request.metadata;
  return head;
}

base::Status AzureStore::Delete(const ObjectKey& key, const std::string& if_match) {
  return MeansDirectory(key, if_match) ? DeleteDirectory(key) : DeleteBlob(key, if_match);
}

base::Status AzureStore::DeleteBlob(const ObjectKey& key, const std::string& if_match) {
  TRY(CheckKey(key));
  AzureRequest wire = BuildDeleteBlob(Whole(key));
  AddPrecondition(wire, {false, if_match});
  const auto answer = session_->Call(std::move(wire));
  if (answer.ok()) return base::Ok();
  TRY_ASSIGN(const bool gone, IsGone(key, answer.error()));
  return gone ? base::Ok() : base::Status(answer.error());
}

base::Result<bool> AzureStore::IsGone(const ObjectKey& key, const base::Error& refusal) {
  if (MeansNoKey(refusal)) return true;
  if (refusal.error_class() != base::ErrorClass::kConflict) return false;
  const auto head = Head(key);
  return !head.ok() && MeansNoKey(head.error());
}

base::Result<std::vector<std::pair<ObjectKey, base::Error>>> AzureStore::DeleteMany(
    const std::vector<DeleteRequest>& requests) {
  Refused refused;
  std::vector<ObjectKey> directories;
  std::vector<DeleteRequest> batch;
  const auto send = [&]() -> base::Status {
    if (batch.empty()) return base::Ok();
    const base::Status sent = DeleteBatch(batch, refused);
    if (!sent.ok() && sent.error().error_class() != base::ErrorClass::kUnsupported) return sent;
    for (const DeleteRequest& request : sent.ok() ? std::vector<DeleteRequest>() : batch) {
      const base::Status deleted = DeleteBlob(request.key, request.if_match);
      if (!deleted.ok()) refused.emplace_back(request.key, deleted.error());
    }
    batch.clear();
    return base::Ok();
  };
  for (const DeleteRequest& request : requests) {
    if (MeansDirectory(request.key, request.if_match)) {
      directories.push_back(request.key);
      continue;
    }
    // A name that no blob can have fails alone, not the batch.
    if (const base::Status valid = CheckKey(request.key); !valid.ok()) {
      refused.emplace_back(request.key, valid.error());
      continue;
    }
    batch.push_back(request);
    if (batch.size() == kDeleteBatchMax) TRY(send());
  }
  TRY(send());
  DeleteDirectories(std::move(directories), refused);
  return refused;
}

base::Status AzureStore::DeleteBatch(const std::vector<DeleteRequest>& batch, Refused& refused) {
  std::vector<HttpRequest> deletions;
  for (const DeleteRequest& request : batch) {
    AzureRequest wire = BuildDeleteBlob(Whole(request.key));
    AddPrecondition(wire, {false, request.if_match});
    TRY_ASSIGN(HttpRequest signed_deletion, session_->SignInner(wire));
    deletions.push_back(std::move(signed_deletion));
  }
  TRY_ASSIGN(const HttpAnswer answer,
             session_->Call(BuildBatch(deletions, "batch_" + base::RandomHex(16))));
  TRY_ASSIGN(const auto parts,
             ParseBatch(answer.response.headers.Value("content-type"), answer.body));
  std::vector<bool> answered(batch.size());
  for (const BatchPart& part : parts) {
    if (part.index >= batch.size()) continue;
    answered[part.index] = true;
    if (part.response.status >= 200 && part.response.status < 300) continue;
    const ObjectKey& key = batch[part.index].key;
    base::Error error = ToAzureError(ReadAzureRefusal(part.response, part.body),
                                     "DELETE " + session_->location().Name(Whole(key)));
    TRY_ASSIGN(const bool gone, IsGone(key, error));
    if (!gone) refused.emplace_back(key, std::move(error));
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (answered[i]) continue;
    refused.emplace_back(batch[i].key, base::Error(base::ErrorClass::kUnavailable,
                                                   "DELETE in a batch: no answer for this key"));
  }
  return base::Ok();
}

base::Result<ListPage> AzureStore::List(const ListRequest& request) {
  const std::string below = Whole(request.prefix);
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(BuildListBlobs(below, request)));
  TRY_ASSIGN(ListPage page, ParseBlobList(answer.body));
  if (!request.delimiter.empty()) GroupDirectories(page, below);
  TRY(CheckPage(page, below, request.continuation));
  for (auto& object : page.objects) object.key.erase(0, prefix_.size());
  for (auto& prefix : page.prefixes) prefix.erase(0, prefix_.size());
  return page;
}

base::Result<std::string> AzureStore::CreateMultipart(const ObjectKey& key,
                                                      const Metadata& metadata) {
  TRY(CheckKey(key));
  // What the commit would refuse is refused before anything is sent.
  AzureRequest dry = BuildPutBlockList(Whole(key), {});
  TRY(AddMetadata(dry, metadata));
  return uploads_.Create(key, metadata);
}

base::Result<PartInfo> AzureStore::UploadPartCopy(const ObjectKey& key,
                                                  const std::string& upload_id,
                                                  std::uint32_t number, const ObjectKey& source,
                                                  const std::string& source_if_match,
                                                  base::ByteRange range) {
  TRY(CheckKey(source));
  TRY(uploads_.Check(key, upload_id));
  // The bytes are not known here: a name of its own keeps every attempt apart.
  const PartInfo part{number, base::RandomHex(8), range.length, std::nullopt};
  if (source == key && !source_if_match.empty()) {
    TRY_ASSIGN(const bool reused, ReuseBlocks(key, upload_id, part, source_if_match, range));
    if (reused) return part;
  }
  const std::string block_id = BlockId(upload_id, number, part.etag);
  TRY_ASSIGN([[maybe_unused]] const HttpAnswer answer,
             session_->Call(BuildPutBlockFromUrl(Whole(key), block_id, Whole(source),
                                                 source_if_match, range)));
  TRY(uploads_.Add(key, upload_id, part, block_id));
  return part;
}

base::Result<bool> AzureStore::ReuseBlocks(const ObjectKey& key, const std::string& upload_id,
                                           const PartInfo& part, const std::string& etag,
                                           base::ByteRange range) {
  TRY_ASSIGN(const auto blocks,
             uploads_.Committed(key, upload_id, etag, [&] { return AskForBlocks(key, etag); }));
  std::vector<std::string> ids = blocks->Covering(range);
  if (ids.empty()) return false;
  return uploads_.AddCommitted(key, upload_id, part, std::move(ids));
}

AzureUploads::BlocksResult AzureStore::AskForBlocks(const ObjectKey& key, const std::string& etag) {
  const auto answer = session_->Call(BuildGetBlockList(Whole(key)));
  if (!answer.ok() && base::IsRetryable(answer.error())) return answer.error();
  // Where no block is known the part is copied, and the copy tells what is wrong, if it is wrong
  // for a copy as well.
  auto none = std::make_shared<const CommittedBlocks>(std::vector<Block>());
  if (!answer.ok()) return none;
  const HttpHeaders& headers = answer->response.headers;
  const auto blocks = ParseBlockList(answer->body);
  if (!blocks.ok() || Unquoted(headers.Value("etag")) != etag) return none;
  auto committed = std::make_shared<const CommittedBlocks>(*blocks);
  // A list with a gap would put every block behind it in the wrong place.
  const bool whole = headers.Value("x-ms-blob-content-length") == std::to_string(committed->size());
  return whole ? committed : none;
}

base::Result<ObjectHead> AzureStore::CompleteMultipart(const ObjectKey& key,
                                                       const std::string& upload_id,
                                                       const std::vector<PartInfo>& parts,
                                                       const Precondition& precondition) {
  TRY_ASSIGN(const AzureUploads::Commitment commitment, uploads_.Match(key, upload_id, parts));
  ObjectHead head;
  head.key = key;
  for (const PartInfo& part : parts) head.size += part.size;
  AzureRequest wire = BuildPutBlockList(Whole(key), commitment.block_ids);
  TRY(AddMetadata(wire, commitment.metadata));
  AddPrecondition(wire, precondition);
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(std::move(wire)));
  uploads_.Remove(key, upload_id);
  head.etag = Unquoted(answer.response.headers.Value("etag"));
  return head;
}

base::Status AzureStore::AbortMultipart(const ObjectKey& key, const std::string& upload_id) {
  // Blocks that were never committed cannot be deleted: the service drops them after a week.
  uploads_.Remove(key, upload_id);
  return base::Ok();
}

base::Result<std::vector<PartInfo>> AzureStore::ListParts(const ObjectKey& key,
                                                          const std::string& upload_id) {
  return uploads_.Parts(key, upload_id);
}

base::Result<std::vector<UploadInfo>> AzureStore::ListUploads(const ObjectKey& prefix) {
  return uploads_.List(prefix);
}

}  // namespace objclient
