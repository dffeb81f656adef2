// The blocking verbs of S3Store.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "objclient/copy_in_parts.h"
#include "objclient/rest/listing.h"
#include "objclient/rest/object_headers.h"
#include "objclient/rest/xml.h"
#include "objclient/s3/s3_checksum.h"
#include "objclient/s3/s3_reply.h"
#include "objclient/s3/s3_store.h"

namespace objclient {

namespace {

constexpr std::size_t kDeleteBatchMax = 1000;
constexpr std::uint64_t kCopyMax = 5ull << 30;  // of CopyObject

base::Error Changed(const std::string& key) {
  return {base::ErrorClass::kConflict, fmt::format("{}: the object is another one", key)};
}

// Of all bytes of an object, where the store tells it.
std::optional<std::uint32_t> SumIn(const HttpHeaders& headers) {
  return ParseCrc32c(headers.Value("x-amz-checksum-crc32c"));
}

bool HasCondition(const DeleteRequest& request) { return !request.if_match.empty(); }

// The status that a refusal within DeleteObjects would have had alone.
int StatusOfDelete(std::string_view code) {
  if (code == "AccessDenied") return 403;
  return code == "PreconditionFailed" ? 412 : 500;
}

}  // namespace

base::Status S3Store::Look(const ObjectKey& key, const Precondition& precondition) {
  if (precondition.empty()) return base::Ok();
  const auto head = Head(key);
  if (!head.ok() && !MeansNoKey(head.error())) return head.error();
  if (precondition.if_absent) {
    if (!head.ok()) return base::Ok();
    return base::Error(base::ErrorClass::kConflict, fmt::format("{}: the object exists", key));
  }
  return head.ok() && head->etag == precondition.if_match ? base::Ok() : base::Status(Changed(key));
}

base::Status S3Store::LookAgain(const ObjectKey& key, const std::string& etag) {
  return Look(key, {false, etag});
}

base::Result<std::string> S3Store::EtagOfMade(const ObjectHead& made, const Sum& sum,
                                              const HttpAnswer& answer,
                                              const std::string& in_document) {
  const bool generations = session_->location().provider->generations;
  std::string etag = generations ? Unquoted(answer.response.headers.Value("etag")) : in_document;
  if (!etag.empty()) return etag;
  TRY_ASSIGN(const HttpAnswer there, session_->Call(BuildHead(Whole(made.key))));
  ObjectHead head = ParseHeadHeaders(made.key, there.response.headers);
  const Sum its_sum = SumIn(there.response.headers);
  const bool same_marks = !made.metadata.empty() && head.metadata == made.metadata;
  const bool same_etag = !made.etag.empty() && head.etag == made.etag;
  const bool same = sum && its_sum ? *sum == *its_sum : same_etag || same_marks;
  if (head.size != made.size || !same) return Changed(made.key);
  return std::move(head.etag);
}

base::Result<ObjectHead> S3Store::Head(const ObjectKey& key) {
  TRY(CheckKey(key));
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(BuildHead(Whole(key))));
  return ParseHeadHeaders(key, answer.response.headers);
}

base::Result<ObjectHead> S3Store::Copy(const CopyRequest& request) {
  TRY(CheckKey(request.source));
  TRY(CheckKey(request.target));
  // The size decides how to copy, and old stores ignore the condition on the source.
  TRY_ASSIGN(const HttpAnswer looked, session_->Call(BuildHead(Whole(request.source))));
  const ObjectHead source = ParseHeadHeaders(request.source, looked.response.headers);
  if (!request.source_if_match.empty() && source.etag != request.source_if_match) {
    return Changed(request.source);
  }
  TRY_ASSIGN(const S3Traits traits, NeedTraits());
  const bool too_large = source.size > kCopyMax && traits.part_copy;
  if (too_large || !traits.copy) return OnlyInParts(request.source);
  return CopyWhole(request, source, SumIn(looked.response.headers), traits);
}

base::Result<ObjectHead> S3Store::CopyWhole(const CopyRequest& request, const ObjectHead& source,
                                            const Sum& sum, const S3Traits& traits) {
  CopyRequest told = request;
  if (!traits.copy_source_if_match) told.source_if_match.clear();
  RestRequest wire =
      BuildCopy(session_->location(), told, Whole(request.source), Whole(request.target));
  if (request.metadata) TRY(AddMetadata(wire, *request.metadata));
  const bool look = !request.precondition.empty() && !traits.copy_target_condition;
  if (look) {
    TRY(Look(request.target, request.precondition));
  } else {
    AddPrecondition(wire, request.precondition, traits.if_match_style);
  }
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(std::move(wire)));
  TRY_ASSIGN(const CopyResult result, ParseCopyResult(answer.body));
  ObjectHead head = source;
  head.key = request.target;
  head.mtime_ns = result.mtime_ns;
  if (request.metadata) head.metadata = *request.metadata;
  TRY_ASSIGN(head.etag, EtagOfMade(head, sum, answer, result.etag));
  if (look) TRY(LookAgain(request.target, head.etag));
  if (!request.source_if_match.empty() && !traits.copy_source_if_match) {
    TRY(LookAgain(request.source, request.source_if_match));
  }
  return head;
}

