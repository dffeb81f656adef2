#include "objclient/s3/s3_traits.h"

#include <string_view>

#include "base/digest/digest.h"
#include "objclient/s3/s3_reply.h"
#include "objclient/s3/s3_session.h"

namespace objclient {

namespace {

constexpr std::string_view kContent = "probe";
constexpr std::string_view kOtherEtag = "00000000000000000000000000000000";

Body ProbeBody() { return {{std::as_bytes(std::span<const char>(kContent))}, std::nullopt}; }

// Asks a store that may not know what it is asked. Every step leaves the objects as the next one
// wants them whether its condition was honoured, ignored or refused as unknown.
class Probe {
 public:
  Probe(S3Session& session, const std::string& key) : session_(session), key_(key) {}

  base::Result<S3Traits> Run() {
    const base::Status status = RunSteps();
    // The objects are ours and small; one that stays behind after an error is hidden and harmless.
    const auto gone = session_.Call(BuildDelete(key_));
    const auto copy_gone = session_.Call(BuildDelete(CopyKey()));
    if (!status.ok()) return status.error().Annotate("find out what the store can do");
    if (!gone.ok()) return gone.error().Annotate("remove the probe object");
    if (!copy_gone.ok()) return copy_gone.error().Annotate("remove the probe object");
    return traits_;
  }

 private:
  enum class Outcome : std::uint8_t { kDone, kRefused };

  // kRefused: the condition failed (412, 409), the checksum was wrong (400), or the store does not
  // know the header at all (501). Other errors are errors.
  base::Result<Outcome> Try(S3Request request) {
    auto answer = session_.Call(std::move(request));
    if (answer.ok()) {
      etag_ = Unquoted(answer->response.headers.Value("etag"));
      return Outcome::kDone;
    }
    unknown_ = answer.error().error_class() == base::ErrorClass::kUnsupported;
    switch (answer.error().error_class()) {
      case base::ErrorClass::kConflict:
      case base::ErrorClass::kInvalid:
      case base::ErrorClass::kCorrupt:
      case base::ErrorClass::kUnsupported:
        return Outcome::kRefused;
      default:
        return answer.error();
    }
  }

  S3Request Put(const Precondition& condition, EtagStyle style) const {
    S3Request request = BuildPut(key_, probe_body_);
    AddPrecondition(request, condition, style);
    return request;
  }

  // An object that is certainly there.
  base::Status PutPlain() {
    TRY_ASSIGN(auto answer, session_.Call(BuildPut(key_, probe_body_)));
    etag_ = Unquoted(answer.response.headers.Value("etag"));
    return base::Ok();
  }

  base::Status RunSteps() {
    TRY(PutPlain());
    TRY(ProbePut());
    TRY(ProbeComplete());
    TRY(ProbeCopy());
    TRY(ProbeChecksum());
    return ProbeDelete();
  }

  base::Status ProbePut() {
    TRY_ASSIGN(const Outcome absent, Try(Put({true, ""}, EtagStyle::kQuoted)));
    traits_.put_if_absent = absent == Outcome::kRefused && !unknown_;
    TRY(PutPlain());
    TRY_ASSIGN(const Outcome quoted, Try(Put({false, etag_}, EtagStyle::kQuoted)));
    bool right_passes = quoted == Outcome::kDone;
    if (!right_passes && !unknown_) {
      TRY_ASSIGN(const Outcome bare, Try(Put({false, etag_}, EtagStyle::kBare)));
      right_passes = bare == Outcome::kDone;
      traits_.if_match_style = EtagStyle::kBare;
    }
    TRY_ASSIGN(const Outcome wrong,
               Try(Put({false, std::string(kOtherEtag)}, traits_.if_match_style)));
    traits_.put_if_match = right_passes && wrong == Outcome::kRefused;
    return base::Ok();
  }

