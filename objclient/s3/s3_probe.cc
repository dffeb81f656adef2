#include "objclient/s3/s3_probe.h"

#include <utility>

#include "base/digest/digest.h"
#include "base/log.h"
#include "objclient/rest/object_headers.h"
#include "objclient/s3/s3_checksum.h"
#include "objclient/s3/s3_reply.h"
#include "objclient/s3/s3_session.h"

namespace objclient {

namespace {

constexpr std::string_view kContent = "probe";
// Of no object: one in the form of most, and a generation.
constexpr std::string_view kOtherEtag = "00000000000000000000000000000000";
constexpr std::string_view kOtherGeneration = "1";

Body ProbeBody() { return {{std::as_bytes(std::span<const char>(kContent))}, std::nullopt}; }

// Asks a store that may not know what it is asked. Every step leaves the objects as the next one
// wants them whether its condition was honoured, ignored or refused as unknown.
class Probe {
 public:
  Probe(S3Session& session, const std::string& key)
      : session_(session),
        key_(key),
        provider_(session.location().provider),
        other_{false, std::string(provider_->generations ? kOtherGeneration : kOtherEtag)} {}

  base::Result<S3Found> Run() {
    const base::Status status = RunSteps();
    // The objects are ours and small; one that stays behind after an error is hidden and harmless.
    const auto gone = session_.Call(BuildDelete(key_));
    const auto copy_gone = session_.Call(BuildDelete(CopyKey()));
    if (!status.ok()) return status.error().Annotate("find out what the store can do");
    if (!gone.ok()) return gone.error().Annotate("remove the probe object");
    if (!copy_gone.ok()) return copy_gone.error().Annotate("remove the probe object");
    return S3Found{Common(traits_, provider_->believed), provider_, lasting_};
  }

 private:
  // What the store says to something it ought to refuse: the class of its refusal, nothing when it
  // does what it was asked. Trouble (no answer, no rights, no room) is an error.
  using Refusal = std::optional<base::ErrorClass>;
  base::Result<Refusal> Try(RestRequest request) {
    const auto answer = session_.Call(std::move(request));
    if (answer.ok()) {
      etag_ = Unquoted(answer->response.headers.Value("etag"));
      return Refusal();
    }
    const base::ErrorClass refusal = answer.error().error_class();
    if (refusal != base::ErrorClass::kConflict && !MeansCannot(refusal)) return answer.error();
    return Refusal(refusal);
  }

  static bool MeansCannot(base::ErrorClass refusal) {
    return refusal == base::ErrorClass::kInvalid || refusal == base::ErrorClass::kCorrupt ||
           refusal == base::ErrorClass::kUnsupported;
  }

  // For what there is another way for: it is done without after any refusal. A policy that forbids
  // it may be another one tomorrow.
  base::Status DoWithout(const base::Error& refusal) {
    if (base::IsRetryable(refusal)) return refusal;
    if (!MeansCannot(refusal.error_class())) {
      lasting_ = false;
      LOG_WARN("done without until the next mount: {}", refusal.ToString());
    }
    return base::Ok();
  }

  // Whether the condition in `request`, which does not hold, is honoured: a store that does not
  // know the header may also refuse, but not with 412 or 409.
  base::Result<bool> Honoured(RestRequest request) {
    TRY_ASSIGN(const Refusal refusal, Try(std::move(request)));
    return refusal == base::ErrorClass::kConflict;
  }

  RestRequest Put(const Precondition& condition, EtagStyle style) const {
    RestRequest request = BuildPut(key_, probe_body_);
    AddPrecondition(request, condition, style);
    return request;
  }

  // An object that is certainly there.
  base::Status PutPlain() {
    TRY_ASSIGN(const HttpAnswer answer, session_.Call(BuildPut(key_, probe_body_)));
    etag_ = Unquoted(answer.response.headers.Value("etag"));
    provider_ = &ProviderOf(*provider_, answer.response.headers);
    return base::Ok();
  }