base::Status S3Store::Delete(const ObjectKey& key, const std::string& if_match) {
  TRY(CheckKey(key));
  RestRequest wire = BuildDelete(Whole(key));
  if (!if_match.empty()) {
    TRY_ASSIGN(const S3Traits traits, NeedTraits());
    if (traits.delete_if_match) {
      AddPrecondition(wire, {false, if_match}, traits.if_match_style);
    } else {
      const auto head = Head(key);
      if (!head.ok()) return MeansNoKey(head.error()) ? base::Ok() : base::Status(head.error());
      if (head->etag != if_match) return Changed(key);
    }
  }
  const auto answer = session_->Call(std::move(wire));
  if (answer.ok()) return base::Ok();
  return MeansNoKey(answer.error()) ? base::Ok() : base::Status(answer.error());
}

base::Result<std::vector<std::pair<ObjectKey, base::Error>>> S3Store::DeleteMany(
    const std::vector<DeleteRequest>& requests) {
  for (const DeleteRequest& request : requests) TRY(CheckKey(request.key));
  TRY_ASSIGN(const S3Traits traits, NeedTraits());
  Refused refused;
  std::vector<DeleteRequest> batch;
  std::vector<DeleteRequest> single;
  for (const DeleteRequest& request : requests) {
    DeleteRequest whole{Whole(request.key), request.if_match};
    const bool fits = FitsIntoXml(whole.key) && FitsIntoXml(whole.if_match);
    const bool decides = traits.delete_many_if_match || !HasCondition(request);
    if (!fits || !traits.delete_many || !decides) {
      single.push_back(request);
      continue;
    }
    batch.push_back(std::move(whole));
    if (batch.size() < kDeleteBatchMax) continue;
    TRY(DeleteBatch(std::exchange(batch, {}), refused));
  }
  if (!batch.empty()) TRY(DeleteBatch(batch, refused));
  TRY(DeleteEach(single, refused));
  return refused;
}

base::Status S3Store::DeleteBatch(const std::vector<DeleteRequest>& batch, Refused& refused) {
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(BuildDeleteMany(batch)));
  TRY_ASSIGN(const auto failed, ParseDeleteResult(answer.body));
  for (const auto& [whole, document] : failed) {
    if (document.code == "NoSuchKey") continue;
    S3Failure failure;
    failure.status = StatusOfDelete(document.code);
    failure.code = document.code;
    failure.message = document.message;
    refused.emplace_back(whole.substr(std::min(prefix_.size(), whole.size())),
                         ToError(failure, "DELETE " + session_->location().Name(whole)));
  }
  return base::Ok();
}

base::Status S3Store::DeleteEach(const std::vector<DeleteRequest>& requests, Refused& refused) {
  // In a store that is in trouble each could take as long as the one that showed it.
  base::Status store = base::Ok();
  for (const auto& [key, if_match] : requests) {
    const base::Status status = store.ok() ? Delete(key, if_match) : store;
    if (status.ok()) continue;
    refused.emplace_back(key, status.error());
    if (base::IsRetryable(status.error())) store = status;
  }
  return base::Ok();
}

base::Result<ListPage> S3Store::List(const ListRequest& request) {
  const std::string below = Whole(request.prefix);
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(BuildList(below, request)));
  TRY_ASSIGN(ListPage page, ParseListPage(answer.body, session_->location().provider->generations));
  TRY(CheckPage(page, below, request.continuation));
  for (auto& object : page.objects) object.key.erase(0, prefix_.size());
  for (auto& prefix : page.prefixes) prefix.erase(0, prefix_.size());
  return page;
}

base::Result<std::string> S3Store::CreateMultipart(const ObjectKey& key, const Metadata& metadata) {
  TRY(CheckKey(key));
  TRY_ASSIGN(const S3Traits traits, NeedTraits());
  RestRequest wire = BuildCreateMultipart(Whole(key), ChecksumsOf(traits));
  TRY(AddMetadata(wire, metadata));
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(std::move(wire)));
  return ParseUploadId(answer.body);
}