  // True when the store refuses to complete under `condition`, which does not hold.
  base::Result<bool> CompleteIsRefused(const Precondition& condition) {
    TRY_ASSIGN(auto created, session_.Call(BuildCreateMultipart(key_, false)));
    TRY_ASSIGN(const std::string id, ParseUploadId(created.body));
    TRY_ASSIGN(auto part, session_.Call(BuildUploadPart(key_, id, 1, probe_body_)));
    PartInfo info{1, Unquoted(part.response.headers.Value("etag")), kContent.size(), {}};
    S3Request complete = BuildComplete(key_, id, {info});
    AddPrecondition(complete, condition, EtagStyle::kQuoted);
    TRY_ASSIGN(const Outcome outcome, Try(std::move(complete)));
    if (outcome == Outcome::kDone) return false;
    const bool refused = !unknown_;
    TRY_ASSIGN([[maybe_unused]] const Outcome aborted, Try(BuildAbort(key_, id)));
    return refused;
  }

  base::Status ProbeComplete() {
    TRY(PutPlain());
    TRY_ASSIGN(const bool absent, CompleteIsRefused({true, ""}));
    if (!absent) return base::Ok();
    TRY_ASSIGN(traits_.complete_condition, CompleteIsRefused({false, std::string(kOtherEtag)}));
    return base::Ok();
  }

  base::Status ProbeCopy() {
    TRY(PutPlain());
    const CopyRequest plain;
    TRY_ASSIGN(auto first, session_.Call(BuildCopy(session_.location(), plain, key_, CopyKey())));
    S3Request onto_existing = BuildCopy(session_.location(), plain, key_, CopyKey());
    AddPrecondition(onto_existing, {true, ""}, EtagStyle::kQuoted);
    TRY_ASSIGN(const Outcome absent, Try(std::move(onto_existing)));
    traits_.copy_target_condition = absent == Outcome::kRefused && !unknown_;
    CopyRequest other;
    other.source_if_match = kOtherEtag;
    TRY_ASSIGN(const Outcome source, Try(BuildCopy(session_.location(), other, key_, CopyKey())));
    traits_.copy_source_if_match = source == Outcome::kRefused && !unknown_;
    return base::Ok();
  }

  base::Status ProbeChecksum() {
    S3Request wrong = BuildPut(key_, probe_body_);
    AddChecksum(wrong, ~base::Crc32c(0, probe_body_.pieces.front()));
    TRY_ASSIGN(const Outcome outcome, Try(std::move(wrong)));
    if (outcome != Outcome::kRefused || unknown_) return base::Ok();
    S3Request right = BuildPut(key_, probe_body_);
    AddChecksum(right, base::Crc32c(0, probe_body_.pieces.front()));
    TRY_ASSIGN(const Outcome accepted, Try(std::move(right)));
    traits_.checksum_crc32c = accepted == Outcome::kDone;
    return base::Ok();
  }

  base::Status ProbeDelete() {
    TRY(PutPlain());
    S3Request wrong = BuildDelete(key_);
    AddPrecondition(wrong, {false, std::string(kOtherEtag)}, EtagStyle::kQuoted);
    TRY_ASSIGN(const Outcome outcome, Try(std::move(wrong)));
    traits_.delete_if_match = outcome == Outcome::kRefused && !unknown_;
    return base::Ok();
  }

  std::string CopyKey() const { return key_ + "-copy"; }

  S3Session& session_;
  const std::string key_;
  const Body probe_body_ = ProbeBody();
  S3Traits traits_;
  std::string etag_;      // of the object after the last request that wrote
  bool unknown_ = false;  // the last refusal said "not implemented"
};

}  // namespace

S3Traits AwsTraits() {
  S3Traits traits;
  traits.put_if_absent = traits.put_if_match = traits.complete_condition = true;
  traits.delete_if_match = traits.copy_target_condition = traits.copy_source_if_match = true;
  traits.checksum_crc32c = true;
  return traits;
}

base::Result<S3Traits> ProbeTraits(S3Session& session, const std::string& key) {
  return Probe(session, key).Run();
}

Capabilities ToCapabilities(const S3Traits& traits) {
  Capabilities capabilities;
  capabilities.put_if_absent = traits.put_if_absent;
  capabilities.put_if_match = traits.put_if_match;
  capabilities.complete_condition = traits.complete_condition;
  capabilities.delete_if_match = traits.delete_if_match;
  capabilities.checksum_crc32c = traits.checksum_crc32c;
  capabilities.server_copy = true;
  return capabilities;
}

}  // namespace objclient