  base::Status RunSteps() {
    TRY(PutPlain());
    TRY(ProbePut());
    TRY(ProbeComplete());
    TRY(ProbeCopy());
    TRY(ProbePartCopy());
    TRY(ProbeChecksum());
    TRY(ProbeWholeChecksum());
    return ProbeDelete();
  }

  base::Status ProbePut() {
    TRY_ASSIGN(traits_.put_if_absent, Honoured(Put(absent_, EtagStyle::kQuoted)));
    TRY(PutPlain());
    TRY_ASSIGN(Refusal right, Try(Put({false, etag_}, EtagStyle::kQuoted)));
    if (right == base::ErrorClass::kConflict) {
      traits_.if_match_style = EtagStyle::kBare;
      TRY_ASSIGN(right, Try(Put({false, etag_}, EtagStyle::kBare)));
    }
    TRY_ASSIGN(const bool wrong, Honoured(Put(other_, traits_.if_match_style)));
    traits_.put_if_match = !right.has_value() && wrong;
    return base::Ok();
  }

  base::Result<std::string> BeginUpload() {
    TRY_ASSIGN(const HttpAnswer created,
               session_.Call(BuildCreateMultipart(key_, UploadChecksums::kNone)));
    return ParseUploadId(created.body);
  }

  base::Result<Refusal> Complete(const Precondition& condition) {
    TRY_ASSIGN(const std::string id, BeginUpload());
    TRY_ASSIGN(const HttpAnswer part, session_.Call(BuildUploadPart(key_, id, 1, probe_body_)));
    const PartInfo info{1, Unquoted(part.response.headers.Value("etag")), kContent.size(), {}};
    RestRequest complete = BuildComplete(key_, id, {info}, UploadChecksums::kNone);
    AddPrecondition(complete, condition, traits_.if_match_style);
    TRY_ASSIGN(const Refusal refusal, Try(std::move(complete)));
    if (refusal) TRY(Abort(id));
    return refusal;
  }

  base::Status Abort(const std::string& id) {
    const auto aborted = session_.Call(BuildAbort(key_, id));
    return aborted.ok() ? base::Ok() : base::Status(aborted.error());
  }

  base::Status ProbeComplete() {
    TRY(PutPlain());
    for (const Precondition& wrong : {absent_, other_}) {
      TRY_ASSIGN(const Refusal refusal, Complete(wrong));
      if (refusal != base::ErrorClass::kConflict) return base::Ok();
    }
    // Who wants ETags in another form than for a PUT refuses the right one, too.
    TRY_ASSIGN(const Refusal right, Complete({false, etag_}));
    traits_.complete_condition = !right.has_value();
    return base::Ok();
  }

  base::Status ProbeCopy() {
    TRY(PutPlain());
    const RestRequest plain = BuildCopy(session_.location(), {}, key_, CopyKey());
    const auto first = session_.Call(plain);
    if (!first.ok()) TRY(DoWithout(first.error()));
    // radosgw 16 refuses where objects are under a customer's key.
    traits_.copy = first.ok() && ParseCopyResult(first->body).ok();
    if (!traits_.copy) return base::Ok();
    RestRequest onto_existing = plain;
    AddPrecondition(onto_existing, absent_);
    TRY_ASSIGN(traits_.copy_target_condition, Honoured(std::move(onto_existing)));
    CopyRequest other;
    other.source_if_match = other_.if_match;
    TRY_ASSIGN(traits_.copy_source_if_match,
               Honoured(BuildCopy(session_.location(), other, key_, CopyKey())));
    return base::Ok();
  }

  base::Status ProbePartCopy() {
    TRY_ASSIGN(const std::string id, BeginUpload());
    // All of the object: the cloud copies no ranges of small ones.
    const auto copied = session_.Call(
        BuildUploadPartCopy(session_.location(), key_, id, 1, key_, std::string(), {}));
    if (!copied.ok()) TRY(DoWithout(copied.error()));
    // A server that does not know the header takes it for an empty part.
    traits_.part_copy = copied.ok() && ParseCopyResult(copied->body).ok();
    if (traits_.part_copy) {
      TRY_ASSIGN(traits_.part_copy_source_if_match,
                 Honoured(BuildUploadPartCopy(session_.location(), key_, id, 1, key_,
                                              other_.if_match, {})));
    }
    return Abort(id);
  }