base::Result<PartInfo> S3Store::UploadPartCopy(const ObjectKey& key, const std::string& upload_id,
                                               std::uint32_t number, const ObjectKey& source,
                                               const std::string& source_if_match,
                                               base::ByteRange range) {
  TRY(CheckKey(key));
  TRY(CheckKey(source));
  TRY_ASSIGN(const S3Traits traits, NeedTraits());
  TRY_ASSIGN(const HttpAnswer answer,
             session_->Call(BuildUploadPartCopy(
                 session_->location(), Whole(key), upload_id, number, Whole(source),
                 traits.part_copy_source_if_match ? source_if_match : std::string(), range)));
  TRY_ASSIGN(const CopyResult result, ParseCopyResult(answer.body));
  if (!source_if_match.empty() && !traits.part_copy_source_if_match) {
    TRY(LookAgain(source, source_if_match));
  }
  return PartInfo{number, result.etag, range.length, result.crc32c};
}

base::Result<ObjectHead> S3Store::CompleteMultipart(const ObjectKey& key,
                                                    const std::string& upload_id,
                                                    const std::vector<PartInfo>& parts,
                                                    const Precondition& precondition) {
  TRY(CheckKey(key));
  TRY_ASSIGN(const S3Traits traits, NeedTraits());
  RestRequest wire = BuildComplete(Whole(key), upload_id, parts, ChecksumsOf(traits));
  const bool look = !precondition.empty() && !traits.complete_condition;
  if (look) {
    TRY(Look(key, precondition));
  } else {
    AddPrecondition(wire, precondition, traits.if_match_style);
  }
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(std::move(wire)));
  TRY_ASSIGN(const CompleteResult result, ParseCompleteResult(answer.body));
  const base::Status same = CheckUploaded(parts, result.crc32c);
  if (!same.ok()) return same.error().Annotate("complete " + session_->location().Name(Whole(key)));
  ObjectHead head;
  head.key = key;
  for (const PartInfo& part : parts) head.size += part.size;
  head.etag = EtagOfWhole(parts);
  const Sum sum = KnowsSums(parts) ? ParseCrc32c(SumOfWhole(parts)) : std::nullopt;
  TRY_ASSIGN(head.etag, EtagOfMade(head, sum, answer, result.etag));
  if (look) TRY(LookAgain(key, head.etag));
  return head;
}

base::Status S3Store::AbortMultipart(const ObjectKey& key, const std::string& upload_id) {
  TRY(CheckKey(key));
  const auto answer = session_->Call(BuildAbort(Whole(key), upload_id));
  return answer.ok() || MeansNoKey(answer.error()) ? base::Ok() : base::Status(answer.error());
}

base::Result<std::vector<PartInfo>> S3Store::ListParts(const ObjectKey& key,
                                                       const std::string& upload_id) {
  TRY(CheckKey(key));
  std::vector<PartInfo> parts;
  std::optional<std::uint32_t> after;
  do {
    TRY_ASSIGN(const HttpAnswer answer,
               session_->Call(BuildListParts(Whole(key), upload_id, after.value_or(0))));
    TRY_ASSIGN(PartsPage page, ParsePartsPage(answer.body));
    if (page.next && *page.next <= after.value_or(0)) {
      return base::Error(base::ErrorClass::kCorrupt, key + ": the list of parts does not go on");
    }
    after = page.next;
    std::move(page.parts.begin(), page.parts.end(), std::back_inserter(parts));
  } while (after);
  return parts;
}

base::Result<std::vector<UploadInfo>> S3Store::ListUploads(const ObjectKey& prefix) {
  const std::string below = Whole(prefix);
  std::vector<UploadInfo> uploads;
  UploadsPage page;
  do {
    const std::string key_marker = page.next_key_marker;
    const std::string id_marker = page.next_id_marker;
    TRY_ASSIGN(const HttpAnswer answer,
               session_->Call(BuildListUploads(below, key_marker, id_marker)));
    TRY_ASSIGN(page, ParseUploadsPage(answer.body));
    const bool stuck = page.next_key_marker == key_marker && page.next_id_marker == id_marker;
    if (page.truncated && stuck) {
      return base::Error(base::ErrorClass::kCorrupt, "the list of uploads does not go on");
    }
    for (auto& upload : page.uploads) {
      TRY(CheckListed(upload.key, below));
      upload.key.erase(0, prefix_.size());
      uploads.push_back(std::move(upload));
    }
  } while (page.truncated);
  return uploads;
}

}  // namespace objclient