  base::Status ProbeChecksum() {
    RestRequest wrong = BuildPut(key_, probe_body_);
    AddChecksum(wrong, ~base::Crc32c(0, probe_body_.pieces.front()));
    TRY_ASSIGN(const Refusal refused, Try(std::move(wrong)));
    if (!refused || refused == base::ErrorClass::kUnsupported) return base::Ok();
    RestRequest right = BuildPut(key_, probe_body_);
    AddChecksum(right, base::Crc32c(0, probe_body_.pieces.front()));
    TRY_ASSIGN(const Refusal accepted, Try(std::move(right)));
    traits_.checksum_crc32c = !accepted.has_value();
    return base::Ok();
  }

  base::Status DoWithoutUpload(const base::Error& refusal, const std::string& id) {
    TRY(DoWithout(refusal));
    return Abort(id);
  }

  // An upload of one part: the sum of its sums is another than that of its bytes.
  base::Status ProbeWholeChecksum() {
    if (!traits_.checksum_crc32c) return base::Ok();
    const auto created = session_.Call(BuildCreateMultipart(key_, UploadChecksums::kWhole));
    if (!created.ok()) return DoWithout(created.error());
    TRY_ASSIGN(const std::string id, ParseUploadId(created->body));
    RestRequest send = BuildUploadPart(key_, id, 1, probe_body_);
    const std::uint32_t sum = base::Crc32c(0, probe_body_.pieces.front());
    AddChecksum(send, sum);
    const auto part = session_.Call(std::move(send));
    if (!part.ok()) return DoWithoutUpload(part.error(), id);
    const PartInfo info{1, Unquoted(part->response.headers.Value("etag")), kContent.size(), sum};
    const auto completed = session_.Call(BuildComplete(key_, id, {info}, UploadChecksums::kWhole));
    if (!completed.ok()) return DoWithoutUpload(completed.error(), id);
    TRY_ASSIGN(const CompleteResult result, ParseCompleteResult(completed->body));
    traits_.checksum_whole = ParseCrc32c(result.crc32c) == sum;
    return base::Ok();
  }

  RestRequest Delete(const Precondition& condition) const {
    RestRequest request = BuildDelete(key_);
    AddPrecondition(request, condition, traits_.if_match_style);
    return request;
  }

  base::Status ProbeDelete() {
    TRY(PutPlain());
    TRY_ASSIGN(const bool wrong, Honoured(Delete(other_)));
    if (wrong) {
      TRY_ASSIGN(const Refusal right, Try(Delete({false, etag_})));
      traits_.delete_if_match = !right.has_value();
    }
    TRY(PutPlain());
    auto answer = session_.Call(BuildDeleteMany({{key_, other_.if_match}}));
    if (answer.ok()) {
      TRY_ASSIGN(const auto failed, ParseDeleteResult(answer->body));
      traits_.delete_many_if_match =
          !failed.empty() && failed.front().second.code == "PreconditionFailed";
    } else {
      TRY(DoWithout(answer.error()));
      // There are servers that want no ETag there, and such as do not have the verb.
      answer = session_.Call(BuildDeleteMany({{key_, ""}}));
      if (!answer.ok()) TRY(DoWithout(answer.error()));
    }
    traits_.delete_many = answer.ok() && ParseDeleteResult(answer->body).ok();
    return base::Ok();
  }

  std::string CopyKey() const { return key_ + "-copy"; }

  S3Session& session_;
  const std::string key_;
  const Body probe_body_ = ProbeBody();
  const S3Provider* provider_;  // a constant; known better after the first answer
  S3Traits traits_;
  bool lasting_ = true;
  const Precondition absent_{true, ""};  // neither of them holds for an object that is there
  const Precondition other_;
  std::string etag_;  // of the object after the last request that wrote
};

}  // namespace

base::Result<S3Found> ProbeServer(S3Session& session, const std::string& key) {
  return Probe(session, key).Run();
}

}  // namespace objclient
